package import Domain

/// What is asked of targets and events when something comes back.
package struct ReturnStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// Temporary notices that are kept about one message.
    package func temporaryBounces(of target: TargetKey) throws(StoreError) -> Int {
        try self.bounces(of: target, where: "reason = 'temporary'")
    }

    /// Notices that one message came back for good.
    package func finalBounces(of target: TargetKey) throws(StoreError) -> Int {
        try self.bounces(of: target, where: "reason <> 'temporary'")
    }

    private func bounces(of target: TargetKey, where condition: String) throws(StoreError) -> Int {
        let row = try self.connection.prepare(
            """
            SELECT count(*) FROM event
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3 AND kind = 'bounced' AND \(condition)
            """
        )
        defer { row.reset() }
        row.bind(1, target.campaign.rawValue)
        row.bind(2, Int64(target.lane))
        row.bind(3, Int64(target.position))
        return try row.step() ? Int(row.integer(0)) : 0
    }

    /// The last message that was accepted for a contact; `nil` when there is none.
    package func lastAccepted(of contact: Contact.ID) throws(StoreError) -> TargetKey? {
        let row = try self.connection.prepare(
            """
            SELECT campaign, lane, position FROM target WHERE contact = ?1 AND state = \(Outcome.accepted.rawValue)
            ORDER BY campaign DESC LIMIT 1
            """
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        guard try row.step() else { return nil }
        return TargetKey(
            campaign: Campaign.ID(row.integer(0)),
            lane: Int(row.integer(1)),
            position: Int(row.integer(2))
        )
    }

    /// Whose bounces are counted.
    package struct Bouncer: Hashable, Sendable {
        package let contact: Contact.ID
        package let channel: SuppressionChannel
        /// Only those of this address of the contact's; `nil` for all.
        package let address: HeldAddress?

        package init(_ contact: Contact.ID, on channel: SuppressionChannel, at address: HeldAddress?) {
            self.contact = contact
            self.channel = channel
            self.address = address
        }

        /// An event names an address unless it is about the one that the contact had then.
        fileprivate static let condition = """
            contact = ?1 AND kind = 'bounced' AND reason = ?2 AND channel = ?3
            AND (?4 IS NULL OR address_hash = ?4 OR (address_hash IS NULL AND at >= ?5 AND at < ?6))
            """

        fileprivate func bind(_ reason: String, to row: any SQLStatement) {
            row.bind(1, self.contact.rawValue)
            row.bind(2, reason)
            row.bind(3, self.channel.rawValue)
            if let hash = self.address?.hash { row.bind(4, bytes: hash.bytes) } else { row.bindNull(4) }
            row.bind(5, self.address?.from.milliseconds ?? 0)
            row.bind(6, self.address?.until?.milliseconds ?? .max)
        }
    }

    /// How many messages bounced with this reason.
    package func bounces(of bouncer: Bouncer, reason: String) throws(StoreError) -> Int {
        let row = try self.connection.prepare("SELECT count(*) FROM event WHERE \(Bouncer.condition)")
        defer { row.reset() }
        bouncer.bind(reason, to: row)
        return try row.step() ? Int(row.integer(0)) : 0
    }

    /// On how many days (UTC) since then a message bounced with this reason.
    package func bounceDays(of bouncer: Bouncer, reason: String, since: Timestamp) throws(StoreError) -> Int {
        let row = try self.connection.prepare(
            "SELECT count(DISTINCT at / 86400000) FROM event WHERE \(Bouncer.condition) AND at >= ?7"
        )
        defer { row.reset() }
        bouncer.bind(reason, to: row)
        row.bind(7, since.milliseconds)
        return try row.step() ? Int(row.integer(0)) : 0
    }
}
