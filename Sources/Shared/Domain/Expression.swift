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
        /// It was a person of the campaign's audience, whom it ended with, or ended without, and who got nothing of it: no message was
        /// taken or may have been, and none is under way.
        case unsent
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

    /// The lists that it is for, by name, each once: whoever leaves one of them may no longer be meant.
    package var lists: [String] {
        var names: Set<String> = []
        self.collectLists(into: &names, isNegated: false)
        return names.sorted()
    }

    private func collectLists(into names: inout Set<String>, isNegated: Bool) {
        switch self {
        case .list(let name): if !isNegated { names.insert(name) }
        case .and(let terms), .or(let terms):
            for term in terms { term.collectLists(into: &names, isNegated: isNegated) }
        case .not(let term): term.collectLists(into: &names, isNegated: !isNegated)
        default: return
        }
    }

    /// The campaigns whose unreached people it is for.
    package var unsentCampaigns: UnsentCampaigns {
        var campaigns = UnsentCampaigns()
        self.collectUnsent(into: &campaigns, isNegated: false)
        return campaigns
    }

    /// What ``unsentCampaigns`` finds.
    package struct UnsentCampaigns: Hashable, Sendable {
        package var named: Set<Campaign.ID> = []
        /// It is for those whom no campaign at all reached.
        package var isEvery = false
    }

    private func collectUnsent(into found: inout UnsentCampaigns, isNegated: Bool) {
        switch self {
        case .history(.unsent, let campaigns):
            guard !isNegated else { return }
            if let campaigns { found.named.formUnion(campaigns) } else { found.isEvery = true }
        case .and(let terms), .or(let terms):
            for term in terms { term.collectUnsent(into: &found, isNegated: isNegated) }
        case .not(let term): term.collectUnsent(into: &found, isNegated: !isNegated)
        default: return
        }
    }

    /// The condition for somebody who was chosen by it and then left some lists.
    ///
    /// What became of earlier messages is taken as it must have been: it cannot be asked for each message.
    package func afterLeaving(_ left: Set<String>) -> Self { self.afterLeaving(left, isNegated: false) }

    private func afterLeaving(_ left: Set<String>, isNegated: Bool) -> Self {
        switch self {
        case .list(let name): left.contains(name) ? .not(.everyone) : self
        case .history: isNegated ? .not(.everyone) : .everyone
        case .and(let terms): .and(terms.map { $0.afterLeaving(left, isNegated: isNegated) })
        case .or(let terms): .or(terms.map { $0.afterLeaving(left, isNegated: isNegated) })
        case .not(let term): .not(term.afterLeaving(left, isNegated: !isNegated))
        default: self
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
