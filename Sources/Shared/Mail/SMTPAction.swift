/// What the shell around a session has to do.
///
/// Bytes in ``SMTPSession/output`` are written before each action, and after the last.
package enum SMTPAction: Hashable, Sendable {
    /// Begin the TLS handshake, then call ``SMTPSession/encrypted()``.
    case startTLS
    /// The opening dialogue is over: messages may be given.
    case ready
    /// The relay as a whole cannot be used by us; `close` follows.
    case refused(problem: String)
    /// Write the body of this message, ended by CRLF. It may wait for the dot: nothing else is written before.
    case sendBody(UInt64)
    /// Ask for leave to send the final dot, then call ``SMTPSession/leave(_:granted:)``.
    case askLeave(UInt64)
    /// The fate of a message.
    case resolve(UInt64, SMTPResult)
    /// Close the connection; nothing comes after it. `problem` is `nil` when the dialogue ended well.
    case close(problem: String?)
}

/// The replies that are still to come, in order: at most 16, packed four bits each.
struct SMTPExpectations: Sendable {
    enum Reply: UInt64 {
        case reset
        case mail
        case recipient
        case data
        /// To the final dot of a message.
        case message
        /// To the lone dot that ends a transaction without recipients.
        case nothing
    }

    private var bits: UInt64 = 0
    private var count: UInt64 = 0

    var first: Reply? { self.count == 0 ? nil : Reply(rawValue: self.bits & 15) }

    mutating func append(_ reply: Reply) {
        precondition(self.count < 16, "at most two envelopes are under way")
        self.bits |= reply.rawValue << (4 * self.count)
        self.count += 1
    }

    mutating func popFirst() -> Reply? {
        guard let first = self.first else { return nil }
        self.bits >>= 4
        self.count -= 1
        return first
    }
}
