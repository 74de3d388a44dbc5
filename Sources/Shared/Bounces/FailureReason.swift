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
    /// - Parameters:
    ///   - text: What it said behind its codes.
    ///   - status: As in `5.1.1` (RFC 3463); empty when it gave none.
    /// - Returns: ``other`` when neither tells.
    package static func ofReply(_ text: String, status: String) -> FailureReason {
        let judgement = FailureJudgement(
            status: StatusText([], stated: status),
            action: "failed",
            isAfterContent: false
        )
        return judgement.reason([text])
    }
}

/// Decides about one recipient.
struct FailureJudgement {
    /// As found in texts and fields.
    let status: StatusText
    /// The `Action` field in lower case; empty when there is none.
    let action: String
    /// The message was refused after its content was sent.
    let isAfterContent: Bool

    /// The reason that words and codes give together.
    ///
    /// - Parameter texts: What was said of this recipient, the most certain first.
    /// - Returns: ``FailureReason/other`` when nothing said anything.
    func reason(_ texts: [String]) -> FailureReason {
        if ["deliver", "relay", "expand"].contains(where: { self.action.hasPrefix($0) }) { return .delivered }
        for text in texts where !text.isEmpty {
            let words = WordText(text)
            guard let found = FailureWords.ordered.first(where: { words.says($0.phrases) }) else { continue }
            return self.weighed(found.reason, words)
        }
        switch self.status.status {
        case "5.1.0", "5.1.1", "5.1.3", "5.1.6", "5.1.10": return self.weighed(.unknownMailbox, WordText(""))
        case "5.1.2", "5.4.4", "5.4.310": return self.weighed(.unknownHost, WordText(""))
        case "4.2.2", "5.2.2": return .mailboxFull
        default: return self.weighed(.other, WordText(""))
        }
    }

    /// Whether whoever said it means to try again, or somebody might.
    private var isTransient: Bool {
        if self.action == "delayed" || self.status.status.hasPrefix("4.") { return true }
        // What has no status of its own has its reply code.
        guard self.status.status.isEmpty, let code = self.status.code else { return false }
        return (400..<500).contains(code)
    }

    /// Takes a permanent reason back when a code or the moment contradicts it.
    private func weighed(_ reason: FailureReason, _ words: WordText) -> FailureReason {
        let parts = self.status.status.split(separator: ".")
        let subject = parts.count == 3 ? parts[1] : ""
        // What Exchange Online says of a recipient whom its directory does not know.
        if self.status.status == "5.4.1", words.says([Phrase("recipient address rejected access denied")]) {
            return .unknownMailbox
        }
        if self.isTransient {
            switch reason {
            case .mailboxFull, .suspended: return reason
            // RFC 3463, section 3.8: security or policy, of whatever kind.
            case _ where self.status.status.hasPrefix("4.7."):
                return reason.isPermanent || reason == .temporary || reason == .other ? .policy : reason
            default: return subject == "2" && parts.last == "2" ? .mailboxFull : .temporary
            }
        }
        if subject == "7", reason == .temporary { return .policy }
        guard reason.isPermanent else { return reason }
        if subject == "2", parts.last == "2" { return .mailboxFull }
        // A name server that did not answer says nothing about the name.
        if reason == .unknownHost, words.says([Phrase("try again"), Phrase("temporar*"), Phrase("timed out")]) {
            return .temporary
        }
        if reason == .refusesMail { return reason }
        if subject == "3" || subject == "7" { return .filtered }
        // 5.1.7 and 5.1.8 speak of the sender.
        if self.status.status == "5.1.7" || self.status.status == "5.1.8" { return .policy }
        // A mailbox that is not there is refused at RCPT; after the content, it was the content.
        if self.isAfterContent, reason != .moved, subject != "1" { return .filtered }
        return reason
    }
}
