import CZeroMQ
import Synchronization

/// The ZeroMQ library's state in this process: its I/O thread and the names of its inproc endpoints.
///
/// Close it in this order: stop the ``Authenticator``, close every socket on its own thread, ``terminate()``. Where a thread may
/// be waiting in a socket, ``shutdown()`` first: every call on a socket then throws ``TransportError/Code/terminated``.
package final class Context: Sendable {
    private struct State: Sendable {
        /// Address of libzmq's context, 0 once it is gone.
        ///
        /// As a number, because pointers are not `Sendable`.
        var address: UInt
        var openSockets = 0
    }
    private let state: Mutex<State>

    /// Oldest library that is accepted: 4.3.1 to 4.3.3 fixed faults that a peer could use before it was authenticated.
    package static let versionMin = (major: 4, minor: 3, patch: 3)

    /// - Throws: ``TransportError/Code/library`` when the installed library is too old or cannot encrypt.
    package init() throws(TransportError) {
        try Self.checkLibrary(version: Self.libraryVersion, hasCurve: zmq_has("curve") == 1)
        guard let handle = zmq_ctx_new() else { throw TransportError.last(.library, "create the ZeroMQ context") }
        self.state = Mutex(State(address: UInt(bitPattern: handle)))
    }

    /// Version of the library that is loaded, which need not be the one this was built with.
    package static var libraryVersion: (major: Int, minor: Int, patch: Int) {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        return (Int(major), Int(minor), Int(patch))
    }

    static func checkLibrary(version: (major: Int, minor: Int, patch: Int), hasCurve: Bool) throws(TransportError) {
        guard version >= Self.versionMin else {
            let (found, needed) = (version, Self.versionMin)
            throw TransportError(
                .library,
                "libzmq is \(found.major).\(found.minor).\(found.patch), "
                    + "at least \(needed.major).\(needed.minor).\(needed.patch) is needed"
            )
        }
        guard hasCurve else {
            throw TransportError(.library, "libzmq was built without CURVE, so nothing could be encrypted")
        }
    }

    /// Makes every waiting and later call on this context's sockets fail with ``TransportError/Code/terminated``.
    package func shutdown() {
        self.state.withLock { state in
            guard let handle = UnsafeMutableRawPointer(bitPattern: state.address) else { return }
            zmq_ctx_shutdown(handle)
        }
    }

    /// Frees the context; blocks for as long as closed sockets linger.
    ///
    /// Does nothing the second time.
    ///
    /// - Throws: ``TransportError/Code/socket`` when sockets are still open: libzmq would wait for them for ever.
    package func terminate() throws(TransportError) {
        let open = self.state.withLock { $0.openSockets }
        guard open == 0 else {
            throw TransportError(.socket, "\(open) ZeroMQ sockets are still open; close them before the context")
        }
        let address = self.state.withLock { state in
            defer { state.address = 0 }
            return state.address
        }
        guard let handle = UnsafeMutableRawPointer(bitPattern: address) else { return }
        while zmq_ctx_term(handle) == -1, zmq_errno() == EINTR {}
    }

    /// A raw socket of `type`; ``socketClosed()`` must follow its close.
    func makeSocket(type: Int32) throws(TransportError) -> UnsafeMutableRawPointer {
        let address = self.state.withLock { state -> UInt in
            guard let handle = UnsafeMutableRawPointer(bitPattern: state.address),
                let socket = zmq_socket(handle, type)
            else { return 0 }
            state.openSockets += 1
            return UInt(bitPattern: socket)
        }
        guard let socket = UnsafeMutableRawPointer(bitPattern: address) else {
            throw TransportError.last(.socket, "open a ZeroMQ socket")
        }
        return socket
    }

    func socketClosed() {
        self.state.withLock { $0.openSockets -= 1 }
    }
}
