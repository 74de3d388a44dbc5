/// The header of the message that came back, from its part or from the end of the text.
struct OriginalMessage {
    private(set) var header = HeaderBlock()
    /// To and Cc, and what local delivery noted; lower case.
    private(set) var recipients: [String] = []
    /// Whom `Received` fields say it was for; lower case.
    private(set) var receivedFor: [String] = []
    private(set) var exists = false
    /// It came as a part of its own.
    private(set) var isPart = false

    init(part lines: [Substring]) {
        self.isPart = true
        self.read(lines)
    }

    /// Takes the original off the end of a text.
    ///
    /// - Parameter text: What is left of it is what the mail system says.
    init(endOf text: inout [Substring]) {
        guard let start = Self.start(in: text) else { return }
        self.read(Self.unindented(Array(text[start.original...])))
        text.removeSubrange(start.end...)
    }

    private mutating func read(_ lines: [Substring]) {
        _ = self.header.read(lines[...])
        self.exists = !self.header.fields.isEmpty
        self.recipients = self.header.all("to", "cc", "x-original-to", "apparently-to")
            .flatMap { AddressScan.addresses($0) }
        for value in self.header.all("received") {
            guard let place = value.firstRange(of: " for ") else { continue }
            guard let first = AddressScan.find(value[place.upperBound...]).first else { continue }
            // `for <a@b>; date`: an address that comes later is no recipient.
            if first.before.allSatisfy({ $0 == "<" || $0 == " " }) { self.receivedFor.append(first.address) }
        }
    }

    // MARK: Where it begins

    /// Names of fields that originals have.
    private static let names: Set<String> = [
        "received", "return-path", "from", "to", "cc", "date", "message-id", "subject", "mime-version", "reply-to",
        "dkim-signature", "content-type", "sender", "user-agent", "delivered-to", "authentication-results",
        "references", "in-reply-to", "errors-to", "precedence", "content-transfer-encoding", "domainkey-signature",
        "apparently-to", "importance", "x-mailer", "x-original-to",
    ]
    private static let telling: Set<String> = ["received", "message-id", "mime-version"]
    private static let announcements = [
        "message headers follow", "original message follows", "original message headers", "message header follows",
        "message body follows", "below this line is a copy", "original message is attached",
        "header information follows",
        "the header of the original", "the text of the message", "your message follows", "your original message",
    ]
    private static let ruled = [
        "original", "copy of", "returned message", "undelivered", "below this line", "message header", "unsent",
        "header of", "bounced email", "bounced e-mail", "received message", "message text", "message body", "begin",
    ]
    /// Lines after an announcement in which at least two fields must follow.
    private static let followMax = 24

    private static func start(in text: [Substring]) -> (end: Int, original: Int)? {
        for index in text.indices {
            if Self.announces(text[index]) {
                let next = text[(index + 1)...].prefix(Self.followMax)
                if next.count(where: { Self.isField($0) }) >= 2 { return (index, index + 1) }
            }
            let isFresh = index == 0 || text[index - 1].isBlank || Self.isRule(text[index - 1])
            guard isFresh, Self.isField(text[index]) else { continue }
            let block = text[index...].prefix(40).prefix { !$0.isBlank }.filter { Self.isField($0) }
            if block.count >= 3, block.contains(where: { Self.telling.contains(Self.name($0)) }) {
                return (index, index)
            }
        }
        return nil
    }

    private static func announces(_ line: Substring) -> Bool {
        let text = line.lowercased()
        if Self.announcements.contains(where: { text.prefix($0.count + 12).contains($0) }) { return true }
        return text.contains("--") && text.trimmed.drop { ">* ".contains($0) }.hasPrefix("-")
            && Self.ruled.contains { text.contains($0) }
    }

    private static func isRule(_ line: Substring) -> Bool {
        line.count >= 4 && line.allSatisfy { "-=_* ".contains($0) }
    }

    private static func name(_ line: Substring) -> String {
        line.drop { "> |".contains($0) }.prefix { $0 != ":" }.trimmed.lowercased()
    }

    private static func isField(_ line: Substring) -> Bool {
        guard line.contains(":") else { return false }
        let name = Self.name(line)
        return Self.names.contains(name) || name.hasPrefix("x-") && !name.contains(" ")
            || name.hasPrefix("list-") && !name.contains(" ")
    }

    /// Without the marks or blanks that a mailer put before every line.
    private static func unindented(_ lines: [Substring]) -> [Substring] {
        let text = lines.drop(while: \.isBlank)
        guard let first = text.first else { return [] }
        if first.hasPrefix(">") { return text.map(\.unquoted) }
        let depth = first.prefix { $0 == " " }.count
        guard depth > 0 else { return Array(text) }
        return text.map { $0.prefix(depth).isBlank ? $0.dropFirst(depth) : $0 }
    }
}
