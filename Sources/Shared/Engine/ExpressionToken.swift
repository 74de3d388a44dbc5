import Domain

/// A piece of an expression's text.
struct ExpressionToken {
    enum Kind: Equatable {
        /// A field's name or a keyword.
        case word(String)
        case text(String)
        case integer(Int64)
        case decimal(Double)
        /// A length of time: `30d`, `-2w`.
        case period(Int64, CalendarDay.Unit)
        /// A day that was counted from `today`, as `2026-11-22`.
        case day(String)
        case plus
        case minus
        case comparison(Expression.Comparison)
        case open
        case close
        case comma
        case end
    }

    let kind: Kind
    /// As it was written, for messages.
    let source: String
    let line: Int
    /// In characters, from 1.
    let column: Int

    /// A keyword in any case.
    func isKeyword(_ keyword: String) -> Bool {
        guard case .word(let word) = self.kind else { return false }
        return word.lowercased() == keyword
    }
}

/// Cuts an expression's text into tokens.
struct ExpressionLexer {
    private let characters: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var lineStart = 0

    init(_ characters: [Unicode.Scalar]) { self.characters = characters }

    /// - Returns: All tokens, the last of which is the end.
    static func tokens(of characters: [Unicode.Scalar]) throws(Diagnostic) -> [ExpressionToken] {
        var lexer = Self(characters)
        var tokens: [ExpressionToken] = []
        repeat { tokens.append(try lexer.next()) } while tokens.last?.kind != .end
        return tokens
    }

    private var current: Unicode.Scalar? { self.index < self.characters.count ? self.characters[self.index] : nil }

    private mutating func next() throws(Diagnostic) -> ExpressionToken {
        while let character = self.current, character.properties.isWhitespace {
            self.index += 1
            if character == "\n" { (self.line, self.lineStart) = (self.line + 1, self.index) }
        }
        let start = self.index
        let (line, column) = (self.line, start - self.lineStart + 1)
        let kind = try self.readKind()
        var source = String.UnicodeScalarView()
        source.append(contentsOf: self.characters[start..<self.index])
        return ExpressionToken(kind: kind, source: String(source), line: line, column: column)
    }

    private mutating func readKind() throws(Diagnostic) -> ExpressionToken.Kind {
        guard let character = self.current else { return .end }
        switch character {
        case "(": return self.take(1, .open)
        case ")": return self.take(1, .close)
        case ",": return self.take(1, .comma)
        case "'", "\"": return try self.readText(quote: character)
        case "=", "!", "<", ">": return try self.readComparison(character)
        case "+": return self.take(1, .plus)
        case "-" where !self.isDigit(at: self.index + 1): return self.take(1, .minus)
        case "0"..."9", "-": return try self.readNumber()
        case "a"..."z", "A"..."Z", "_": return self.readWord()
        case "\u{2018}", "\u{2019}", "\u{201C}", "\u{201D}":
            throw self.problem("'\(character)' is a typographic quote; write texts in straight quotes, as in 'IA'")
        default: throw self.problem("'\(Self.shown(character))' has no meaning here; \(ExpressionGrammar.summary)")
        }
    }

    private mutating func take(_ count: Int, _ kind: ExpressionToken.Kind) -> ExpressionToken.Kind {
        self.index += count
        return kind
    }

    private mutating func readComparison(_ first: Unicode.Scalar) throws(Diagnostic) -> ExpressionToken.Kind {
        let second = self.index + 1 < self.characters.count ? self.characters[self.index + 1] : " "
        switch (first, second) {
        case ("=", "="): return self.take(2, .comparison(.equal))
        case ("=", _): return self.take(1, .comparison(.equal))
        case ("!", "="), ("<", ">"): return self.take(2, .comparison(.notEqual))
        case ("<", "="): return self.take(2, .comparison(.lessOrEqual))
        case (">", "="): return self.take(2, .comparison(.greaterOrEqual))
        case ("<", _): return self.take(1, .comparison(.less))
        case (">", _): return self.take(1, .comparison(.greater))
        default: throw self.problem("'!' has no meaning alone; write != or not")
        }
    }

    /// A text in quotes of either kind; the same quote twice stands for one.
    private mutating func readText(quote: Unicode.Scalar) throws(Diagnostic) -> ExpressionToken.Kind {
        let opening = self.problem("the text that begins here has no closing \(quote)")
        self.index += 1
        var text = String.UnicodeScalarView()
        while let character = self.current {
            self.index += 1
            if character == quote {
                guard self.current == quote else { return .text(String(text)) }
                self.index += 1
            } else if character == "\0" {
                self.index -= 1
                throw self.problem("a text cannot have a NUL character")
            } else if character == "\n" {
                (self.line, self.lineStart) = (self.line + 1, self.index)
            }
            text.append(character)
        }
        throw opening
    }

    private mutating func readNumber() throws(Diagnostic) -> ExpressionToken.Kind {
        let start = self.index
        if self.current == "-" { self.index += 1 }
        let digits = self.skipDigits()
        var isDecimal = false
        if self.current == "." {
            isDecimal = true
            self.index += 1
        }
        let fraction = isDecimal ? self.skipDigits() : 1
        if !isDecimal, digits > 0, let unit = self.unit() {
            var source = String.UnicodeScalarView()
            source.append(contentsOf: self.characters[start..<self.index])
            self.index += 1
            guard let count = Int64(String(source)) else {
                self.index = start
                throw self.problem("the length of time \(String(source)) is too large")
            }
            return .period(count, unit)
        }
        let isWord = self.current.map { $0 == "_" || $0 == "." || $0.properties.isAlphabetic } ?? false
        var source = String.UnicodeScalarView()
        source.append(contentsOf: self.characters[start..<self.index])
        let text = String(source)
        guard digits > 0, fraction > 0, !isWord else {
            self.index = start
            throw self.problem("this is no number; write 42, -7 or 19.99, or a text in quotes")
        }
        if !isDecimal, let value = Int64(text) { return .integer(value) }
        guard isDecimal, let value = Double(text), value.isFinite else {
            self.index = start
            throw self.problem("the number \(text) is too large")
        }
        return .decimal(value)
    }

    private func isDigit(at index: Int) -> Bool {
        self.characters.indices.contains(index) && ("0"..."9").contains(self.characters[index])
    }

    /// The unit of a length of time that stands here, one letter with nothing of a word after it.
    private func unit() -> CalendarDay.Unit? {
        guard let character = self.current, let unit = CalendarDay.Unit(rawValue: Character(character).lowercased())
        else { return nil }
        guard self.index + 1 < self.characters.count else { return unit }
        let next = self.characters[self.index + 1]
        return next == "_" || next.properties.isAlphabetic || ("0"..."9").contains(next) ? nil : unit
    }

    private mutating func skipDigits() -> Int {
        let start = self.index
        while let character = self.current, ("0"..."9").contains(character) { self.index += 1 }
        return self.index - start
    }

    private mutating func readWord() -> ExpressionToken.Kind {
        var word = String.UnicodeScalarView()
        while let character = self.current {
            switch character {
            case "a"..."z", "A"..."Z", "0"..."9", "_": word.append(character)
            default: return .word(String(word))
            }
            self.index += 1
        }
        return .word(String(word))
    }

    private func problem(_ message: String) -> Diagnostic {
        Diagnostic(line: self.line, column: self.index - self.lineStart + 1, message)
    }

    private static func shown(_ character: Unicode.Scalar) -> String {
        character.properties.generalCategory == .control
            ? "U+\(String(character.value, radix: 16, uppercase: true))" : String(character)
    }
}
