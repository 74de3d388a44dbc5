package import Domain
package import NIOCore

/// One target on its way to a relay.
package struct RelayJob: Sendable {
    /// Names the job between the pool and its ``MessageSource``; never reused within a process.
    package let id: UInt64
    /// Envelope sender, such as `news@campaign.example`; no brackets, checked by EmailAddress.
    package let sender: String
    /// Envelope recipient.
    package let recipient: String

    package init(id: UInt64, sender: String, recipient: String) {
        self.id = id
        self.sender = sender
        self.recipient = recipient
    }
}

/// How far a job came when its fate was decided.
package enum RelayStage: Hashable, Sendable {
    /// MAIL FROM was refused.
    case sender
    /// RCPT TO was refused.
    case recipient
    /// DATA was refused before any content was sent.
    case data
    /// The relay answered the final dot.
    case message
}

/// What came of a job. Exactly one is delivered for each job that was taken.
package enum RelayResult: Hashable, Sendable {
    /// The relay answered; `retryAfterSeconds` is what its text named, 0 for nothing.
    case reply(RelayReply, stage: RelayStage)
    /// The last byte may have gone out, and no reply came: in doubt.
    case noReply(problem: String)
    /// The connection failed while the job was under way, before its last byte: the target was not sent, and the attempt counts.
    case connectionLost(problem: String)
    /// The job was never begun at the relay, or was withdrawn before its last byte: no attempt is used.
    case notBegun
}

/// Where a relay's connections get their messages from, and whom they tell what happened.
///
/// All calls come on the pool's event loop. One connection goes through `nextJob → body → intend → resolved` for each message;
/// the next job of a connection may be taken (and its envelope pipelined) before the previous one is resolved, but its intent is
/// asked for only after that.
package protocol MessageSource: AnyObject {
    /// The next job for an idle or soon idle connection, or `nil` when there is nothing to send now; then the pool waits for
    /// ``RelayPool/wake()``.
    func nextJob() -> RelayJob?

    /// The complete message of a job: CRLF line ends, dot-stuffed, without the final dot.
    ///
    /// - Returns: `nil` when it cannot be made; the source has settled the job itself and the pool must not resolve it.
    func body(of job: RelayJob) -> ByteBuffer?

    /// Asks for leave to send the final dot. The source journals the intent, checks the lease and calls `proceed` on the event
    /// loop: `true` to send the dot now, `false` to withdraw (the connection is closed without the dot, result `notBegun`).
    func intend(_ job: RelayJob, proceed: @escaping (Bool) -> Void)

    func resolved(_ job: RelayJob, _ result: RelayResult)

    /// The relay as a whole cannot be used (unreachable, TLS or AUTH refused), or works again (`problem` is `nil`).
    ///
    /// Called on each change, not on each failed try.
    func relayChanged(problem: String?)
}
