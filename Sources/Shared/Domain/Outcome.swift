/// What came of a target.
///
/// The raw values are stored and sent over the wire: never renumber.
package enum Outcome: Int, Hashable, Sendable, CaseIterable {
    /// The relay took responsibility.
    case accepted = 1
    /// Try later. The only outcome that is not final.
    case deferred = 2
    /// Never: the address or our standing with its site refuses.
    case bounced = 3
    /// Not sent, because it must not be; the ``Reason`` says why.
    case suppressed = 4
    /// The last byte went out and no reply came.
    case inDoubt = 5
    /// The campaign's time ran out first.
    case expired = 6
    /// An operator cancelled the campaign first.
    case cancelled = 7
    /// Our own fault: the message could not be made.
    case failed = 8

    /// The word in the command line, JSON, logs and files.
    package var name: String {
        switch self {
        case .accepted: "accepted"
        case .deferred: "deferred"
        case .bounced: "bounced"
        case .suppressed: "suppressed"
        case .inDoubt: "in_doubt"
        case .expired: "expired"
        case .cancelled: "cancelled"
        case .failed: "failed"
        }
    }

    package init?(name: some StringProtocol) {
        guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }
}

/// Why a target has its outcome, when the relay's reply alone does not say.
///
/// Stored and shown by its raw value.
package enum Reason: String, Hashable, Sendable, CaseIterable {
    // With `suppressed`.
    case suppressed
    case noConsent = "no_consent"
    case capped
    case noVariant = "no_variant"
    case missingField = "missing_field"
    case erased
    case noAddress = "no_address"

    // With `accepted`.
    /// The relay's reply never came; what came back later shows that it took the message.
    case evidence

    // With `bounced`.
    /// The mailbox does not exist or cannot be written to.
    case mailbox
    /// The site refuses us, not the address (5.7.x); never suppresses the address.
    case policy
    /// Any other permanent refusal.
    case refused

    // With `expired`.
    /// The hours in which the recipient may be written to do not come again before the campaign's end.
    case outsideHours = "outside_hours"

    // With `failed`.
    /// The template could not be rendered with this contact's values.
    case render
    /// The target brought workers down.
    case poison

    // With `deferred`.
    /// The relay or site asked us to slow down (421, 4.3.x, 4.4.x, 4.7.x).
    case throttled
    /// A temporary refusal of this one message or mailbox.
    case temporary
    /// The connection failed while this message was under way, before its last byte.
    case connection

    // With `in_doubt`.
    /// No reply after the last byte.
    case noReply = "no_reply"
    /// The worker that held it never came back.
    case orphaned
    /// The worker's journal was lost, or its machine restarted.
    case journalLost = "journal_lost"
    /// The coordinator's data were restored or copied: it may have been sent since.
    case restored
    /// A person decided that it is not sent again, although nobody knows whether it was.
    case skipped
}

/// A relay's answer to one message.
package struct RelayReply: Hashable, Sendable {
    /// SMTP reply code, 200 to 599; 0 when there was no reply.
    package var code: Int
    /// Enhanced status code such as `5.1.1` (RFC 3463); empty when the reply had none.
    package var status: String
    /// What the relay wrote, at most ``textBytesMax`` bytes of UTF-8, lines joined by a blank.
    package var text: String

    /// Bound of ``text``: enough for what providers write, small enough to keep for every attempt.
    package static let textBytesMax = 256

    package init(code: Int, status: String, text: String) {
        self.code = code
        self.status = status
        self.text = text
    }
}
