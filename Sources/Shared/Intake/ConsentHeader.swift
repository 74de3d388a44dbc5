import Domain

/// What the name of a column says about leave to write, beyond the names that exports are known to have.
///
/// A name is judged once for each file. It is plain when every word in it is about writing to people at large: `gdpr_consent`, `Marketing
/// permissions`, `newsletter opt-in`. One with other words (`photo_consent`, `newsletter_sports`) speaks of something else, or of a part.
struct ConsentHeader {
    let rule: OptOutColumn.Rule
    let channels: [SuppressionChannel]

    /// - Returns: `nil` for a name that says nothing of the kind.
    init?(_ header: String) {
        let words = HeaderName.snakeCase(header).split(separator: "_")
        let name = words.joined()
        guard let last = words.last, let rule = Self.rule(of: name, words, last: last) else { return nil }
        self.rule = rule
        let isMail = name.contains("mail") || Self.newsletters.contains { name.contains($0) }
        let isText = name.contains("sms") || name.contains("mobile") || words.contains { Self.texts.contains($0) }
        let isEverywhere = isMail == isText || rule == .whenTrue(.asked)
        self.channels = isEverywhere ? [.email, .sms] : isMail ? [.email] : [.sms]
    }

    private static func rule(of name: String, _ words: [Substring], last: Substring) -> OptOutColumn.Rule? {
        if Self.deaths.contains(name)
            || Self.isPlain(words, besides: ["deceased", "date", "day", "on", "at"])
                && name.contains("deceased")
        {
            return .whenTrue(.asked)
        }
        if name.contains("hardbounce") { return .whenTrue(.bounced) }
        let refuses = Self.refusing.contains { name.contains($0) }
        let agrees = Self.agreeing.contains { name.contains($0) }
        let isNewsletter = Self.newsletters.contains { name.contains($0) }
        guard refuses || agrees || isNewsletter else {
            return last == "status" && Self.isPlain(words) ? .remark : nil
        }
        if Self.particulars.contains(last) { return Self.isPlain(words.dropLast()) ? .remark : nil }
        guard Self.isPlain(words) else { return refuses ? .otherRefusal : .otherLeave }
        return refuses ? .refusal : agrees ? .leave : .newsletter
    }

    private static func isPlain(_ words: some Sequence<Substring>, besides: Set<Substring> = []) -> Bool {
        words.allSatisfy { besides.contains($0) || Self.isPlain($0) }
    }

    /// Whether a word is about writing at large, or made of such words: `smsoptin`.
    private static func isPlain(_ word: Substring) -> Bool {
        if Self.plain.contains(word) { return true }
        return word.indices.dropFirst().contains { middle in
            Self.plain.contains(word[..<middle]) && Self.isPlain(word[middle...])
        }
    }

    private static let refusing = ["optout", "optedout", "unsubscri", "donotcontact", "donotemail", "donotmail"]
    private static let agreeing = [
        "consent", "permission", "optin", "optedin", "einwilligung", "zustimmung", "consenso", "toestemming", "samtyck",
        "samtyk", "zgoda", "acceptsmarketing", "acceptsemail", "acceptemail", "acceptmarketing", "oktoemail",
        "canemail", "mayemail", "emailok", "emailallowed", "allowemail", "allowsemail", "receiveemail",
        "receivesemail", "receivemarketing", "wantsemail",
    ]
    /// What these columns hold may as well be a title or a plan: only clear words count.
    private static let newsletters = ["newsletter", "subscri", "nieuwsbrief", "nyhetsbrev", "infolettre"]
    private static let deaths: Set<String> = [
        "dateofdeath", "deathdate", "dead", "isdead", "died", "diedon", "diedat", "verstorben",
    ]
    private static let texts: Set<Substring> = ["text", "texts", "texting", "phone", "cell"]

    /// At the end of a name: the column tells when, where or how, and not whether.
    private static let particulars: Set<Substring> = [
        "date", "at", "on", "time", "timestamp", "ts", "source", "ip", "url", "link", "version", "method", "proof",
        "by",
        "id", "name", "note", "notes", "comment", "comments", "reason", "type", "title", "language", "form", "count",
        "number", "basis", "frequency", "code", "token", "day", "month", "year", "key", "page", "wording",
    ]

    private static let plain: Set<Substring> = [
        "consent", "consents", "consented", "permission", "permissions", "opt", "opted", "optin", "optout", "in", "out",
        "newsletter", "newsletters", "enewsletter", "subscribe", "subscribed", "subscriber", "subscription",
        "subscriptions", "unsubscribe", "unsubscribed", "do", "not", "einwilligung", "zustimmung", "consenso",
        "toestemming", "samtycke", "samtykke", "zgoda", "nieuwsbrief", "nyhetsbrev", "infolettre", "is", "has", "have",
        "can", "may", "ok", "okay", "to", "the", "of", "for", "our", "my", "from", "all", "any", "by", "with", "we",
        "receive", "receives", "received", "accept", "accepts", "accepted", "allow", "allows", "allowed", "want",
        "wants", "give", "given", "gave", "granted", "email", "emails", "mail", "mails", "mailing", "mailings", "e",
        "sms", "mobile", "text", "texts", "texting", "phone", "cell", "message", "messages", "messaging", "marketing",
        "gdpr", "dsgvo", "rgpd", "avg", "casl", "pecr", "privacy", "data", "processing", "general", "global", "status",
        "state", "contact", "contacts", "contacting", "communication", "communications", "commercial", "promotional",
        "promotions", "campaign", "bulk", "news", "updates", "information", "direct", "electronic", "digital", "hs",
        "cf", "custom", "field", "flag", "value", "current", "latest", "person", "supporter", "list", "double",
        "confirmed", "online", "signup", "yes", "no", "yn", "and", "or", "via", "be", "contacted",
    ]
}
