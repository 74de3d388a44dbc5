package import Domain

/// Whom a campaign is for, with its names looked up.
package enum Audience: Hashable, Sendable {
    case expression(Expression)
    /// A list's row id.
    case list(Int64)
}

/// Writes conditions over the contact `c` into one query and collects what they bind, in their order.
struct AudienceSQL {
    private let firstParameter: Int
    private(set) var bindings: [SQLValue] = []

    /// - Parameter firstParameter: Number of the first parameter that the query does not use otherwise.
    init(firstParameter: Int) {
        self.firstParameter = firstParameter
    }

    /// SQL of whether a contact fulfils an expression.
    mutating func condition(_ expression: Expression) -> String {
        let segment = SegmentSQL(expression, firstParameter: self.firstParameter + self.bindings.count)
        self.bindings += segment.bindings
        return segment.condition
    }

    /// SQL of whether a contact is of an audience.
    mutating func condition(_ audience: Audience) -> String {
        switch audience {
        case .expression(let expression): self.condition(expression)
        case .list(let id): "EXISTS (SELECT 1 FROM list_member m WHERE m.list = \(id) AND m.contact = c.id)"
        }
    }
}
