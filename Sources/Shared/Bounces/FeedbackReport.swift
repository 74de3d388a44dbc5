/// A complaint in the Abuse Reporting Format (RFC 5965), or in the older form without its fields.
struct FeedbackReport {
    /// Lower case, as in `abuse`.
    private(set) var type = "abuse"
    private(set) var recipients: [String] = []

    init(fields lines: [Substring], original: OriginalMessage, text: [Substring], strangers: Set<String>) {
        var fields = HeaderBlock()
        _ = fields.read(lines.filter { !$0.isBlank }[...])
        let type = fields["feedback-type"].trimmed.lowercased()
        if !type.isEmpty { self.type = type }
        var found = fields.all("original-rcpt-to", "removal-recipient", "redacted-address", "x-hmxmroriginalrecipient")
            .flatMap { AddressScan.addresses($0) }
        // One large provider writes it into the message that it hands back.
        if found.isEmpty { found = AddressScan.addresses(original.header["x-hmxmroriginalrecipient"]) }
        if found.isEmpty { found = original.recipients }
        if found.isEmpty { found = original.receivedFor }
        if found.isEmpty {
            let senders = strangers.union(AddressScan.addresses(fields["original-mail-from"]))
            found = text.flatMap { AddressScan.addresses($0) }.filter { !senders.contains($0) }
        }
        var seen: Set<String> = []
        self.recipients = found.filter { seen.insert($0).inserted }
    }

    /// Whether a subject is that of a complaint without fields, as one large provider writes it: an address of a host follows.
    static func isComplaint(subject: String) -> Bool {
        let start = "complaint about message from"
        let text = subject.trimmed.lowercased()
        guard text.hasPrefix(start) else { return false }
        let host = text.dropFirst(start.count).trimmed
        return host.first?.isHexDigit == true && host.contains { $0 == "." || $0 == ":" }
    }
}
