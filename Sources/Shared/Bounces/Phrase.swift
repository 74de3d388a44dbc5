/// Words in a row that mean something, as mail systems say it.
///
/// Written as words with blanks between them: `a|b` stands for either, `word*` for all that begin so, `...3` for up to three
/// words of any kind.
struct Phrase: Sendable {
    private enum Piece: Sendable {
        case words([Pattern])
        case gap(Int)
    }

    private struct Pattern: Sendable {
        let text: String
        let isPrefix: Bool

        func matches(_ word: Substring) -> Bool { self.isPrefix ? word.hasPrefix(self.text) : word == self.text }
    }

    private let pieces: [Piece]

    init(_ text: String) {
        self.pieces = text.split(separator: " ").map { part in
            if part.hasPrefix("..."), let count = Int(part.dropFirst(3)) { return .gap(count) }
            return .words(
                part.split(separator: "|").map { word in
                    word.hasSuffix("*")
                        ? Pattern(text: String(word.dropLast()), isPrefix: true)
                        : Pattern(text: String(word), isPrefix: false)
                }
            )
        }
    }

    func occurs(in text: WordText) -> Bool {
        text.words.indices.contains { self.matches(text.words[...], at: $0, piece: 0) }
    }

    private func matches(_ words: ArraySlice<Substring>, at index: Int, piece: Int) -> Bool {
        guard piece < self.pieces.count else { return true }
        switch self.pieces[piece] {
        case .gap(let count):
            for skipped in 0...count where self.matches(words, at: index + skipped, piece: piece + 1) { return true }
            return false
        case .words(let patterns):
            guard index < words.endIndex else { return false }
            return patterns.contains { $0.matches(words[index]) }
                && self.matches(words, at: index + 1, piece: piece + 1)
        }
    }
}

/// A text as lower-case words, without addresses and links: a mailbox called `full@` is not full.
struct WordText {
    /// Words that are looked at.
    static let wordsMax = 4_000

    let words: [Substring]

    init(_ text: some StringProtocol) {
        var words: [Substring] = []
        for chunk in text.lowercased().split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\n" }) {
            if chunk.contains("@") || chunk.contains("://") { continue }
            let room = Self.wordsMax - words.count
            guard room > 0 else { break }
            words += chunk.split(maxSplits: 2 * room) { !($0.isLetter || $0.isNumber || $0 == "'") }.prefix(room)
        }
        self.words = words
    }

    func says(_ phrases: [Phrase]) -> Bool { phrases.contains { $0.occurs(in: self) } }
}
