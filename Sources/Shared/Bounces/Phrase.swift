/// Words in a row that mean something, as mail systems say it.
///
/// Written as words with blanks between them: `a|b` stands for either, `word*` for all that begin so, `...3` for up to three
/// words of any kind, `!a|b` for neither of them: at the beginning right before it, else right behind.
struct Phrase: Sendable {
    private enum Piece: Sendable {
        /// Together with the marks of all of them.
        case words([Pattern], UInt64)
        case gap(Int)
        case neither([Pattern])
    }

    private struct Pattern: Sendable {
        let text: String
        let isPrefix: Bool

        var mark: UInt64 { self.isPrefix && self.text.utf8.count < 2 ? .max : WordText.mark(self.text) }

        func matches(_ word: Substring) -> Bool { self.isPrefix ? word.hasPrefix(self.text) : word == self.text }
    }

    private let pieces: [Piece]

    init(_ text: String) {
        self.pieces = text.split(separator: " ").map { part in
            if part.hasPrefix("..."), let count = Int(part.dropFirst(3)) { return .gap(count) }
            if part.hasPrefix("!") { return .neither(Self.patterns(part.dropFirst())) }
            let patterns = Self.patterns(part)
            return .words(patterns, patterns.reduce(0) { $0 | $1.mark })
        }
    }

    private static func patterns(_ part: Substring) -> [Pattern] {
        part.split(separator: "|").map { word in
            word.hasSuffix("*")
                ? Pattern(text: String(word.dropLast()), isPrefix: true)
                : Pattern(text: String(word), isPrefix: false)
        }
    }

    func occurs(in text: WordText) -> Bool {
        // Most phrases have a word of which no text has the first letters.
        let isPossible = self.pieces.allSatisfy { piece in
            if case .words(_, let marks) = piece { text.marks & marks != 0 } else { true }
        }
        return isPossible && text.words.indices.contains { self.matches(text, at: $0, piece: 0) }
    }

    private func matches(_ text: WordText, at index: Int, piece: Int) -> Bool {
        guard piece < self.pieces.count else { return true }
        switch self.pieces[piece] {
        case .gap(let count):
            for skipped in 0...count where self.matches(text, at: index + skipped, piece: piece + 1) { return true }
            return false
        case .neither(let patterns):
            let other = piece == 0 ? index - 1 : index
            guard
                !text.words.indices.contains(other) || !patterns.contains(where: { $0.matches(text.words[other]) })
            else { return false }
            return self.matches(text, at: index, piece: piece + 1)
        case .words(let patterns, let marks):
            guard index < text.words.endIndex, text.markOfEach[index] & marks != 0 else { return false }
            return patterns.contains { $0.matches(text.words[index]) }
                && self.matches(text, at: index + 1, piece: piece + 1)
        }
    }
}
