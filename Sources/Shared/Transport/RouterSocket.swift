import CZeroMQ

/// A frame from a worker.
package struct Received: Hashable, Sendable {
    /// The worker's present connection; where an answer goes.
    package let routing: [UInt8]
    /// The worker's name, from the key that its connection proved; never from a frame.
    package let principal: String
    package let payload: [UInt8]
}

/// What the coordinator's socket had to give.
package enum Inbound: Hashable, Sendable {
    case frame(Received)
    /// A message that is not one payload part, already thrown away. `parts` does not count the routing id.
    case malformed(principal: String, routing: [UInt8], parts: Int)
    /// A frame, thrown away, from a connection whose key or name has left the allow-list since it was made.
    case revoked(principal: String)
}

/// The coordinator's end: one socket for all workers, encrypted, and open only to keys on the allow-list.
///
/// It belongs to the thread that makes it; ``close()`` it there.
package final class RouterSocket {
    /// Where it listens, with the port that was taken.
    package let endpoint: Endpoint
    let socket: OwnedSocket
    let monitor: SocketMonitor
    private let authenticator: Authenticator?

    private static let monitored =
        ZMQ_EVENT_ACCEPT_FAILED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL

    /// Listens on `endpoint`.
    ///
    /// - Parameters:
    ///   - context: Of this process.
    ///   - keys: The coordinator's own.
    ///   - authenticator: Running in the same context, so that there is no moment without it.
    ///   - endpoint: An address of this machine, or `*` for all of them.
    /// - Throws: ``TransportError/Code/endpointInUse``, ``TransportError/Code/endpoint`` when it cannot be bound.
    package convenience init(
        _ context: Context,
        keys: CurveKeyPair,
        authenticator: Authenticator,
        endpoint: Endpoint
    ) throws(TransportError) {
        try self.init(context, keys: keys, checkedBy: authenticator, endpoint: endpoint)
    }

    /// As ``init(_:keys:authenticator:endpoint:)``; tests leave a part of the protection out to see it missed.
    init(
        _ context: Context,
        keys: CurveKeyPair?,
        checkedBy authenticator: Authenticator?,
        endpoint: Endpoint,
        needsAuthenticator: Bool = true
    ) throws(TransportError) {
        self.authenticator = authenticator
        self.socket = try OwnedSocket(context, type: ZMQ_ROUTER)
        do throws(TransportError) {
            try self.socket.setCommonOptions(isIPv6: endpoint.isIPv6)
            try self.socket.setRouterOptions()
            if let keys { try self.socket.setServerKeys(keys, needsAuthenticator: needsAuthenticator) }
            self.monitor = try SocketMonitor(of: self.socket, context, events: Self.monitored)
        } catch {
            self.socket.close()
            throw error
        }
        do throws(TransportError) {
            try self.socket.bind(endpoint.text)
            self.endpoint = try Endpoint(self.socket.lastEndpoint())
        } catch {
            self.monitor.close(of: self.socket)
            self.socket.close()
            throw error
        }
    }

    /// Stops listening and drops what was not sent.
    ///
    /// Calls after it trap.
    package func close() {
        self.monitor.close(of: self.socket)
        self.socket.close()
    }

    /// The next message, without waiting; `nil` when there is none.
    ///
    /// - Throws: ``TransportError/Code/terminated`` once the context is shut down.
    package func receive() throws(TransportError) -> Inbound? {
        guard try self.socket.receive() else { return nil }
        let routing = self.socket.partBytes
        guard self.socket.partHasMore, try self.socket.receive() else {
            return .malformed(principal: "", routing: routing, parts: 0)
        }
        let principal = self.socket.partProperty("User-Id") ?? ""
        let key = self.socket.partProperty(Authenticator.keyProperty)
        guard !self.socket.partHasMore else {
            let count = try self.socket.drainMessage()
            return .malformed(principal: principal, routing: routing, parts: count + 1)
        }
        if let authenticator, !authenticator.admits(principal, keyText: key) { return .revoked(principal: principal) }
        return .frame(Received(routing: routing, principal: principal, payload: self.socket.partBytes))
    }

    /// Sends one frame without waiting.
    ///
    /// - Throws: ``TransportError/Code/terminated``; ``TransportError/Code/socket`` for a frame that is too long.
    package func send(_ payload: [UInt8], to routing: [UInt8]) throws(TransportError) -> SendOutcome {
        try checkLength(payload)
        switch try self.socket.send(routing, hasMore: true) {
        case .unknownPeer: return .peerGone
        case .full: return .full
        case .done: break
        }
        // Room was checked with the first part: what follows is taken, or dropped with the connection.
        return try self.socket.send(payload) == .done ? .sent : .peerGone
    }

    /// What happened to connections since the last call; `nil` when nothing more did.
    ///
    /// Call it until `nil` whenever ``Readiness/monitor`` is set: events wait in memory.
    package func nextEvent() throws(TransportError) -> MonitorEvent? { try self.monitor.next() }
}

func checkLength(_ payload: [UInt8]) throws(TransportError) {
    guard payload.count <= SocketLimits.frameBytesMax else {
        throw TransportError(
            .socket,
            "a frame of \(payload.count) bytes is longer than \(SocketLimits.frameBytesMax)"
        )
    }
}

extension OwnedSocket {
    fileprivate func setRouterOptions() throws(TransportError) {
        // Tell us about peers that are gone or do not read, instead of dropping silently.
        try self.set(ZMQ_ROUTER_MANDATORY, Int32(1), "ROUTER_MANDATORY")
        // Nobody takes over another's connection by its routing id.
        try self.set(ZMQ_ROUTER_HANDOVER, Int32(0), "ROUTER_HANDOVER")
        try self.set(ZMQ_SNDHWM, SocketLimits.routerSendQueue, "SNDHWM")
        try self.set(ZMQ_RCVHWM, SocketLimits.routerReceiveQueue, "RCVHWM")
        // Workers report again what was not acknowledged: nothing here is worth waiting for.
        try self.set(ZMQ_LINGER, Int32(0), "LINGER")
    }

    fileprivate func setServerKeys(_ keys: CurveKeyPair, needsAuthenticator: Bool) throws(TransportError) {
        try self.set(ZMQ_CURVE_SERVER, Int32(1), "CURVE_SERVER")
        try self.set(ZMQ_CURVE_SECRETKEY, keys.secretKey.bytes, "CURVE_SECRETKEY")
        try self.set(ZMQ_ZAP_DOMAIN, Array(Authenticator.domain.utf8), "ZAP_DOMAIN")
        // ZMQ_ZAP_ENFORCE_DOMAIN, which the header shows to draft builds only: without it a missing authenticator lets everybody in.
        if needsAuthenticator { try self.set(93, Int32(1), "ZAP_ENFORCE_DOMAIN") }
    }
}
