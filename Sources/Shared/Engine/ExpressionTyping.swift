import Domain

/// Checks an expression's fields and values, and collects what is wrong with them.
struct ExpressionTyping {
    private let fields: [String: Field]
    private let names: [String]
    private let canonical: @Sendable (ExpressionNames.ContactName, String) -> String?
    private(set) var problems: [Diagnostic] = []

    init(_ names: ExpressionNames) {
        self.fields = Dictionary(names.fields.map { ($0.name, $0) }) { first, _ in first }
        self.names = names.fields.map(\.name)
        self.canonical = names.canonical
    }

    /// Stands in for a condition that has a problem; the result is thrown away.
    private static let refused = Expression.everyone

    /// - Returns: `nil` when there is no such field, which is then among the problems.
    mutating func field(_ name: String, at token: ExpressionToken) throws(Diagnostic) -> Field? {
        if let field = self.fields[name] ?? self.fields[name.lowercased()] { return field }
        let advice =
            nearestName(to: name, in: self.names).map { "did you mean '\($0)'?" }
            ?? "there are \(self.names.prefix(30).joined(separator: ", "))\(self.names.count > 30 ? ", …" : "")"
        try self.report(token, "unknown field '\(name.prefix(80))'; \(advice)")
        return nil
    }

    /// A field that can be compared; one that is open has no type by which to read a value, and gets one that may not fit.
    private mutating func settled(_ field: Field?, at token: ExpressionToken) -> Field? {
        guard let field, field.isOpen else { return field }
        _ = self.refuse(
            token,
            "\(field.name) has no values yet, so nothing tells whether it is text, a number or a day; until an import brings some, "
                + "only \(field.name) is empty can stand here, unless a mapping file says its type (types: { \(field.name): … })"
        )
        return nil
    }

    mutating func truth(_ field: Field?, at token: ExpressionToken) -> Expression {
        guard let field = self.settled(field, at: token) else { return Self.refused }
        guard field.type == .boolean else {
            return self.refuse(
                token,
                "\(Self.described(field)) and no condition by itself; compare it, as in \(Self.example(field))"
            )
        }
        return .truth(field)
    }

    mutating func emptiness(_ field: Field?, negated: Bool) -> Expression {
        field.map { .isEmpty($0, negated: negated) } ?? Self.refused
    }

    mutating func compare(
        _ field: Field?,
        _ comparison: Expression.Comparison,
        at sign: ExpressionToken,
        _ value: ExpressionToken
    ) -> Expression {
        guard let field = self.settled(field, at: sign) else { return Self.refused }
        if field.type == .boolean, comparison != .equal, comparison != .notEqual {
            return self.refuse(sign, "\(Self.described(field)); only = and != can stand here")
        }
        guard let literal = self.literal(value, for: field) else { return Self.refused }
        guard [.equal, .notEqual].contains(comparison) else { return .compare(field, comparison, literal) }
        let forms = self.forms(of: literal, for: field)
        if let only = forms.first, forms.count == 1 { return .compare(field, comparison, only) }
        return .oneOf(field, forms, negated: comparison == .notEqual)
    }

    /// What a value is compared as: an address in the form in which all its spellings are one, a telephone number in each that is stored.
    private func forms(of literal: Expression.Literal, for field: Field) -> [Expression.Literal] {
        guard case .text(let text) = literal, let name = ExpressionNames.ContactName(rawValue: field.name) else {
            return [literal]
        }
        switch name {
        case .email: return [.text(self.canonical(.email, text) ?? EmailAddress.key(fromOlder: text.lowercased()))]
        case .phone: return self.canonical(.phone, text).map { PhoneKey.forms(of: $0).map { .text($0) } } ?? [literal]
        }
    }

    mutating func oneOf(
        _ field: Field?,
        at word: ExpressionToken,
        _ values: [ExpressionToken],
        negated: Bool
    ) -> Expression {
        guard let field = self.settled(field, at: word) else { return Self.refused }
        guard field.type != .boolean else { return self.refuse(word, Self.noBoolean(field, "in")) }
        var literals: [Expression.Literal] = []
        for value in values {
            guard let literal = self.literal(value, for: field) else { return Self.refused }
            literals += self.forms(of: literal, for: field)
        }
        return .oneOf(field, literals, negated: negated)
    }

    mutating func like(
        _ field: Field?,
        at word: ExpressionToken,
        _ pattern: ExpressionToken,
        negated: Bool
    ) -> Expression {
        guard let field = self.settled(field, at: word) else { return Self.refused }
        guard field.type == .text else {
            return self.refuse(word, "\(Self.described(field)); like works on text only")
        }
        guard case .text(let text) = pattern.kind else {
            return self.refuse(pattern, "like takes a text in quotes, with % for any characters, as in 'A%'")
        }
        return .like(field, pattern: text, negated: negated)
    }

    mutating func between(
        _ field: Field?,
        at word: ExpressionToken,
        _ lower: ExpressionToken,
        _ upper: ExpressionToken,
        negated: Bool
    ) -> Expression {
        guard let field = self.settled(field, at: word) else { return Self.refused }
        guard field.type != .boolean else { return self.refuse(word, Self.noBoolean(field, "between")) }
        guard let lowest = self.literal(lower, for: field), let highest = self.literal(upper, for: field) else {
            return Self.refused
        }
        return .between(field, lowest, highest, negated: negated)
    }

    private mutating func literal(_ token: ExpressionToken, for field: Field) -> Expression.Literal? {
        switch (field.type, token.kind) {
        case (.text, .text(let text)): return .text(text)
        case (.integer, .integer(let value)): return .integer(value)
        case (.decimal, .integer(let value)): return .decimal(Double(value))
        case (.decimal, .decimal(let value)): return .decimal(value)
        case (.boolean, .word): return .boolean(token.isKeyword("true"))
        case (.date, .day(let day)): return .date(day)
        case (.date, .text(let text)) where CalendarDay.isDay(text): return .date(text)
        case (_, .day):
            self.problems.append(
                Diagnostic(
                    line: token.line,
                    column: token.column,
                    "\(Self.described(field)), and only a field of type date can be compared with a day; "
                        + "the first import of a field settles its type"
                )
            )
            return nil
        default:
            self.problems.append(
                Diagnostic(
                    line: token.line,
                    column: token.column,
                    "\(Self.described(field)), \(token.source.prefix(40)) is not; write \(Self.allowed(field, token))"
                )
            )
            return nil
        }
    }

    private mutating func refuse(_ token: ExpressionToken, _ message: String) -> Expression {
        self.problems.append(Diagnostic(line: token.line, column: token.column, message))
        return Self.refused
    }

    /// Looking for the nearest name is what costs here, so there is an end to it.
    mutating func report(_ token: ExpressionToken, _ message: String) throws(Diagnostic) {
        let problem = Diagnostic(line: token.line, column: token.column, message)
        guard self.problems.count < ExpressionParser.problemsMax else { throw problem }
        self.problems.append(problem)
    }

    private static func described(_ field: Field) -> String {
        switch field.type {
        case .text: "\(field.name) is text"
        case .integer: "\(field.name) is a whole number"
        case .decimal: "\(field.name) is a number"
        case .boolean: "\(field.name) is true or false"
        case .date: "\(field.name) is a day"
        }
    }

    private static func noBoolean(_ field: Field, _ word: String) -> String {
        "\(self.described(field)); \(word) cannot stand here, write \(field.name) or not \(field.name)"
    }

    private static func allowed(_ field: Field, _ token: ExpressionToken) -> String {
        switch field.type {
        case .text:
            if case .text = token.kind { "a text in quotes" } else { "'\(token.source.prefix(40))' in quotes" }
        case .integer: "a number such as 42, without quotes or fraction"
        case .decimal: "a number such as 42 or 19.99, without quotes"
        case .boolean: "true or false, without quotes"
        case .date: "a day that exists, such as '2026-11-22', in quotes, or today - 30d"
        }
    }

    private static func example(_ field: Field) -> String {
        switch field.type {
        case .text: "\(field.name) = 'IA'"
        case .integer, .decimal: "\(field.name) > 10"
        case .boolean: field.name
        case .date: "\(field.name) >= '2026-11-22'"
        }
    }
}
