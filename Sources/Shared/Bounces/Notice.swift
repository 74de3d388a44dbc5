/// The parts of a notice, put where the questions about it look for them.
struct Notice {
    let header: HeaderBlock
    /// Decoded.
    let subject: String
    let author: NoticeAuthor
    /// What the mail system says to people.
    let text: [Substring]
    let original: OriginalMessage
    let status: DeliveryStatus
    /// The original's lines if it may be a notice itself.
    let innerNotice: [Substring]?
    private let feedback: [Substring]?

    init(_ lines: ArraySlice<Substring>) {
        var header = HeaderBlock()
        let body = header.read(lines)
        let subject = EncodedWords.text(header["subject"])
        let author = NoticeAuthor(header, subject: subject)
        var text: [Substring] = []
        var status: [Substring] = []
        var feedback: [Substring]?
        var part: [Substring]?
        for leaf in MailParts(header: header, body: body).leaves {
            switch leaf.type {
            case "message/delivery-status", "message/global-delivery-status": status += leaf.lines + [""]
            case "message/feedback-report": feedback = (feedback ?? []) + leaf.lines
            case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers",
                "message/rfc822-headers", "message/partial":
                part = part ?? leaf.lines
            case let type where type.hasPrefix("text/"): text += leaf.lines
            default: break
            }
        }
        if !author.mayReport { status = [] }
        // Some put a delivery status's fields into their text; people paste such fields, too.
        if status.isEmpty, author.mayTell, let first = text.firstIndex(where: { DeliveryStatus.isRecipient($0) }) {
            let start = text[..<first].lastIndex(where: \.isBlank) ?? first
            status = Array(text[start...])
            text = Array(text[..<start])
        }
        var original = OriginalMessage(endOf: &text)
        if let part { original = OriginalMessage(part: part) }
        self.header = header
        self.subject = subject
        self.author = author
        self.text = text
        self.original = original
        self.status = DeliveryStatus(status)
        let isReport = original.header["content-type"].lowercased().hasPrefix("multipart/report")
        // One that somebody hands on is theirs to read.
        self.innerNotice = original.isPart && isReport && (author.mayTell || author.isDeliveryReport) ? part : nil
        if feedback == nil, original.isPart, FeedbackReport.isComplaint(subject: subject) { feedback = [] }
        let isReportOfFeedback = header["content-type"].lowercased().contains("feedback-report")
        self.feedback = feedback ?? (isReportOfFeedback ? [] : nil)
    }

    var complaint: FeedbackReport? {
        guard let feedback = self.feedback else { return nil }
        let strangers = self.addresses("from", "to", "return-path").union(
            AddressScan.addresses(self.original.header["from"])
        )
        return FeedbackReport(fields: feedback, original: self.original, text: self.text, strangers: strangers)
    }

    /// What it is, if it is no complaint.
    var verdict: (kind: ReturnedMail.Kind, recipients: [ReturnedMail.Recipient]) {
        let named = self.header.all("x-failed-recipients").flatMap { AddressScan.addresses($0) }
        let failures = self.status.recipients.filter { !$0.isSuccess }
        if self.isAutomaticReply, self.status.recipients.isEmpty, named.isEmpty { return (.autoReply, []) }
        if failures.isEmpty, !self.status.recipients.isEmpty, named.isEmpty {
            // Somebody's mail system is glad to say that the message arrived.
            return (.none, self.judged(self.status.recipients))
        }
        let evidence = NoticeEvidence(self, hasNamedRecipients: !named.isEmpty)
        guard evidence.isEnough else {
            let isAutomatic = self.header["auto-submitted"].lowercased().hasPrefix("auto-")
            return (isAutomatic ? .autoReply : .none, [])
        }
        return (.bounce, self.judged(self.failed(failures, named)))
    }

    /// The recipients: those of fields, else those that the text names.
    private func failed(_ failures: [DeliveryStatus.Recipient], _ named: [String]) -> [DeliveryStatus.Recipient] {
        var recipients = failures
        for address in named where !recipients.contains(where: { $0.address == address }) {
            recipients.append(DeliveryStatus.Recipient(address: address))
        }
        if recipients.contains(where: { !$0.address.isEmpty }) { return recipients.filter { !$0.address.isEmpty } }
        let search = RecipientSearch(
            original: self.original,
            senders: self.addresses("to", "delivered-to", "x-original-to").union(self.originalSenders),
            daemons: self.addresses("from", "reply-to", "return-path", "sender")
        )
        let pattern = recipients.first ?? DeliveryStatus.Recipient()
        let found = search.recipients(in: self.text).map {
            var recipient = pattern
            recipient.address = $0
            return recipient
        }
        return found.isEmpty ? recipients.prefix(1).map(\.self) : found
    }

    private var originalSenders: Set<String> {
        let fields = self.original.header.all("from", "sender", "return-path", "reply-to")
        return Set(fields.flatMap { AddressScan.addresses($0) })
    }

    private func addresses(_ names: String...) -> Set<String> {
        Set(names.flatMap { AddressScan.addresses(self.header[$0]) })
    }

    // MARK: Why

    private func judged(_ recipients: [DeliveryStatus.Recipient]) -> [ReturnedMail.Recipient] {
        var seen: Set<String> = []
        // One without an address stands for whom the return path names, when there is no other.
        let isNamed = recipients.contains { !$0.address.isEmpty }
        let recipients = recipients.filter {
            !($0.address.isEmpty && isNamed) && seen.insert($0.address).inserted
        }
        let lines = recipients.count == 1 ? [:] : self.lines(byAddress: seen)
        return recipients.map { recipient in
            let said = recipients.count == 1 ? self.text : lines[recipient.address] ?? []
            let status = StatusText([Substring(recipient.diagnostic)] + said, stated: recipient.status)
            let judgement = FailureJudgement(
                status: status,
                action: recipient.action,
                isAfterContent: recipients.count == 1 && self.isAfterContent,
                sender: SenderNames(
                    addresses: self.originalSenders.union(self.addresses("to")).subtracting(seen),
                    recipient: recipient.address
                )
            )
            let coded = said.filter { StatusText.occurs(in: $0) }.joined(separator: "\n")
            let all = said.joined(separator: "\n")
            let reason = judgement.reason(
                own: [recipient.diagnostic, coded],
                around: [all, recipients.count == 1 ? self.subject : ""]
            )
            return ReturnedMail.Recipient(
                address: recipient.address,
                status: status.status,
                reason: self.believed(reason, status),
                said: Redaction.text(
                    [recipient.diagnostic, coded, all].first { !$0.isEmpty } ?? "",
                    of: recipient.address
                ),
                isDelayed: recipient.action == "delayed"
            )
        }
    }

    /// A reason that holds for ever needs more than words under somebody's own name: people write such words, too.
    private func believed(_ reason: FailureReason, _ status: StatusText) -> FailureReason {
        let isSystem = self.author.standing == .system || self.author.standing == .office
        let hasFields = !self.status.recipients.isEmpty || !self.header["x-failed-recipients"].isEmpty
        guard reason.isPermanent, !isSystem, !hasFields, status.status.isEmpty else { return reason }
        return .other
    }

    /// Of each recipient the lines from where it is named to where another is.
    private func lines(byAddress recipients: Set<String>) -> [String: [Substring]] {
        var lines: [String: [Substring]] = [:]
        var subjects: Set<String> = []
        for line in self.text {
            // Whole addresses: ann@ stands in joann@, too.
            let named = recipients.intersection(AddressScan.addresses(line))
            if !named.isEmpty { subjects = named }
            for subject in subjects { lines[subject, default: []].append(line) }
        }
        return lines
    }

    /// Whether the refusal came after the content was sent.
    private var isAfterContent: Bool {
        let text = self.text.joined(separator: " ").lowercased()
        if ["in reply to end of data", "in reply to the end of data", "after end of data"].contains(
            where: text.contains
        ) {
            return true
        }
        return zip(self.text, self.text.dropFirst()).contains { line, next in
            line.trimmed.lowercased() == ">>> data" && next.trimmed.hasPrefix("<<< 5")
        }
    }

    /// Whether a person's mailbox wrote this, in that person's absence.
    private var isAutomaticReply: Bool {
        if !self.header["x-autoreply"].isEmpty || !self.header["x-autorespond"].isEmpty { return true }
        if self.header["precedence"].lowercased().contains("auto_reply") { return true }
        return WordText(self.subject).says(Self.absences)
    }

    private static let absences = [
        "out of office", "out of the office", "automatic reply", "auto reply", "autoreply", "vacation", "abwesen*",
        "automatische antwort", "away from", "ponse automatique", "respuesta autom*", "absence du bureau",
        "autorespon*",
        "automatisch antwoord", "autosvar", "risposta automatica", "resposta autom*", "fuera de oficina",
        "autoodpowied*",
    ].map { Phrase($0) }
}
