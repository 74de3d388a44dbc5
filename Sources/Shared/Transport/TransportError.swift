import CZeroMQ

/// What went wrong between processes or with a key, in a sentence that names the place and what is allowed.
package struct TransportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What a caller may want to tell apart.
    package enum Code: String, Hashable, Sendable {
        /// The installed ZeroMQ library cannot be used.
        case library
        /// An endpoint's text is wrong, or nothing can be bound there.
        case endpoint
        /// Another process is already bound there.
        case endpointInUse
        /// A key is malformed, published, or half of another pair.
        case key
        /// A file with keys or names cannot be read or written, or may be read by others.
        case file
        /// An allow-list has wrong lines.
        case allowList
        /// The context is shut down: close the socket and end the thread.
        case terminated
        /// A call on a socket failed in a way that no peer can cause.
        case socket
        /// The running coordinator did not refuse a stranger, or that could not be found out.
        case selfTest
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { self.message }

    /// The error of the call that just failed on this thread.
    ///
    /// `call` says what was tried, as in "listen on tcp://127.0.0.1:7700".
    static func last(_ code: Code, _ call: String) -> Self {
        let number = zmq_errno()
        guard number != ETERM else { return Self(.terminated, "\(call): the ZeroMQ context is shut down") }
        return Self(code, "\(call): \(String(cString: zmq_strerror(number)))")
    }
}
