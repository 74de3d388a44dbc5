import Domain

/// Takes a condition apart, so that people can be told which part of it a contact does not fit.
package enum ExpressionClauses {
    /// The parts of a condition that all have to hold, as they were written.
    ///
    /// A condition whose outermost word is `or` is one part. Each part is a condition by itself.
    ///
    /// - Parameter text: A condition that was parsed; anything else is given back whole.
    /// - Returns: At least one part.
    package static func split(_ text: String) -> [String] {
        let characters = Array(text.unicodeScalars)
        guard let tokens = try? ExpressionLexer.tokens(of: characters) else { return [text] }
        var lineStarts = [0]
        for (index, character) in characters.enumerated() where character == "\n" { lineStarts.append(index + 1) }
        func offset(_ token: ExpressionToken) -> Int { lineStarts[token.line - 1] + token.column - 1 }
        var parts: [String] = []
        var start = 0
        var depth = 0
        var isBetween = false
        func part(to end: Int) -> String {
            var view = String.UnicodeScalarView()
            view.append(contentsOf: characters[start..<end].drop { $0.properties.isWhitespace })
            while let last = view.last, last.properties.isWhitespace { view.removeLast() }
            return String(view)
        }
        for token in tokens {
            switch token.kind {
            case .open: depth += 1
            case .close: depth -= 1
            case .word where depth == 0:
                if token.isKeyword("or") { return [text] }
                if token.isKeyword("between") { isBetween = true }
                guard token.isKeyword("and") else { continue }
                // The one that belongs to `between a and b`.
                guard !isBetween else {
                    isBetween = false
                    continue
                }
                parts.append(part(to: offset(token)))
                start = offset(token) + token.source.unicodeScalars.count
            default: continue
            }
        }
        parts.append(part(to: characters.count))
        return parts.contains("") ? [text] : parts
    }
}
