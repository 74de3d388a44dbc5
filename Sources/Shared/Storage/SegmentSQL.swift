package import Domain

/// A segment's condition as SQL: columns that the caller names, values that are only ever bound.
///
/// Nothing of the user's text gets into the statement: fields were found in a list by ``Expression``'s maker, and
/// every value is a parameter.
///
/// `LIKE` follows SQLite: `%`, `_`, no escape character, and ASCII letters match in either case. A pattern with other letters becomes
/// a `GLOB` that names both cases. PostgreSQL says both with `ILIKE … ESCAPE ''`, which a driver for it must put in their place.
package struct SegmentSQL: Sendable {
    /// An expression that is true, false or NULL for a contact; in brackets where it needs them.
    package let condition: String
    /// Values of the parameters, in their order.
    package let bindings: [SQLValue]

    /// - Parameters:
    ///   - expression: Every literal is of its field's type.
    ///   - firstParameter: Number of the first parameter, from 1.
    ///   - column: SQL that gives a field's value for comparing: text and days as text, numbers as numbers, booleans
    ///     as 1 and 0.
    package init(
        _ expression: Expression,
        firstParameter: Int,
        column: @escaping (Field) -> String = { $0.comparedExpression() }
    ) {
        var writer = SegmentWriter(firstParameter: firstParameter, column: column)
        self.condition = writer.sql(expression)
        self.bindings = writer.bindings
    }
}

private struct SegmentWriter {
    let firstParameter: Int
    let column: (Field) -> String
    var bindings: [SQLValue] = []

    /// SQL and how many places of a parser's stack it needs: SQLite's has 100, and more is an error.
    struct Piece {
        let sql: String
        let stack: Int
    }

    /// More than any condition on one field needs.
    private static let stackOfLeaf = 6
    /// More than a question to another table needs.
    private static let stackOfQuestion = 24

    mutating func sql(_ expression: Expression) -> String { self.piece(expression).sql }

    private mutating func piece(_ expression: Expression) -> Piece {
        switch expression {
        case .and(let terms): return self.joined(terms, by: "AND", none: "1 = 1")
        case .or(let terms): return self.joined(terms, by: "OR", none: "1 = 0")
        case .not(.not(let inner)): return self.piece(inner)
        case .not(let inner):
            let piece = self.piece(inner)
            return Piece(sql: "NOT \(piece.sql)", stack: piece.stack + 1)
        case .list, .source, .history: return Piece(sql: self.leaf(expression), stack: Self.stackOfQuestion)
        default: return Piece(sql: self.leaf(expression), stack: Self.stackOfLeaf)
        }
    }

    /// Joins the two that need least, until there is one.
    ///
    /// So a chain of n terms is log n deep, and one term that is deep itself gets one deeper.
    /// The deeper one of two stands on the left, where the parser has one bracket on its stack and not three things.
    private mutating func joined(_ terms: [Expression], by word: String, none: String) -> Piece {
        var pieces: [Piece] = []
        for term in terms { Self.insert(self.piece(term), into: &pieces) }
        while pieces.count > 1 {
            let right = pieces.removeLast()
            let left = pieces.removeLast()
            let (deep, flat) = left.stack >= right.stack ? (left, right) : (right, left)
            let stack = max(deep.stack + 1, flat.stack + 3)
            Self.insert(Piece(sql: "(\(deep.sql) \(word) \(flat.sql))", stack: stack), into: &pieces)
        }
        return pieces.first ?? Piece(sql: none, stack: Self.stackOfLeaf)
    }

    /// Keeps the pieces in falling order of their need; of equals the earlier comes last.
    private static func insert(_ piece: Piece, into pieces: inout [Piece]) {
        var (lowest, highest) = (0, pieces.count)
        while lowest < highest {
            let middle = (lowest + highest) / 2
            if pieces[middle].stack < piece.stack { highest = middle } else { lowest = middle + 1 }
        }
        pieces.insert(piece, at: lowest)
    }

    private mutating func leaf(_ expression: Expression) -> String {
        switch expression {
        case .truth(let field): return "\(self.column(field)) = 1"
        case .compare(let field, let comparison, let literal):
            let column = [.equal, .notEqual].contains(comparison) ? self.sameness(of: field) : self.column(field)
            return "\(column) \(Self.sign(comparison)) \(self.bind(literal))"
        case .oneOf(let field, let literals, let negated):
            guard !literals.isEmpty else { return negated ? "1 = 1" : "1 = 0" }
            let column = self.sameness(of: field)
            let values = literals.map { self.bind($0) }.joined(separator: ", ")
            return "\(column) \(negated ? "NOT IN" : "IN") (\(values))"
        case .like(let field, let pattern, let negated):
            let word = GlobPattern.isNeeded(for: pattern) ? "GLOB" : "LIKE"
            let value = word == "GLOB" ? GlobPattern.of(pattern) : pattern
            return "\(self.column(field)) \(negated ? "NOT \(word)" : word) \(self.bind(.text(value)))"
        case .between(let field, let lower, let upper, let negated):
            let column = self.column(field)
            let lowest = self.bind(lower)
            return "(\(column) \(negated ? "NOT BETWEEN" : "BETWEEN") \(lowest) AND \(self.bind(upper)))"
        case .isEmpty(let field, let negated): return "\(self.column(field)) IS \(negated ? "NOT NULL" : "NULL")"
        case .list(let name):
            return "EXISTS (SELECT 1 FROM list_member m WHERE m.list = "
                + "(SELECT id FROM list WHERE name = \(self.bind(.text(name)))) AND m.contact = c.id)"
        case .source(let name):
            let parameter = self.bind(.text(name))
            return """
                (c.source IN (SELECT id FROM source WHERE name = \(parameter)) OR EXISTS (SELECT 1 FROM contact_source m
                    JOIN source s ON s.id = m.source WHERE m.contact = c.id AND s.name = \(parameter)))
                """
        case .history(let history, let campaigns): return self.history(history, campaigns)
        case .everyone, .and, .or, .not: return "1 = 1"
        }
    }

    /// What tells whether two values are the same: of an address its key, since capitals make no other mailbox.
    private func sameness(of field: Field) -> String {
        let column = self.column(field)
        guard BuiltInField(rawValue: field.name) == .email else { return column }
        // Whoever has no address has another key, which stands for nothing here.
        return "CASE WHEN \(column) IS NOT NULL THEN \(column)_key END"
    }

    private mutating func history(_ history: Expression.History, _ campaigns: [Campaign.ID]?) -> String {
        switch history {
        case .received: return self.targets(.accepted, campaigns)
        case .unsent: return self.unsent(campaigns)
        case .bounced:
            let atOnce = self.targets(.bounced, campaigns)
            return "(\(atOnce) OR \(self.events(.bounced, campaigns, "AND e.reason <> 'temporary'")))"
        case .complained: return self.events(.complained, campaigns)
        case .opened: return self.events(.opened, campaigns)
        case .clicked: return self.events(.clicked, campaigns)
        }
    }

    /// Asks once for all who have that outcome, not for each contact: targets are found by campaign, not by contact.
    private mutating func targets(_ outcome: Outcome, _ campaigns: [Campaign.ID]?) -> String {
        let state = self.bind(.integer(Int64(outcome.rawValue)))
        guard let campaigns else { return "c.id IN (SELECT t.contact FROM target t WHERE t.state = \(state))" }
        let ids = campaigns.map { self.bind(.integer($0.rawValue)) }.joined(separator: ", ")
        return "c.id IN (SELECT t.contact FROM target t WHERE t.campaign IN (\(ids)) AND t.state = \(state))"
    }

    /// Outcomes with which nothing was sent, and nothing will be.
    private static let unsentOutcomes: [Outcome] = [.bounced, .suppressed, .expired, .cancelled, .failed]

    /// Asks for each contact, by the index on a target's contact: both questions are about few rows.
    private mutating func unsent(_ campaigns: [Campaign.ID]?) -> String {
        let states = Self.unsentOutcomes.map { self.bind(.integer(Int64($0.rawValue))) }.joined(separator: ", ")
        let rows = "SELECT 1 FROM target t WHERE t.contact = c.id"
        var (own, family) = ("", "")
        if let campaigns {
            // The sign keeps it from looking through the campaign's targets instead.
            let ids = campaigns.map { self.bind(.integer($0.rawValue)) }.joined(separator: ", ")
            own = " AND +t.campaign IN (\(ids))"
            // Whom a campaign for those who were left has, or had, is not left any more.
            let sequels = "SELECT q.sequel FROM campaign_sequel q WHERE q.origin IN (\(ids))"
            family = " AND (+t.campaign IN (\(ids)) OR +t.campaign IN (\(sequels)))"
        }
        // Of several campaigns all: whoever got one of them is not left, nor who may have got one before it was sent again.
        let other = "NOT EXISTS (\(rows)\(family) AND (t.state NOT IN (\(states)) OR t.doubted = 1))"
        return "(EXISTS (\(rows)\(own) AND t.state IN (\(states))) AND \(other))"
    }

    /// As ``targets(_:_:)``, of what came back later.
    private mutating func events(_ kind: EventKind, _ campaigns: [Campaign.ID]?, _ more: String = "") -> String {
        var condition = "e.kind = \(self.bind(.text(kind.rawValue)))"
        if let campaigns {
            let ids = campaigns.map { self.bind(.integer($0.rawValue)) }.joined(separator: ", ")
            condition += " AND e.campaign IN (\(ids))"
        }
        // Without the last part, `not clicked(x)` would hold for nobody.
        return "c.id IN (SELECT e.contact FROM event e WHERE \(condition) \(more) AND e.contact IS NOT NULL)"
    }

    private mutating func bind(_ literal: Expression.Literal) -> String {
        let value: SQLValue =
            switch literal {
            case .text(let text), .date(let text): .text(text)
            case .integer(let number): .integer(number)
            case .decimal(let number): .real(number)
            case .boolean(let isTrue): .integer(isTrue ? 1 : 0)
            }
        self.bindings.append(value)
        return "?\(self.firstParameter + self.bindings.count - 1)"
    }

    private static func sign(_ comparison: Expression.Comparison) -> String {
        switch comparison {
        case .equal: "="
        case .notEqual: "<>"
        case .less: "<"
        case .lessOrEqual: "<="
        case .greater: ">"
        case .greaterOrEqual: ">="
        }
    }
}

/// A pattern of `like` as one of SQLite's `GLOB`, in which each letter of any alphabet stands in both cases.
private enum GlobPattern {
    /// Whether a pattern has letters that `LIKE` knows in one case only.
    static func isNeeded(for pattern: String) -> Bool {
        pattern.unicodeScalars.contains { !$0.isASCII && Self.cases(of: $0).count > 1 }
    }

    static func of(_ pattern: String) -> String {
        var glob = ""
        for scalar in pattern.unicodeScalars {
            switch scalar {
            case "%": glob += "*"
            case "_": glob += "?"
            case "*", "?", "[": glob += "[\(scalar)]"
            default:
                let cases = Self.cases(of: scalar)
                glob += cases.count > 1 ? "[\(cases.joined())]" : String(scalar)
            }
        }
        return glob
    }

    /// A letter in each case in which it is one character.
    private static func cases(of scalar: Unicode.Scalar) -> [String] {
        let mappings = [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping]
        let others = mappings.filter { $0.unicodeScalars.count == 1 && $0 != String(scalar) }
        return [String(scalar)] + others
    }
}
