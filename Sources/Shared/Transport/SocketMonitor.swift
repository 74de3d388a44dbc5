import CZeroMQ
import Glibc
import Synchronization

/// What libzmq tells about a socket's connections.
package enum MonitorEvent: Hashable, Sendable {
    /// The handshake is done: the peer's key was accepted on both sides.
    case connected
    /// An established connection ended; libzmq connects again by itself.
    case disconnected
    /// Nobody listens there, or the connection broke before its handshake; libzmq tries again by itself.
    case retrying
    /// On a worker: the coordinator does not know this worker's key. On the coordinator: it refused somebody.
    ///
    /// `status` is the authenticator's: 400 for an unknown key.
    case refused(status: Int)
    /// The other side is no coordinator or worker, has another key than expected, or broke off.
    case handshakeFailed(String)
    /// The coordinator could not take a connection, mostly because its file descriptors are used up.
    case acceptFailed(String)
}

/// Reads the events of one socket, on that socket's thread.
final class SocketMonitor {
    let pair: OwnedSocket
    private static let numbers = Atomic<Int>(0)

    /// `events` are bits of `ZMQ_EVENT_…`.
    init(of socket: OwnedSocket, _ context: Context, events: Int32) throws(TransportError) {
        let number = Self.numbers.add(1, ordering: .relaxed).newValue
        let address = "inproc://monitor-\(number)"
        guard zmq_socket_monitor(socket.raw, address, events) == 0 else {
            throw TransportError.last(.socket, "monitor a socket")
        }
        self.pair = try OwnedSocket(context, type: ZMQ_PAIR)
        // Without a bound: libzmq's I/O thread, which all peers share, waits when a bounded one is full.
        try self.pair.set(ZMQ_RCVHWM, Int32(0), "RCVHWM")
        try self.pair.set(ZMQ_LINGER, Int32(0), "LINGER")
        try self.pair.connect(address)
    }

    /// Stops the events of `socket`; call it before that socket is closed.
    func close(of socket: OwnedSocket) {
        zmq_socket_monitor(socket.raw, nil, 0)
        self.pair.close()
    }

    /// The next event, without waiting; `nil` when there is none.
    func next() throws(TransportError) -> MonitorEvent? {
        while try self.pair.receive() {
            let bytes = self.pair.partBytes
            _ = try self.pair.drainMessage()
            guard bytes.count == 6 else { continue }
            let event = bytes.withUnsafeBytes { Int32($0.loadUnaligned(as: UInt16.self)) }
            let value = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 2, as: Int32.self) }
            if let event = Self.event(event, value) { return event }
        }
        return nil
    }

    private static func event(_ event: Int32, _ value: Int32) -> MonitorEvent? {
        switch event {
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: .connected
        case ZMQ_EVENT_DISCONNECTED: .disconnected
        case ZMQ_EVENT_CONNECT_RETRIED: .retrying
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: .refused(status: Int(value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: .handshakeFailed(Self.protocolError(value))
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: .handshakeFailed(String(cString: zmq_strerror(value)))
        case ZMQ_EVENT_ACCEPT_FAILED: .acceptFailed(String(cString: zmq_strerror(value)))
        default: nil
        }
    }

    private static func protocolError(_ code: Int32) -> String {
        switch code {
        case ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH: "the other side does not use CURVE"
        case ZMQ_PROTOCOL_ERROR_ZMTP_CRYPTOGRAPHIC: "the keys do not fit"
        default: "ZeroMQ protocol error 0x\(String(code, radix: 16))"
        }
    }
}
