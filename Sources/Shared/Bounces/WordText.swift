/// A text as lower-case words, without addresses and links: a mailbox called `full@` is not full.
///
/// Names of hosts and addresses of networks stand as one word each, so that a host called `relay.example.org` says nothing of relaying.
/// Letters of Latin script beyond ASCII part words, as bytes do that cannot be read, so that a text means the same in every charset;
/// scripts that write no blanks are read letter by letter.
struct WordText {
    /// Words that are looked at.
    static let wordsMax = 4_000
    /// Stands for the name of a host.
    static let host: Substring = "#host"
    /// Stands for an address of a network, in four numbers.
    static let network: Substring = "#ip"

    /// Stands for the name or the link of a list of hosts that send junk.
    static let list: Substring = "#list"
    private static let lists = [
        "spamhaus", "spamcop", "dnsbl", "blacklist", "blocklist", "uribl", "surbl", "barracudacentral", "sorbs.",
        "senderscore", "senderbase",
    ]

    let words: [Substring]
    /// One bit for each word, by its first two bytes, and all of them together: what has no bit in common is no word of this text.
    let markOfEach: [UInt64]
    let marks: UInt64

    init(_ text: some StringProtocol) {
        var words: [Substring] = []
        for chunk in Substring(text).split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }) {
            if chunk.contains("@") { continue }
            if chunk.contains("://") {
                if Self.isList(chunk) { words.append(Self.list) }
                continue
            }
            let room = Self.wordsMax - words.count
            guard room > 0 else { break }
            // What no host's name has parts the chunk first.
            let pieces = chunk.split(maxSplits: 2 * room) { !Self.isInWord($0) && $0 != "." && $0 != "-" }
            for piece in pieces { words += Self.words(piece) }
        }
        self.words = Array(words.prefix(Self.wordsMax))
        self.markOfEach = self.words.map { Self.mark($0) }
        self.marks = self.markOfEach.reduce(0, |)
    }

    func says(_ phrases: [Phrase]) -> Bool { phrases.contains { $0.occurs(in: self) } }

    /// Of words that begin alike it is the same.
    static func mark(_ word: some StringProtocol) -> UInt64 {
        1 << UInt64(word.utf8.prefix(2).reduce(0) { ($0 &* 31 &+ Int($1)) & 63 })
    }

    private static func words(_ piece: Substring) -> [Substring] {
        var name = piece
        while let last = name.last, last == "." || last == "-" { name = name.dropLast() }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.count == 4, labels.allSatisfy({ UInt8($0) != nil }) { return [Self.network] }
        if Self.isHost(labels) { return [Self.isList(piece) ? Self.list : Self.host] }
        var words: [Substring] = []
        for word in piece.lowercased().split(whereSeparator: { !Self.isInWord($0) }) {
            let text = word.replacing("\u{2019}", with: "'")
            if text.contains(where: Self.isLetterOfItsOwn) {
                words += text.map { Substring(String($0)) }
            } else {
                words.append(text[...])
            }
        }
        return words
    }

    private static func isList(_ name: Substring) -> Bool {
        let name = name.lowercased()
        return Self.lists.contains { name.contains($0) }
    }

    /// Whether parts between dots are those of a host's name; a sentence's last word and the next one's first have a capital between them.
    private static func isHost(_ labels: [Substring]) -> Bool {
        guard labels.count >= 2, let top = labels.last, let first = top.first, top.count >= 2 else { return false }
        let isOneCase = first.isLowercase || labels.allSatisfy { $0.allSatisfy { !$0.isLowercase } }
        return isOneCase && top.allSatisfy { $0.isASCII && $0.isLetter }
            && labels.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isASCII } }
    }

    private static func isInWord(_ character: Character) -> Bool {
        if character == "'" || character == "\u{2019}" { return true }
        guard character.isLetter || character.isNumber, let scalar = character.unicodeScalars.first else {
            return false
        }
        return scalar.isASCII || scalar.value > 0x24F
    }

    /// Of Chinese or Japanese, which have no blanks between words.
    private static func isLetterOfItsOwn(_ character: Character) -> Bool {
        guard let scalar = character.unicodeScalars.first else { return false }
        return (0x3040...0x30FF).contains(scalar.value) || (0x3400...0x9FFF).contains(scalar.value)
    }
}
