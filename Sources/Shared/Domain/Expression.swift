/// A condition over a contact's fields, as in `state = 'IA' and first_time`.
///
/// Comparison with an empty field is neither true nor false, as in SQL: such a contact is in neither `x = 1` nor `not x = 1`.
package indirect enum Expression: Hashable, Sendable {
    case and([Expression])
    case or([Expression])
    case not(Expression)
    /// A boolean field by itself.
    case truth(Field)
    case compare(Field, Comparison, Literal)
    case oneOf(Field, [Literal], negated: Bool)
    /// `pattern` has `%` for any text and `_` for one character; letters match in either case (ASCII).
    case like(Field, pattern: String, negated: Bool)
    /// Both ends included.
    case between(Field, Literal, Literal, negated: Bool)
    /// Whether the contact has no value in the field.
    case isEmpty(Field, negated: Bool)
    /// Whether the contact is in the list of this name.
    case list(String)
    /// Whether the contact came from a source of this name.
    case source(String)
    /// What became of messages to the contact; of any campaign when `campaigns` is `nil`.
    case history(History, campaigns: [Campaign.ID]?)
    /// Everybody: the empty condition.
    case everyone

    /// What may have become of an earlier message; the raw value is the word in the language.
    package enum History: String, Hashable, Sendable, CaseIterable {
        /// The relay took it.
        case received
        /// It was refused for good, at once or later.
        case bounced
        /// The person told the mailbox provider that it is spam.
        case complained
        /// A provider saw it opened.
        case opened
        /// A provider saw a link in it followed.
        case clicked
    }

    /// Words of the language, which no field can have as its name.
    package static let keywords: Set<String> = [
        "and", "or", "not", "in", "like", "between", "true", "false", "is", "null",
    ]

    /// Whether it asks what became of earlier messages.
    package var asksHistory: Bool {
        switch self {
        case .history: true
        case .and(let terms), .or(let terms): terms.contains(where: \.asksHistory)
        case .not(let term): term.asksHistory
        default: false
        }
    }

    /// How two values are compared; the raw value is what users write.
    package enum Comparison: String, Hashable, Sendable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// A value in an expression, already of its field's type.
    package enum Literal: Hashable, Sendable {
        case text(String)
        case integer(Int64)
        case decimal(Double)
        case boolean(Bool)
        /// `2026-11-22`.
        case date(String)
    }
}

/// Whom a campaign is for.
package enum AudienceRule: Hashable, Sendable {
    case expression(String)
    case list(String)
    /// The name of a defined segment.
    case segment(String)
}
