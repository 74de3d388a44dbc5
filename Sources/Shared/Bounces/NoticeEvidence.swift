/// How much speaks for a mail being a notice that another was not delivered.
///
/// Taking a person's answer for such a notice would cost that person all further mail, so what only looks like one is none.
struct NoticeEvidence {
    /// Points from which on it is one.
    static let needed = 4

    private(set) var points = 0
    /// Something that only mail systems write.
    private(set) var isStrong = false
    /// A mail system wrote it, and not about many messages at once.
    private(set) var isOfSystem: Bool

    init(_ notice: Notice, hasNamedRecipients: Bool) {
        let (header, text, original, author) = (notice.header, notice.text, notice.original, notice.author)
        let subject = WordText(notice.subject)
        let words = WordText(text.joined(separator: " "))
        let hasFields = hasNamedRecipients || !notice.status.recipients.isEmpty || author.isDeliveryReport
        let tells = subject.says(Self.subjects)
        self.isOfSystem = hasFields || author.mayTell
        let isAboutOne = author.standing == .office && !original.exists && !tells && Self.isAboutOne(notice, words)
        if !hasFields {
            switch author.standing {
            // Only a copy of what came back tells these from the many programs that write so, and from people's own.
            case .nobody where !original.exists || !(tells || Self.isRefusal(text)) || Self.asks(subject, words):
                self.isOfSystem = false
            case .office where !original.exists && !tells && !isAboutOne: self.isOfSystem = false
            default: break
            }
            if author.hasOwnPath, !original.exists || !tells { self.isOfSystem = false }
            if author.isOtherReport || subject.says(Self.summaries) || Self.isTranscript(text) {
                self.isOfSystem = false
            }
        }
        guard self.isOfSystem else { return }
        let hasFailed = words.says(Self.failures) || text.contains { Self.refusal($0) }
        let isDaemon = author.standing != .anyone
        if notice.status.recipients.contains(where: \.isFailure) { self.add(5, strong: true) }
        if header["content-type"].lowercased().contains("delivery-status") { self.add(2) }
        if hasNamedRecipients { self.add(3, strong: true) }
        if isDaemon { self.add(1) }
        if tells {
            self.add(2, strong: true)
        } else if subject.says(Self.hints) {
            self.add(1)
        }
        if isAboutOne { self.add(2, strong: true) }
        if header["return-path"].trimmed == "<>" { self.add(1) }
        if hasFailed { self.add(2) }
        let meaning = FailureWords.ofTexts.first { words.says($0.phrases) }?.reason
        let isTelling = meaning.map { $0 != .policy && $0 != .temporary } ?? false
        if text.contains(where: { StatusText.occurs(in: $0) }), hasFailed || isTelling {
            self.add(1, strong: true)
        }
        if meaning != nil { self.add(1) }
        if original.exists { self.add(1) }
        if hasFailed, original.isPart && isDaemon || author.standing == .system { self.isStrong = true }
        // In whatever language: why else would a mail system hand a message back?
        if author.standing == .system, original.exists, hasFailed || !words.says(Self.successes) {
            self.add(2, strong: true)
        }
    }

    var isEnough: Bool { self.isOfSystem && self.isStrong && self.points >= Self.needed }

    private mutating func add(_ points: Int, strong: Bool = false) {
        self.points += points
        if strong { self.isStrong = true }
    }

    private static func refusal(_ line: Substring) -> Bool {
        let code = StatusText([line]).code
        return code.map { $0 >= 500 } ?? false
    }

    /// Whether a line has the codes of a refusal, both of them.
    private static func isRefusal(_ text: [Substring]) -> Bool {
        text.contains { Self.refusal($0) && !StatusText([$0]).status.isEmpty }
    }

    /// Whether it asks the sender for something: to show that they are a person, that they know the recipient.
    private static func asks(_ subject: WordText, _ words: WordText) -> Bool {
        subject.says(Self.questions) || words.says(Self.questions)
    }

    /// Whether a mail that nobody is to answer says of one address, in whatever language around, that it is refused.
    private static func isAboutOne(_ notice: Notice, _ words: WordText) -> Bool {
        guard notice.header["return-path"].trimmed == "<>", notice.header["auto-submitted"] != "auto-replied",
            !Self.asks(WordText(notice.subject), words)
        else { return false }
        let ours = Set(AddressScan.addresses(notice.header["to"]) + AddressScan.addresses(notice.header["from"]))
        let named = Set(notice.text.flatMap { AddressScan.addresses($0) }).subtracting(ours)
        let isCoded = notice.text.contains { Self.refusal($0) || StatusText([$0]).status.hasPrefix("5.") }
        let meaning = FailureWords.ofTexts.first { words.says($0.phrases) }?.reason
        return named.count == 1 && (isCoded || meaning?.isPermanent == true)
    }

    /// Whether it shows a session of somebody else with a mail server, as that server tells its own postmaster.
    private static func isTranscript(_ text: [Substring]) -> Bool {
        let lines = text.map { $0.trimmed.lowercased() }
        return lines.contains { $0.hasPrefix("in: ") } && lines.contains { $0.hasPrefix("out: ") }
    }

    private static let questions = [
        "confirm*", "verify", "verified", "verification", "release", "captcha", "challenge",
        "approved senders|sender|list",
        "whitelist*", "allowlist*", "best tig*", "подтвер*", "确 认",
    ].map { Phrase($0) }
    private static let subjects = [
        "undeliver*",
        "deliver|delivery|delivered|delivering ...2 fail*|report|problem*|error*|has|delay*|status|notif*|unsuc*|notice",
        "退 信",
        "退 件",
        "退 回",
        "无 法 投|送",
        "配 信 ...2 不|で|エ",
        "送 信 ...2 不|で|エ",
        "エ ラ ー",
        "반송*",
        "전송 실패*", "발송 실패*", "недоставлен*", "не доставлен*|удалось|возможно", "возвра*", "ошибка доставки",
        "невозможно доставить", "iletilemed*", "teslim edilemed*", "g nderilemed*",
        "returned mail|email|message|to", "failure notice", "failed|failure ...1 notice|deliver*|mail|notif*",
        "mail|message|transmission|email ...1 fail*|error|returned", "not ...1 deliver*", "non remis|deliver*",
        "nondeliver*", "unzustellbar*", "unable to deliver", "could|cannot not send", "cannot send", "nicht zugestellt",
        "no entregado", "non delivery|deliverable|receipt", "nicht zustellbar|ausgeliefert", "zustellung* ...3 fehl*",
        "fehl* ...3 zustellung", "non distribu*|d", "chec ...3 remise|distribution|livraison|envoi",
        "no se ...3 entregar",
        "no entregable", "mensaje ...1 devuelto", "error ...2 entrega", "non recapit*", "mancat* recapito|consegna",
        "entreg* ...3 falh*", "falh* ...3 entrega", "onbestelbaar*", "niet afgeleverd|bezorgd", "niedostarcz*",
    ].map { Phrase($0) }
    /// Of mails about many messages: of filters, lists and statistics; and of those that say thanks for one.
    private static let summaries = [
        "quarantin*", "quarant*", "digest", "newsletter", "spam report|summary|notification|list|box",
        "blocked messages",
        "ticket", "received your|you", "thank you",
        "held messages", "messages held|blocked", "awaits|requires|pending|await ...2 approval", "report domain",
        "daily|weekly|monthly|hourly ...2 report|summary|statistics|digest|stats",
    ].map { Phrase($0) }
    private static let successes = ["success*", "was|were|been ...1 delivered|relayed|read", "erfolgreich"].map {
        Phrase($0)
    }
    private static let hints = ["bounce*", "rejected", "warning", "virus", "not accept*"].map { Phrase($0) }
    private static let failures = [
        "not|wasn't|couldn't|can't|unable|failed|failure|cannot|error|problem ...6 deliver*|send|sent|reach|transmi*",
        "deliver*|transmi*|sending ...8 fail*|problem*|error*|delay*|reject*|permanently|suspend*|impossible|aborted",
        "permanent error|errors|fatal", "fatal error|errors", "returned", "undeliver*", "reject*", "bounced",
        "did not reach", "unknown user", "user unknown", "transcript of session", "failed", "gave|giving|given up",
        "over quota", "mailbox full", "mailbox is full", "nicht ...3 zugestellt|zustell*|ausgeliefert|bermittelt",
        "unzustellbar*",
        "fehlgeschlagen", "pas ...4 remis|livr*|distribu*|d", "non remis", "no se ...4 entregar|entregado|enviar",
        "no ...3 entregado|entregar", "non ...3 consegn*|recapit*", "impossibile ...2 consegn*|recapit*|inviare",
        "n o ...4 entreg*|enviar", "niet ...4 bezorg*|afgeleverd|verzonden", "nie ...4 dostarcz*",
    ].map { Phrase($0) }
}
