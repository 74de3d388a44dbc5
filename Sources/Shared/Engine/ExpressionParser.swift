package import Domain

/// Reads conditions over fields, as in `state = 'IA' and first_time`.
///
/// | form | for |
/// |---|---|
/// | `field`, `not field` | boolean fields |
/// | `=` `==` `!=` `<>` | every type |
/// | `<` `<=` `>` `>=`, `[not] between … and …` | text, numbers, dates |
/// | `[not] in (…, …)` | text, numbers, dates |
/// | `[not] like '…'` with `%` and `_` | text |
/// | `is empty`, `is not empty` | every type |
/// | `list(NAME)`, `source(NAME)`, `segment(NAME)` | members of a list, people from a source, a defined segment |
/// | `received(CAMPAIGN)`, `unsent(CAMPAIGN)`, `bounced(CAMPAIGN)` | what became of earlier messages; without a name of any campaign |
/// | `and`, `or`, `not`, `( )` | conditions; `not` binds before `and`, `and` before `or` |
///
/// Texts stand in `'…'` or `"…"`, with the quote doubled inside; dates are texts such as `'2026-11-22'`, or
/// `today`, `today - 30d`, `today + 2w`, `today - 6m`, `today - 18y`, in UTC. Keywords may be in any case. No condition at all means everyone.
package enum ExpressionParser {
    /// A condition that people wrote has a few hundred characters; a long list of values belongs in a list.
    package static let lengthMax = 10_000
    /// Brackets and `not` inside each other.
    package static let depthMax = 50
    /// Segments that name each other in a row.
    package static let segmentDepthMax = 20
    /// Values of one `in (…)`.
    package static let literalsMax = 1_000
    /// After so many problems the rest is not worth reading.
    package static let problemsMax = 20

    /// - Parameters:
    ///   - text: The condition.
    ///   - fields: All fields that there are; names are found in any case.
    /// - Returns: The condition with every value of its field's type, or the problems with line and column in `text`,
    ///   from 1.
    package static func parse(_ text: String, fields: [Field]) -> Result<Expression, Diagnostics> {
        self.parse(text, names: ExpressionNames(fields: fields)).map(\.expression)
    }

    /// - Parameters:
    ///   - text: The condition.
    ///   - names: All that it may name.
    /// - Returns: The condition with every value of its field's type, or the problems with line and column in `text`,
    ///   from 1.
    package static func parse(_ text: String, names: ExpressionNames) -> Result<ParsedExpression, Diagnostics> {
        // In bytes first: counting the characters of a huge text is work too.
        guard text.utf8.count <= 4 * self.lengthMax, text.unicodeScalars.count <= self.lengthMax else {
            return .failure(
                Diagnostics([
                    Diagnostic(line: 1, column: 1, "the condition is longer than \(self.lengthMax) characters")
                ])
            )
        }
        do throws(Diagnostic) {
            let tokens = try ExpressionLexer.tokens(of: Array(text.unicodeScalars))
            var reading = ExpressionReading(tokens: tokens, names: names)
            let expression = try reading.expression()
            return expression.map { ParsedExpression(expression: $0, segments: reading.segments) }
        } catch {
            return .failure(Diagnostics([error]))
        }
    }
}

/// Words for messages.
enum ExpressionGrammar {
    static let summary =
        "a condition is a field, a comparison and a value, as in state = 'IA', joined by and, or, not and brackets"
}

/// One walk over an expression's tokens.
struct ExpressionReading {
    private let tokens: [ExpressionToken]
    private var position = 0
    private var depth = 0
    var typing: ExpressionTyping
    let names: ExpressionNames
    /// Segments from the outermost to the one that is read.
    private(set) var chain: [String] = []
    /// The segments met so far.
    var segments: [String: String] = [:]
    /// How much of other segments may still be read.
    var charactersLeft = ExpressionParser.lengthMax

    init(tokens: [ExpressionToken], names: ExpressionNames) {
        self.tokens = tokens
        self.names = names
        self.typing = ExpressionTyping(names)
    }

    /// A walk over the condition of a segment in this one, as deep as this one is by now.
    func inner(tokens: [ExpressionToken], segment: String) -> ExpressionReading {
        var inner = ExpressionReading(tokens: tokens, names: self.names)
        inner.depth = self.depth + 1
        inner.chain = self.chain + [segment]
        inner.charactersLeft = self.charactersLeft
        return inner
    }

    mutating func expression() throws(Diagnostic) -> Result<Expression, Diagnostics> {
        if self.token.kind == .end { return .success(.everyone) }
        let expression: Expression
        do throws(Diagnostic) {
            expression = try self.alternatives()
            guard self.token.kind == .end else { throw self.unexpected("and, or, or the end of the condition") }
        } catch {
            return .failure(Diagnostics(self.typing.problems.prefix(ExpressionParser.problemsMax) + [error]))
        }
        guard self.typing.problems.isEmpty else {
            return .failure(Diagnostics(Array(self.typing.problems.prefix(ExpressionParser.problemsMax))))
        }
        return .success(expression)
    }

    var token: ExpressionToken { self.tokens[self.position] }

    /// Goes on; the last token, the end, is never passed.
    mutating func advance() { if self.position < self.tokens.count - 1 { self.position += 1 } }

    private mutating func takeKeyword(_ keyword: String) -> Bool {
        guard self.token.isKeyword(keyword) else { return false }
        self.advance()
        return true
    }

    func unexpected(_ allowed: String) -> Diagnostic {
        let found =
            self.token.kind == .end ? "the condition ends here" : "'\(self.token.source.prefix(40))' cannot stand here"
        return Diagnostic(line: self.token.line, column: self.token.column, "\(found); allowed is \(allowed)")
    }

    private mutating func alternatives() throws(Diagnostic) -> Expression {
        var terms = [try self.conjunction()]
        while self.takeKeyword("or") { terms.append(try self.conjunction()) }
        return terms.count == 1 ? terms[0] : .or(terms)
    }

    private mutating func conjunction() throws(Diagnostic) -> Expression {
        var terms = [try self.negation()]
        while self.takeKeyword("and") { terms.append(try self.negation()) }
        return terms.count == 1 ? terms[0] : .and(terms)
    }

    private mutating func negation() throws(Diagnostic) -> Expression {
        let start = self.token
        guard self.takeKeyword("not") else { return try self.primary() }
        try self.enter(start)
        defer { self.depth -= 1 }
        return .not(try self.negation())
    }

    private mutating func enter(_ token: ExpressionToken) throws(Diagnostic) {
        self.depth += 1
        guard self.depth <= ExpressionParser.depthMax else {
            throw Diagnostic(
                line: token.line,
                column: token.column,
                "the condition is nested deeper than \(ExpressionParser.depthMax)"
            )
        }
    }

    private mutating func primary() throws(Diagnostic) -> Expression {
        let start = self.token
        switch start.kind {
        case .open:
            self.advance()
            try self.enter(start)
            defer { self.depth -= 1 }
            let inner = try self.alternatives()
            guard self.token.kind == .close else {
                throw self.unexpected("and, or, or ) for the bracket at column \(start.column)")
            }
            self.advance()
            return inner
        case .word(let name) where !Expression.keywords.contains(name.lowercased()):
            self.advance()
            return try self.condition(on: start, name: name)
        case .text, .integer, .decimal:
            throw self.unexpected("a field's name first and its value after it, as in state = 'IA'")
        default: throw self.unexpected("a field's name, not, or (")
        }
    }

    /// What follows a field's name.
    private mutating func condition(on token: ExpressionToken, name: String) throws(Diagnostic) -> Expression {
        if let function = ExpressionFunction(rawValue: name.lowercased()) {
            if self.token.kind == .open { return try self.call(function, at: token) }
            let isField = self.names.fields.contains { $0.name == name.lowercased() }
            if !isField, function.history != nil { return try self.call(function, at: token, isBare: true) }
        }
        let field = try self.typing.field(name, at: token)
        if case .comparison(let comparison) = self.token.kind {
            let sign = self.token
            self.advance()
            let value = try self.value()
            return self.typing.compare(field, comparison, at: sign, value)
        }
        if self.takeKeyword("is") {
            let isNegated = self.takeKeyword("not")
            guard self.takeKeyword("empty") || self.takeKeyword("null") else {
                throw self.unexpected("empty or not empty, as in \(name) is empty")
            }
            return self.typing.emptiness(field, negated: isNegated)
        }
        let word = self.token
        let isNegated = self.token.isKeyword("not")
        if isNegated { self.advance() }
        if self.takeKeyword("in") { return try self.list(field, at: word, negated: isNegated) }
        if self.takeKeyword("like") {
            let pattern = try self.value()
            return self.typing.like(field, at: word, pattern, negated: isNegated)
        }
        if self.takeKeyword("between") {
            let lower = try self.value()
            guard self.takeKeyword("and") else { throw self.unexpected("and with the upper value") }
            let upper = try self.value()
            return self.typing.between(field, at: word, lower, upper, negated: isNegated)
        }
        if isNegated { throw self.unexpected("in, like or between") }
        return try self.bare(field, at: token)
    }

    /// A field by itself, which must be boolean; what comes next tells whether a comparison was meant.
    private mutating func bare(_ field: Field?, at token: ExpressionToken) throws(Diagnostic) -> Expression {
        switch self.token.kind {
        case .end, .close: break
        case .word where self.token.isKeyword("and") || self.token.isKeyword("or"): break
        default: throw self.unexpected("a comparison (= != < <= > >=), in, like, between, is empty, and, or")
        }
        return self.typing.truth(field, at: token)
    }

    private mutating func list(
        _ field: Field?,
        at word: ExpressionToken,
        negated: Bool
    ) throws(Diagnostic) -> Expression {
        guard self.token.kind == .open else { throw self.unexpected("( and values, as in state in ('IA', 'NH')") }
        self.advance()
        var values = [try self.value()]
        while self.token.kind == .comma {
            self.advance()
            guard values.count < ExpressionParser.literalsMax else {
                throw self.unexpected("at most \(ExpressionParser.literalsMax) values; import a list instead")
            }
            values.append(try self.value())
        }
        guard self.token.kind == .close else { throw self.unexpected("a comma and a further value, or )") }
        self.advance()
        return self.typing.oneOf(field, at: word, values, negated: negated)
    }

    private mutating func value() throws(Diagnostic) -> ExpressionToken {
        let token = self.token
        switch token.kind {
        case .word where token.isKeyword("today"): return try self.day()
        case .text, .integer, .decimal: break
        case .word where token.isKeyword("true") || token.isKeyword("false"): break
        case .word(let word):
            throw self.unexpected("a value: a number, true, false, or a text in quotes such as '\(word.prefix(40))'")
        default: throw self.unexpected("a value: a number, true, false, or a text in quotes such as 'IA'")
        }
        self.advance()
        return token
    }

    /// `today`, and how far from it.
    private mutating func day() throws(Diagnostic) -> ExpressionToken {
        let start = self.token
        guard let today = self.names.today else {
            throw self.unexpected("a day such as '2026-11-22'")
        }
        self.advance()
        var count: Int64 = 0
        var unit = CalendarDay.Unit.day
        var source = start.source
        if self.token.kind == .plus || self.token.kind == .minus {
            let isBack = self.token.kind == .minus
            self.advance()
            guard case .period(let length, let kind) = self.token.kind, length >= 0 else {
                throw self.unexpected("a length of time such as 30d, 2w, 6m or 18y")
            }
            (count, unit) = (isBack ? -length : length, kind)
            source += " \(isBack ? "-" : "+") \(self.token.source)"
            self.advance()
        } else if case .period(let length, let kind) = self.token.kind, length < 0 {
            (count, unit) = (length, kind)
            source += self.token.source
            self.advance()
        }
        guard let day = CalendarDay.adding(count, unit, to: today) else {
            throw Diagnostic(
                line: start.line,
                column: start.column,
                "\(source) is no day of the years 0 to 9999"
            )
        }
        return ExpressionToken(kind: .day(day), source: source, line: start.line, column: start.column)
    }
}
