/// Shows a piece of a cell in a message.
enum Excerpt {
    static let charactersMax = 40

    static func quoted(_ cell: UnsafeBufferPointer<UInt8>) -> String {
        let text = String(decoding: cell.prefix(4 * self.charactersMax), as: UTF8.self)
        var shown = String.UnicodeScalarView()
        for scalar in text.unicodeScalars.prefix(self.charactersMax) {
            shown.append(scalar.properties.generalCategory == .control ? "\u{FFFD}" : scalar)
        }
        return "'\(String(shown))\(text.unicodeScalars.count > self.charactersMax ? "…" : "")'"
    }
}
