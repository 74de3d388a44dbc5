/// Why a mail was not delivered, as far as words and codes tell.
package enum FailureReason: String, Sendable, CaseIterable {
    case mailboxFull = "mailbox_full"
    case tooLarge = "too_large"
    case refusesMail = "refuses_mail"
    case moved
    case unknownMailbox = "unknown_mailbox"
    case unknownHost = "unknown_host"
    case malware
    case spam
    case authentication
    case reverseLookup = "reverse_lookup"
    case policy
    case suspended
    /// Whoever said that the mailbox is not there contradicts itself, so nothing is certain.
    case filtered
    case temporary
    case delivered
    case other

    /// Whether writing to the address again is of no use, ever.
    ///
    /// Policy is about us and never about the address (RFC 3463, X.7.x); full and suspended mailboxes come back.
    package var isPermanent: Bool {
        switch self {
        case .refusesMail, .moved, .unknownMailbox, .unknownHost: true
        default: false
        }
    }

    /// Why a relay refused a message for good in its dialogue.
    ///
    /// Without a status that speaks of the recipient, only words that cannot mean us or the message count against the recipient.
    ///
    /// - Parameters:
    ///   - text: What it said behind its codes.
    ///   - status: As in `5.1.1` (RFC 3463); empty when it gave none.
    /// - Returns: ``other`` when neither tells.
    package static func ofReply(_ text: String, status: String) -> FailureReason {
        let judgement = FailureJudgement(
            status: StatusText([], stated: status),
            action: "failed",
            isAfterContent: false,
            isDialogue: true
        )
        return judgement.reason(own: [text], around: [])
    }

    /// What a provider hands on of a refusal.
    ///
    /// - Parameters:
    ///   - text: What was said, with or without codes in front.
    ///   - status: As in `5.1.1` (RFC 3463), if the provider has it apart; empty when not.
    /// - Returns: ``other`` when neither tells.
    package static func ofReport(_ text: String, status: String) -> FailureReason {
        let lines = text.split(whereSeparator: \.isNewline)
        let judgement = FailureJudgement(
            status: StatusText(lines, stated: status),
            action: "failed",
            isAfterContent: false
        )
        return judgement.reason(own: [text], around: [])
    }
}
