package import Domain

/// A grant whose columns fit together.
package struct ReceivedGrant: Hashable, Sendable {
    /// Of the credit that it answers: the lease runs from when that was sent.
    package let nonce: UInt64
    package let epoch: Epoch
    package let campaign: Campaign.ID
    package let lane: Int
    package let relay: String
    package let site: String
    /// Messages of this relay and site that may be open at once, at least 1.
    package let slots: Int
    /// Begin the targets evenly over this time; 0 for all at once.
    package let spreadMilliseconds: Int64
    /// How long after the credit was sent the last byte of the last message may leave; `nil`: as long as the lease is renewed.
    package let sendWithinMilliseconds: Int64?
    /// 1 to ``countMax``, no two alike; the other columns are in this order.
    package let positions: [UInt32]
    package let contacts: [UInt64]
    /// Indexes into the content's variants; ``check(variants:fields:)`` says whether they are in it.
    package let variants: [UInt32]
    package let addresses: StringColumn
    /// One column for each field of the content; empty text is no value.
    package let fields: [StringColumn]

    /// Most targets in a lease.
    package static let countMax = 256

    /// Checks a grant as it came.
    ///
    /// - Parameter grant: Anything may be in it.
    /// - Throws: ``ColumnError`` for the first thing that is wrong.
    package init(_ grant: WireGrant) throws(ColumnError) {
        let count = grant.position.count
        guard (1...Self.countMax).contains(count) else {
            throw ColumnError("position", "\(count) targets; 1 to \(Self.countMax) are allowed")
        }
        guard Self.areDistinct(grant.position) else { throw ColumnError("position", "a target is there twice") }
        guard grant.contact.count == count else {
            throw ColumnError("contact", "\(grant.contact.count) values for \(count) targets")
        }
        guard grant.variant.count == count else {
            throw ColumnError("variant", "\(grant.variant.count) values for \(count) targets")
        }
        guard let campaign = Int64(exactly: grant.campaign), campaign > 0 else {
            throw ColumnError("campaign", "\(grant.campaign) is no campaign")
        }
        guard grant.slots >= 1 else { throw ColumnError("slots", "0; at least 1 is needed to send anything") }
        let addresses = try StringColumn(grant.address, count: count, name: "address")
        guard (0..<count).allSatisfy({ !addresses.range(of: $0).isEmpty }) else {
            throw ColumnError("address", "an address is empty")
        }
        var fields: [StringColumn] = []
        fields.reserveCapacity(grant.field.count)
        for (index, strings) in grant.field.enumerated() {
            fields.append(try StringColumn(strings, count: count, name: "field[\(index)]"))
        }
        self.addresses = addresses
        self.fields = fields
        self.nonce = grant.nonce
        self.epoch = Epoch(grant.epoch)
        self.campaign = Campaign.ID(campaign)
        self.lane = Int(grant.lane)
        self.relay = grant.relay
        self.site = grant.site
        self.slots = Int(grant.slots)
        self.spreadMilliseconds = Int64(grant.spread)
        self.sendWithinMilliseconds = grant.sendWithin > 0 ? Int64(grant.sendWithin) : nil
        self.positions = grant.position
        self.contacts = grant.contact
        self.variants = grant.variant
    }

    package var count: Int { self.positions.count }

    /// Checks the grant against the content that it needs.
    ///
    /// - Parameters:
    ///   - variants: How many the content has.
    ///   - fields: How many columns the content names.
    /// - Throws: ``ColumnError`` when a variant is not there, or the columns are not as many.
    package func check(variants: Int, fields: Int) throws(ColumnError) {
        guard self.fields.count == fields else {
            throw ColumnError("field", "\(self.fields.count) columns, the content names \(fields)")
        }
        guard let variant = self.variants.max(), Int(variant) < variants else {
            throw ColumnError("variant", "index beyond the content's \(variants) variants")
        }
    }

    private static func areDistinct(_ positions: [UInt32]) -> Bool {
        // A shard of first attempts is a range: no set is needed for it.
        let isAscending = zip(positions, positions.dropFirst()).allSatisfy { $0 < $1 }
        return isAscending || Set(positions).count == positions.count
    }
}
