/// A typed 64-bit row identifier: a `Campaign.ID` cannot be passed where a `Contact.ID` is expected.
package struct Identifier<Tag>: Hashable, Sendable, Comparable {
    package let rawValue: Int64

    /// - Parameter rawValue: At least 1.
    package init(_ rawValue: Int64) {
        precondition(rawValue > 0, "identifiers start at 1, got \(rawValue)")
        self.rawValue = rawValue
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// A person we may reach.
package enum Contact {
    /// A contact's number in this database.
    package typealias ID = Identifier<Contact>
}

/// Channel + audience + variants + limits, as one sending.
package enum Campaign {
    /// A campaign's number in this database.
    package typealias ID = Identifier<Campaign>
}

extension Identifier<Campaign> {
    /// The form people see and type: `c` and the number, as in `c7`.
    package var publicID: String { "c\(self.rawValue)" }

    /// Reads `c7` or `7`.
    ///
    /// - Returns: `nil` when the text is no positive number with an optional leading `c`.
    package init?(publicID text: some StringProtocol) {
        let digits = text.hasPrefix("c") ? text.dropFirst() : text[...]
        guard let value = Int64(digits), value > 0, digits.allSatisfy(\.isASCII) else { return nil }
        self.init(value)
    }
}

/// Where a target stands: the key of the row that is planned, leased and sent.
package struct TargetKey: Hashable, Sendable, Comparable {
    package let campaign: Campaign.ID
    /// Index of the lane inside its campaign, from 0.
    package let lane: Int
    /// Index of the target inside its lane, from 0, in the order of freezing.
    package let position: Int

    package init(campaign: Campaign.ID, lane: Int, position: Int) {
        self.campaign = campaign
        self.lane = lane
        self.position = position
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.campaign, lhs.lane, lhs.position) < (rhs.campaign, rhs.lane, rhs.position)
    }
}

/// The fencing number that rises with every grant.
///
/// The upper 32 bits are the coordinator's incarnation (one higher at each start), the lower 32 count grants within it, so an
/// epoch is never used twice, however the coordinator died.
package struct Epoch: Hashable, Sendable, Comparable {
    package let rawValue: UInt64

    package init(_ rawValue: UInt64) { self.rawValue = rawValue }

    /// Makes an epoch of one incarnation (at least 1; it counts starts of the coordinator).
    package init(incarnation: UInt32, counter: UInt32) {
        self.rawValue = UInt64(incarnation) << 32 | UInt64(counter)
    }

    package var incarnation: UInt32 { UInt32(self.rawValue >> 32) }

    /// The epoch of the next grant.
    package func next() -> Self { Self(self.rawValue + 1) }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}
