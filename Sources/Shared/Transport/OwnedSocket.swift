import CZeroMQ
import Glibc

/// A ZeroMQ socket that belongs to the thread that made it; every call checks that.
///
/// libzmq does not: two threads in one socket end the process much later and somewhere else.
final class OwnedSocket {
    private let context: Context
    private let owner = pthread_self()
    private var handle: UnsafeMutableRawPointer?
    /// The part that was received last.
    private let part: UnsafeMutablePointer<zmq_msg_t>

    /// What ``send(_:hasMore:)`` came to.
    enum Sent {
        case done
        /// No room, or nobody there (EAGAIN).
        case full
        /// The ROUTER has no peer of that routing id (EHOSTUNREACH).
        case unknownPeer
    }

    init(_ context: Context, type: Int32) throws(TransportError) {
        self.handle = try context.makeSocket(type: type)
        self.context = context
        self.part = .allocate(capacity: 1)
        zmq_msg_init(self.part)
    }

    // The socket itself is not closed here: the last reference may go away on any thread.
    deinit { self.part.deallocate() }

    /// The socket, for calls of libzmq on this thread.
    var raw: UnsafeMutableRawPointer {
        precondition(pthread_equal(self.owner, pthread_self()) != 0, "a ZeroMQ socket was used by a foreign thread")
        guard let handle else { preconditionFailure("a ZeroMQ socket was used after close()") }
        return handle
    }

    func close() {
        guard self.handle != nil else { return }
        zmq_close(self.raw)
        zmq_msg_close(self.part)
        self.handle = nil
        self.context.socketClosed()
    }

    func set(_ option: Int32, _ value: Int32, _ name: String) throws(TransportError) {
        var value = value
        guard zmq_setsockopt(self.raw, option, &value, MemoryLayout<Int32>.size) == 0 else {
            throw TransportError.last(.socket, "set \(name) to \(value)")
        }
    }

    func set(_ option: Int32, _ value: Int64, _ name: String) throws(TransportError) {
        var value = value
        guard zmq_setsockopt(self.raw, option, &value, MemoryLayout<Int64>.size) == 0 else {
            throw TransportError.last(.socket, "set \(name) to \(value)")
        }
    }

    func set(_ option: Int32, _ value: [UInt8], _ name: String) throws(TransportError) {
        guard zmq_setsockopt(self.raw, option, value, value.count) == 0 else {
            throw TransportError.last(.socket, "set \(name)")
        }
    }

    func bind(_ address: String) throws(TransportError) {
        guard zmq_bind(self.raw, address) == 0 else {
            throw TransportError.last(zmq_errno() == EADDRINUSE ? .endpointInUse : .endpoint, "listen on \(address)")
        }
    }

    func connect(_ address: String) throws(TransportError) {
        guard zmq_connect(self.raw, address) == 0 else { throw TransportError.last(.endpoint, "connect to \(address)") }
    }

    func disconnect(_ address: String) throws(TransportError) {
        guard zmq_disconnect(self.raw, address) == 0 || zmq_errno() == ENOENT else {
            throw TransportError.last(.endpoint, "disconnect from \(address)")
        }
    }

    /// Where ``bind(_:)`` went to, with its port.
    func lastEndpoint() throws(TransportError) -> String {
        var characters = [CChar](repeating: 0, count: 512)
        var count = characters.count
        guard zmq_getsockopt(self.raw, ZMQ_LAST_ENDPOINT, &characters, &count) == 0 else {
            throw TransportError.last(.socket, "ask for the endpoint")
        }
        return characters.withUnsafeBufferPointer { Z85.text($0) }
    }

    /// Sends one part without waiting.
    func send(_ bytes: UnsafeRawBufferPointer, hasMore: Bool = false) throws(TransportError) -> Sent {
        let flags = hasMore ? ZMQ_DONTWAIT | ZMQ_SNDMORE : ZMQ_DONTWAIT
        while zmq_send(self.raw, bytes.baseAddress, bytes.count, flags) < 0 {
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return .full
            case EHOSTUNREACH: return .unknownPeer
            default: throw TransportError.last(.socket, "send \(bytes.count) bytes")
            }
        }
        return .done
    }

    func send(_ bytes: [UInt8], hasMore: Bool = false) throws(TransportError) -> Sent {
        // `withUnsafeBytes` has no typed throws.
        let result = bytes.withUnsafeBytes { buffer -> Result<Sent, TransportError> in
            do throws(TransportError) { return .success(try self.send(buffer, hasMore: hasMore)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Takes the next part without waiting.
    ///
    /// - Returns: Whether there was one.
    func receive() throws(TransportError) -> Bool {
        while zmq_msg_recv(self.part, self.raw, ZMQ_DONTWAIT) < 0 {
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return false
            default: throw TransportError.last(.socket, "receive")
            }
        }
        return true
    }

    /// Throws the rest of a message away.
    ///
    /// - Returns: How many parts that were.
    func drainMessage() throws(TransportError) -> Int {
        var count = 0
        while self.partHasMore, try self.receive() { count += 1 }
        return count
    }

    var partHasMore: Bool { zmq_msg_more(self.part) == 1 }

    var partByteCount: Int { zmq_msg_size(self.part) }

    var partBytes: [UInt8] {
        Array(UnsafeRawBufferPointer(start: zmq_msg_data(self.part), count: self.partByteCount))
    }

    /// A property of the connection that the part came in by, such as `User-Id`.
    func partProperty(_ name: String) -> String? {
        guard let text = zmq_msg_gets(self.part, name) else { return nil }
        return String(cString: text)
    }
}
