import CZeroMQ

/// What a worker's socket had to give.
package enum DealerInbound: Hashable, Sendable {
    case frame([UInt8])
    /// A message of several parts, already thrown away.
    case malformed(parts: Int)
}

/// A worker's end: connects to the coordinator, encrypted, and again whenever that fails or the connection is lost.
///
/// A frame that waits when the connection is lost is lost too: say everything unacknowledged again after
/// ``MonitorEvent/connected``. It belongs to the thread that makes it; ``close()`` it there.
package final class DealerSocket {
    let socket: OwnedSocket
    let monitor: SocketMonitor
    private let endpoint: Endpoint
    /// When to connect again, on the ``BootClock``: libzmq gives an address up for good after a refused handshake.
    private(set) var retryAt: Int64?
    /// Pause before that.
    var refusedMilliseconds = SocketLimits.refusedMilliseconds

    private static let monitored =
        ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CONNECT_RETRIED
        | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL

    /// Begins to connect; ``nextEvent()`` tells how that goes.
    ///
    /// - Parameters:
    ///   - context: Of this process.
    ///   - keys: The worker's own.
    ///   - coordinator: The coordinator's public key: nobody else can answer.
    ///   - endpoint: The coordinator's; names are resolved to IPv4.
    /// - Throws: ``TransportError/Code/endpoint`` when libzmq cannot use the endpoint. That nobody answers is no error.
    package convenience init(
        _ context: Context,
        keys: CurveKeyPair,
        coordinator: PublicKey,
        endpoint: Endpoint
    ) throws(TransportError) {
        try self.init(context, protection: .curve(keys, server: coordinator), endpoint: endpoint)
    }

    /// How a client presents itself; only ``curve(_:server:)`` is let in.
    enum Protection {
        case curve(CurveKeyPair, server: PublicKey)
        case none
        case password
    }

    /// As ``init(_:keys:coordinator:endpoint:)``, or as a stranger would.
    init(_ context: Context, protection: Protection, endpoint: Endpoint) throws(TransportError) {
        self.endpoint = endpoint
        self.socket = try OwnedSocket(context, type: ZMQ_DEALER)
        do throws(TransportError) {
            try self.socket.setCommonOptions(isIPv6: endpoint.isIPv6)
            try self.socket.setDealerOptions()
            try self.socket.set(protection)
            self.monitor = try SocketMonitor(of: self.socket, context, events: Self.monitored)
        } catch {
            self.socket.close()
            throw error
        }
        do throws(TransportError) { try self.socket.connect(endpoint.text) } catch {
            self.close()
            throw error
        }
    }

    /// Ends the connection; what was sent before has a second to leave.
    ///
    /// Calls after it trap.
    package func close() {
        self.monitor.close(of: self.socket)
        self.socket.close()
    }

    /// The next message, without waiting; `nil` when there is none.
    ///
    /// - Throws: ``TransportError/Code/terminated`` once the context is shut down.
    package func receive() throws(TransportError) -> DealerInbound? {
        guard try self.socket.receive() else { return nil }
        guard self.socket.partHasMore else { return .frame(self.socket.partBytes) }
        return .malformed(parts: try self.socket.drainMessage() + 1)
    }

    /// Sends one frame without waiting: ``SendOutcome/sent`` or ``SendOutcome/full``.
    ///
    /// - Throws: ``TransportError/Code/terminated``; ``TransportError/Code/socket`` for a frame that is too long.
    package func send(_ payload: [UInt8]) throws(TransportError) -> SendOutcome {
        try checkLength(payload)
        return try self.socket.send(payload) == .done ? .sent : .full
    }

    /// What happened to the connection since the last call; `nil` when nothing more did.
    ///
    /// Call it until `nil` whenever ``Readiness/monitor`` is set: events wait in memory.
    package func nextEvent() throws(TransportError) -> MonitorEvent? {
        let event = try self.monitor.next()
        switch event {
        case .refused, .handshakeFailed: self.retryAt = BootClock.now() + self.refusedMilliseconds
        case .connected: self.retryAt = nil
        case .disconnected, .retrying, .acceptFailed, nil: break
        }
        return event
    }

    /// Connects again when it is time for it; ``Poller`` calls it while nothing happens.
    func retryIfDue() throws(TransportError) {
        guard let retryAt, retryAt <= BootClock.now() else { return }
        self.retryAt = nil
        try self.socket.disconnect(self.endpoint.text)
        try self.socket.connect(self.endpoint.text)
    }
}

extension OwnedSocket {
    fileprivate func setDealerOptions() throws(TransportError) {
        // Queue nothing for a connection that is not there.
        try self.set(ZMQ_IMMEDIATE, Int32(1), "IMMEDIATE")
        try self.set(ZMQ_SNDHWM, SocketLimits.dealerSendQueue, "SNDHWM")
        try self.set(ZMQ_RECONNECT_IVL, SocketLimits.reconnectMilliseconds, "RECONNECT_IVL")
        try self.set(ZMQ_RECONNECT_IVL_MAX, SocketLimits.reconnectMillisecondsMax, "RECONNECT_IVL_MAX")
        try self.set(ZMQ_LINGER, SocketLimits.dealerLingerMilliseconds, "LINGER")
    }

    fileprivate func set(_ protection: DealerSocket.Protection) throws(TransportError) {
        switch protection {
        case .curve(let keys, let server):
            try self.set(ZMQ_CURVE_SERVERKEY, server.bytes, "CURVE_SERVERKEY")
            try self.set(ZMQ_CURVE_PUBLICKEY, keys.publicKey.bytes, "CURVE_PUBLICKEY")
            try self.set(ZMQ_CURVE_SECRETKEY, keys.secretKey.bytes, "CURVE_SECRETKEY")
        case .password:
            try self.set(ZMQ_PLAIN_USERNAME, Array("stranger".utf8), "PLAIN_USERNAME")
            try self.set(ZMQ_PLAIN_PASSWORD, Array("stranger".utf8), "PLAIN_PASSWORD")
        case .none: break
        }
    }
}
