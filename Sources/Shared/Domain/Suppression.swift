/// A way to reach people for which an address can be suppressed.
///
/// The raw value is stored and typed.
package enum SuppressionChannel: String, Hashable, Sendable, CaseIterable {
    case email
    /// Text messages: addresses are telephone numbers.
    case sms
}

/// Why an address must not be written to.
///
/// The raw value is stored and shown. Later ones weigh more: an address that is suppressed for two reasons keeps the weightier, so that
/// whoever takes a bounced address off the list does not undo what its owner asked for.
package enum SuppressionReason: String, Hashable, Sendable, CaseIterable, Comparable {
    /// The mailbox refuses mail for good.
    case bounced
    /// It came with a list from elsewhere.
    case imported
    /// An operator was asked to.
    case asked
    /// Its owner unsubscribed.
    case unsubscribed
    /// Its owner told the mailbox provider that it is spam.
    case complained
    /// Everything about the person was erased.
    case erased

    /// Place among the reasons, from 0; higher weighs more.
    package var weight: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    package static func < (first: Self, second: Self) -> Bool { first.weight < second.weight }

    /// What can be typed, for messages.
    package static let grammar = Self.allCases.map(\.rawValue).joined(separator: ", ")
}

/// What stands against writing to a contact, in one number beside the contact: kept in the transaction that suppresses an address or adds a
/// contact, so that a grant need look nowhere else.
package struct ContactBars: OptionSet, Hashable, Sendable {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }

    /// The e-mail address is suppressed.
    package static let email = Self(rawValue: 1)
    /// The person left a list; which, says the table of departures.
    package static let lists = Self(rawValue: 1 << 16)

    /// What a suppression on a channel puts beside the contact; nothing where nothing is granted: who grants there some day looks at the list
    /// itself, by the number.
    package init(_ channel: SuppressionChannel) {
        switch channel {
        case .email: self = .email
        case .sms: self = []
        }
    }
}

/// What came back about a message after its relay took it, or about a person.
///
/// The raw value is stored and shown.
package enum EventKind: String, Hashable, Sendable, CaseIterable {
    case delivered
    case bounced
    case complained
    case unsubscribed
    case opened
    case clicked
    case replied
    case converted
}
