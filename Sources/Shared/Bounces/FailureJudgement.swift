/// Decides about one recipient.
struct FailureJudgement {
    /// As found in texts and fields.
    let status: StatusText
    /// The `Action` field in lower case; empty when there is none.
    let action: String
    /// The message was refused after its content was sent.
    let isAfterContent: Bool
    /// It was said while the message was handed over, so that only what is certain counts.
    var isDialogue = false
    /// Who sent the message; what is said of them is not said of the recipient.
    var sender = SenderNames()

    /// The reason that words and codes give together.
    ///
    /// A mail system's own words go first, then a status that names one reason; what stands around them may be anybody's.
    ///
    /// - Parameters:
    ///   - own: What a mail system said of this recipient, the most certain first.
    ///   - around: What else the notice says.
    /// - Returns: ``FailureReason/other`` when nothing said anything.
    func reason(own: [String], around: [String]) -> FailureReason {
        if ["deliver", "relay", "expand"].contains(where: { self.action.hasPrefix($0) }) { return .delivered }
        var isFirst = true
        for text in own where !text.isEmpty {
            let words = WordText(text)
            if let found = self.tables.first(where: { words.says($0.phrases) })?.reason {
                if self.isOfSender(found, text) { return self.weighed(.policy, words) }
                // "Check the address and try again" is no promise that it will be there.
                return self.weighed(found == .temporary ? self.stated ?? found : found, words)
            }
            if isFirst, let reason = self.stated { return self.weighed(reason, WordText("")) }
            isFirst = false
        }
        for text in around where !text.isEmpty {
            let words = WordText(text)
            guard let found = FailureWords.ofTexts.first(where: { words.says($0.phrases) }) else { continue }
            return self.weighed(found.reason, words)
        }
        return self.stated ?? self.vaguelyStated
    }

    private var tables: [FailureWords.Table] {
        self.isDialogue && self.stated == nil ? FailureWords.ofDialogues : FailureWords.ofReplies
    }

    /// Whether something is missing that is the sender's.
    private func isOfSender(_ reason: FailureReason, _ text: String) -> Bool {
        (reason == .unknownMailbox || reason == .unknownHost) && self.sender.isMeant(in: text)
    }

    // MARK: Status

    /// What a status says that has one meaning (RFC 3463, section 3); `nil` for all others.
    private var stated: FailureReason? {
        switch self.status.status {
        case "5.1.1", "5.1.3", "5.1.6", "5.1.10": .unknownMailbox
        case "5.1.2": .unknownHost
        // 5.1.7 and 5.1.8 speak of the sender.
        case "5.1.7", "5.1.8": .policy
        case "5.2.1": .suspended
        case "4.2.2", "5.2.2": .mailboxFull
        default: self.status.status.hasPrefix("5.7.") ? .policy : nil
        }
    }

    private var vaguelyStated: FailureReason {
        switch self.status.status {
        case "5.1.0": self.weighed(.unknownMailbox, WordText(""))
        case "5.4.4", "5.4.310": self.weighed(.unknownHost, WordText(""))
        default: self.weighed(.other, WordText(""))
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
        // RFC 3463, section 3.8: a refusal of us, whatever else the text says.
        if subject == "7" { return .filtered }
        if reason == .refusesMail { return reason }
        if subject == "3" { return .filtered }
        if self.status.status == "5.1.7" || self.status.status == "5.1.8" { return .policy }
        // A mailbox that is not there is refused at RCPT; after the content, it was the content, unless a whole sentence says otherwise.
        if self.isAfterContent, reason != .moved, subject != "1", !words.says(RecipientWords.outright) {
            return .filtered
        }
        return reason
    }
}
