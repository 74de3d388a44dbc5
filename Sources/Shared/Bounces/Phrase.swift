/// Words in a row that mean something, as mail systems say it.
///
/// Written as words with blanks between them: `a|b` stands for either, `word*` for all that begin so, `...3` for up to three
/// words of any kind, `!a|b` for neither of them: at the beginning right before it, else right behind.
struct Phrase: Sendable {
    private enum Piece: Sendable {
        case words([Pattern])
        case gap(Int)
        case neither([Pattern])
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
            return part.hasPrefix("!") ? .neither(Self.patterns(part.dropFirst())) : .words(Self.patterns(part))
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
        text.words.indices.contains { self.matches(text.words[...], at: $0, piece: 0) }
    }

    private func matches(_ words: ArraySlice<Substring>, at index: Int, piece: Int) -> Bool {
        guard piece < self.pieces.count else { return true }
        switch self.pieces[piece] {
        case .gap(let count):
            for skipped in 0...count where self.matches(words, at: index + skipped, piece: piece + 1) { return true }
            return false
        case .neither(let patterns):
            let other = piece == 0 ? index - 1 : index
            guard !words.indices.contains(other) || !patterns.contains(where: { $0.matches(words[other]) }) else {
                return false
            }
            return self.matches(words, at: index, piece: piece + 1)
        case .words(let patterns):
            guard index < words.endIndex else { return false }
            return patterns.contains { $0.matches(words[index]) }
                && self.matches(words, at: index + 1, piece: piece + 1)
        }
    }
}
