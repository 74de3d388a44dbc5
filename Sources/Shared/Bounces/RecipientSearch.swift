/// Finds the failed recipients in a text that has no fields for them.
struct RecipientSearch {
    /// Recipients named at most.
    static let recipientsMax = 100
    /// From this score on a line speaks of a failed recipient for certain.
    private static let certain = 4

    let original: OriginalMessage
    /// Those who wrote the message or this notice; lower case.
    let senders: Set<String>
    /// Addresses of the system that says so.
    let daemons: Set<String>

    func recipients(in text: [Substring]) -> [String] {
        var scores: [(address: String, score: Int)] = []
        for line in text {
            guard !Self.isSenderField(line) else { continue }
            for found in AddressScan.find(line) where !self.isOurs(found, in: line) {
                scores.append((found.address, self.score(found, in: line)))
            }
            if scores.count > 4 * Self.recipientsMax { break }
        }
        guard let best = scores.map(\.score).max(), best > 0 else {
            return self.fallback.isEmpty ? Self.only(scores) : self.fallback
        }
        let bound = best >= Self.certain ? Self.certain : max(1, best - 1)
        var seen: Set<String> = []
        let picked = scores.filter { $0.score >= bound && seen.insert($0.address).inserted }.map(\.address)
        return Array(picked.prefix(Self.recipientsMax))
    }

    /// The only address in a text whose words say nothing: it may be in any language.
    private static func only(_ scores: [(address: String, score: Int)]) -> [String] {
        let found = Set(scores.filter { $0.score >= 0 }.map(\.address))
        return found.count == 1 ? Array(found) : []
    }

    /// Whom the original was for, when the text names nobody.
    private var fallback: [String] {
        let others = (self.original.recipients + self.original.receivedFor).filter { !self.senders.contains($0) }
        let all = others.isEmpty ? self.original.recipients : others
        var seen: Set<String> = []
        // A notice that names nobody is about one message to few.
        return Array(all.filter { seen.insert($0).inserted }.prefix(3))
    }

    private func score(_ found: AddressScan.Found, in line: Substring) -> Int {
        var score = 0
        if self.original.recipients.contains(found.address) { score += 4 }
        if self.original.receivedFor.contains(found.address) { score += 2 }
        if self.senders.contains(found.address) { score -= 4 }
        if found.before.allSatisfy({ "<>*[ \t".contains($0) }) { score += 2 }
        if Self.names(found) { score += 4 }
        let text = line.lowercased()
        if ["rcpt", "recipient", "deliver", "address", "user", "mailbox", "fail"].contains(where: { text.contains($0) })
        {
            score += 1
        }
        return score
    }

    /// Whether the words around an address say that it is the one that failed.
    private static func names(_ found: AddressScan.Found) -> Bool {
        let before = found.before
        let isBracketed = before.last == "<" && found.after.first == ">"
        let isFirst = before.allSatisfy { !$0.isLetter && !$0.isNumber }
        let tail = found.after.drop { $0 == ">" }
        if isFirst, before.count <= 6, found.after.allSatisfy({ !$0.isLetter && !$0.isNumber }) { return true }
        if isFirst, isBracketed, tail.first == ":" || tail.hasPrefix("...") { return true }
        if isFirst, found.after.hasPrefix(" on ") { return true }
        // `554 <a@b>... 550 Host unknown`
        if isBracketed, StatusText.occurs(in: before),
            before.drop(while: { "<>*[ \t".contains($0) }).first?.isNumber == true
        {
            return true
        }
        let words = WordText(before).words
        switch words.last {
        case "to", "for":
            guard words.count >= 2 else { return false }
            let previous = words[words.count - 2]
            return previous == "rcpt" || previous == "mail" || previous == "message" || previous.hasPrefix("deliver")
        case "address": return true
        default:
            return before.trimmed.hasSuffix(":")
                && (words.first == "recipient" || words.prefix(2) == ["failed", "recipient"])
        }
    }

    private static func isSenderField(_ line: Substring) -> Bool {
        let name = line.prefix { $0 != ":" }.trimmed.lowercased()
        guard ["from", "reply-to", "sender", "envelope-sender", "return-path"].contains(name), line.contains(":") else {
            return false
        }
        // qmail's log style puts both on one line.
        return !line.lowercased().contains("rcpt")
    }

    private static let senderWords = [
        "mail from", "sender", "from address", "from", "envelope-from", "contact", "email to", "e-mail to", "write to",
        "mailto",
    ]
    private static let officials: Set<String> = [
        "postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "noreply", "no-reply",
    ]

    /// Whether an address stands there as a sender or as somebody to ask.
    private func isOurs(_ found: AddressScan.Found, in line: Substring) -> Bool {
        if self.daemons.contains(found.address) { return true }
        if Self.officials.contains(String(found.address.prefix { $0 != "@" })) { return true }
        var before = found.before.lowercased()[...]
        while let last = before.last, " :=<'\"(\t".contains(last) { before = before.dropLast() }
        let text = line.lowercased()
        let words = text.contains("rcpt") || text.contains("recipient") ? ["mail from", "from"] : Self.senderWords
        return words.contains { before.hasSuffix($0) }
    }
}
