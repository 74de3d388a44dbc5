package import Domain

/// A condition that was read, and the conditions of the segments in it.
package struct ParsedExpression: Hashable, Sendable {
    package let expression: Expression
    /// Every segment that it names, also by way of others, with its condition.
    package let segments: [String: String]
}

/// Conditions that are no comparison with a field: `list(iowa)`, `received('first-caucus')`.
enum ExpressionFunction: String, CaseIterable {
    case list
    case source
    case segment
    case received
    case unsent
    case bounced
    case complained
    case opened
    case clicked

    /// What people did or what became of what was sent to them.
    var history: Expression.History? { Expression.History(rawValue: self.rawValue) }

    static let summary =
        "list(NAME), source(NAME), segment(NAME), received(CAMPAIGN), unsent(CAMPAIGN), bounced(CAMPAIGN), "
        + "complained(CAMPAIGN), opened(CAMPAIGN) and clicked(CAMPAIGN)"
}

/// Lists, sources, segments, and what was sent before.
extension ExpressionReading {
    /// Reads what stands in brackets behind a function's name.
    ///
    /// - Parameters:
    ///   - function: Already read, and after it an opening bracket, unless `isBare`.
    ///   - token: The function's name.
    ///   - isBare: Whether it stands without brackets.
    /// - Returns: The condition.
    /// - Throws: What ends the reading.
    mutating func call(
        _ function: ExpressionFunction,
        at token: ExpressionToken,
        isBare: Bool = false
    ) throws(Diagnostic) -> Expression {
        var argument: ExpressionToken?
        if !isBare {
            self.advance()
            if self.token.kind != .close { argument = try self.name(for: function) }
            guard self.token.kind == .close else { throw self.unexpected(") after the name") }
            self.advance()
        }
        if let history = function.history { return try self.history(history, of: argument) }
        guard let argument, let name = argument.name else {
            throw Diagnostic(
                line: token.line,
                column: token.column,
                "\(function.rawValue) needs a name, as in \(function.rawValue)('iowa')"
            )
        }
        switch function {
        case .list:
            guard self.names.lists.contains(name) else { return try self.unknown("list", argument, self.names.lists) }
            return .list(name)
        case .source:
            guard self.names.sources.contains(name) else {
                return try self.unknown("source", argument, self.names.sources)
            }
            return .source(name)
        case .segment: return try self.segment(name, at: argument)
        case .received, .unsent, .bounced, .complained, .opened, .clicked: return .everyone
        }
    }

    private mutating func name(for function: ExpressionFunction) throws(Diagnostic) -> ExpressionToken {
        let token = self.token
        guard token.name != nil else {
            throw self.unexpected("a name, as in \(function.rawValue)('iowa')")
        }
        self.advance()
        return token
    }

    private mutating func unknown(
        _ kind: String,
        _ token: ExpressionToken,
        _ known: [String]
    ) throws(Diagnostic) -> Expression {
        let name = token.name ?? ""
        let near = nearestName(to: name, in: known).map { "did you mean '\($0)'?" }
        let some = known.sorted().prefix(20).joined(separator: ", ")
        let advice = near ?? (known.isEmpty ? "there is none" : "there are \(some)\(known.count > 20 ? ", …" : "")")
        try self.typing.report(token, "unknown \(kind) '\(name.prefix(80))'; \(advice)")
        return .everyone
    }

    /// Which campaigns are meant: by name or by id, as in `c7`; all without one.
    private mutating func history(
        _ history: Expression.History,
        of token: ExpressionToken?
    ) throws(Diagnostic) -> Expression {
        guard let token, let name = token.name else { return .history(history, campaigns: nil) }
        let found = self.names.campaigns.filter { $0.name == name || $0.id.publicID == name }
        guard !found.isEmpty else {
            return try self.unknown("campaign", token, Array(Set(self.names.campaigns.map(\.name))))
        }
        return .history(history, campaigns: found.map(\.id))
    }

    /// The condition of a segment in place of its name.
    private mutating func segment(_ name: String, at token: ExpressionToken) throws(Diagnostic) -> Expression {
        guard let text = self.names.segments[name] else {
            return try self.unknown("segment", token, Array(self.names.segments.keys))
        }
        if let first = self.chain.firstIndex(of: name) {
            let path = (self.chain[first...] + [name]).joined(separator: " → ")
            try self.typing.report(token, "a segment cannot be part of itself: \(path)")
            return .everyone
        }
        self.charactersLeft -= text.unicodeScalars.count
        guard self.charactersLeft >= 0 else {
            throw Diagnostic(
                line: token.line,
                column: token.column,
                "with its segments the condition is longer than \(ExpressionParser.lengthMax) characters"
            )
        }
        guard self.chain.count < ExpressionParser.segmentDepthMax else {
            throw Diagnostic(
                line: token.line,
                column: token.column,
                "more than \(ExpressionParser.segmentDepthMax) segments within each other"
            )
        }
        self.segments[name] = text
        do throws(Diagnostic) {
            var inner = self.inner(
                tokens: try ExpressionLexer.tokens(of: Array(text.unicodeScalars)),
                segment: name
            )
            switch try inner.expression() {
            case .success(let expression):
                self.charactersLeft = inner.charactersLeft
                self.segments.merge(inner.segments) { first, _ in first }
                return expression
            case .failure(let problems): throw problems.diagnostics.first ?? Diagnostic(.error, "cannot be read")
            }
        } catch {
            try self.typing.report(
                token,
                "segment '\(name)' cannot be used: line \(error.line), column \(error.column): \(error.message)"
            )
            return .everyone
        }
    }
}

extension ExpressionToken {
    /// The name that a word or a text is.
    var name: String? {
        switch self.kind {
        case .word(let word): word
        case .text(let text): text
        default: nil
        }
    }
}
