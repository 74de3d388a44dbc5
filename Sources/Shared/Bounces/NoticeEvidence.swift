/// How much speaks for a mail being a notice that another was not delivered.
///
/// Taking a person's answer for such a notice would cost that person all further mail, so what only looks like one is none.
struct NoticeEvidence {
    /// Points from which on it is one.
    static let needed = 4

    private(set) var points = 0
    /// Something that only mail systems write.
    private(set) var isStrong = false

    init(
        header: HeaderBlock,
        text: [Substring],
        original: OriginalMessage,
        status: DeliveryStatus,
        hasNamedRecipients: Bool
    ) {
        let subject = WordText(header["subject"])
        let words = WordText(text.joined(separator: " "))
        let hasFailed = words.says(Self.failures) || text.contains { Self.refusal($0) }
        let isDaemon = Self.isDaemon(header)
        if status.recipients.contains(where: \.isFailure) { self.add(5, strong: true) }
        if header["content-type"].lowercased().contains("delivery-status") { self.add(2) }
        if hasNamedRecipients { self.add(3, strong: true) }
        if isDaemon { self.add(1) }
        if subject.says(Self.subjects) {
            self.add(2, strong: true)
        } else if subject.says(Self.hints) {
            self.add(1)
        }
        if header["return-path"].trimmed == "<>" { self.add(1) }
        if hasFailed { self.add(2) }
        let meaning = FailureWords.ordered.first { words.says($0.phrases) }?.reason
        if text.contains(where: { StatusText.occurs(in: $0) }), hasFailed || meaning.map({ $0 != .policy }) ?? false {
            self.add(1, strong: true)
        }
        if meaning != nil { self.add(1) }
        if original.exists { self.add(1) }
        if original.isPart, hasFailed, isDaemon { self.isStrong = true }
    }

    var isEnough: Bool { self.points >= Self.needed && self.isStrong }

    private mutating func add(_ points: Int, strong: Bool = false) {
        self.points += points
        if strong { self.isStrong = true }
    }

    private static func refusal(_ line: Substring) -> Bool {
        let code = StatusText([line]).code
        return code.map { $0 >= 500 } ?? false
    }

    private static func isDaemon(_ header: HeaderBlock) -> Bool {
        let from = header["from"].lowercased()
        let names = [
            "mailer-daemon", "postmaster", "post_master", "mail delivery", "mail system", "delivery system",
            "delivery subsystem", "maildaemon", "mail administrator", "internet mail", "system administrator",
            "microsoft outlook", "mta", "returned mail", "bounce", "no-reply", "noreply", "auto",
        ]
        return from.isEmpty || header["return-path"].trimmed == "<>" || names.contains { from.contains($0) }
    }

    private static let subjects = [
        "undeliver*", "delivery", "deliver|delivered|delivering ...1 fail*|report|problem|error|has|delay*",
        "returned mail|email|message|to", "failure notice", "failed|failure ...1 notice|deliver*|mail|notif*",
        "mail|message|transmission|email ...1 fail*|error|returned", "not ...1 deliver*", "non remis|deliver*",
        "nondeliver*", "unzustellbar", "unable to deliver", "could|cannot not send", "cannot send", "nicht zugestellt",
        "no entregado",
    ].map { Phrase($0) }
    private static let hints = ["bounce*", "rejected", "warning", "virus", "not accept*"].map { Phrase($0) }
    private static let failures = [
        "not|wasn't|couldn't|can't|unable|failed|failure|cannot|error|problem ...6 deliver*|send|sent|reach|transmi*",
        "deliver*|transmi*|sending ...8 fail*|problem*|error*|delay*|reject*|permanently|suspend*|impossible|aborted",
        "permanent error|errors|fatal", "fatal error|errors", "returned", "undeliver*", "reject*", "bounced",
        "did not reach", "unknown user", "user unknown", "transcript of session", "failed", "gave|giving|given up",
        "over quota", "mailbox full", "mailbox is full",
    ].map { Phrase($0) }
}
