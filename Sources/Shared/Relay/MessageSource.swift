package import Mail
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

/// What came of a job: exactly one is delivered for each job that was taken and has a body.
package typealias RelayResult = SMTPResult

/// Where a relay's connections get their messages from, and whom they tell what happened.
///
/// All calls come on the pool's event loop. One connection goes through `nextJob → body → intend → resolved` for each
/// message; the next job of a connection may be taken (and its envelope pipelined) before the previous one is resolved,
/// but its intent is asked for only after that.
package protocol MessageSource: AnyObject {
    /// The next job for an idle or soon idle connection, or `nil` when there is nothing to send now; then the pool
    /// waits for ``RelayPool/wake()``.
    func nextJob() -> RelayJob?

    /// The complete message of a job: CRLF line ends, dot-stuffed, without the final dot.
    ///
    /// Asked for right after ``nextJob()``, before the envelope goes out: a message that cannot be made costs no
    /// transaction. So a connection holds at most two bodies.
    ///
    /// - Returns: `nil` when it cannot be made; the source has settled the job itself and the pool must not resolve it.
    func body(of job: RelayJob) -> ByteBuffer?

    /// Asks for leave to send the final dot. The source journals the intent, checks the lease and calls `proceed` on
    /// the event loop: `true` to send the dot now, `false` to withdraw (the connection is closed without the dot,
    /// result `notBegun`).
    func intend(_ job: RelayJob, proceed: @escaping (Bool) -> Void)

    /// The fate of a job: exactly once for each job whose body was handed over.
    func resolved(_ job: RelayJob, _ result: RelayResult)

    /// The relay as a whole cannot be used (unreachable, TLS or AUTH refused), or works again (`problem` is `nil`).
    ///
    /// Called on each change, not on each failed try.
    func relayChanged(problem: String?)
}
