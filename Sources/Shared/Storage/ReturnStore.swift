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

    /// How many of a contact's messages bounced with this reason.
    package func bounces(
        of contact: Contact.ID,
        on channel: SuppressionChannel,
        reason: String
    ) throws(StoreError) -> Int {
        let row = try self.connection.prepare(
            "SELECT count(*) FROM event WHERE contact = ?1 AND kind = 'bounced' AND reason = ?2 AND channel = ?3"
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        row.bind(2, reason)
        row.bind(3, channel.rawValue)
        return try row.step() ? Int(row.integer(0)) : 0
    }

    /// On how many days (UTC) since then one of a contact's messages bounced with this reason.
    package func bounceDays(
        of contact: Contact.ID,
        on channel: SuppressionChannel,
        reason: String,
        since: Timestamp
    ) throws(StoreError) -> Int {
        let row = try self.connection.prepare(
            """
            SELECT count(DISTINCT at / 86400000) FROM event
            WHERE contact = ?1 AND kind = 'bounced' AND reason = ?2 AND at >= ?3 AND channel = ?4
            """
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        row.bind(2, reason)
        row.bind(3, since.milliseconds)
        row.bind(4, channel.rawValue)
        return try row.step() ? Int(row.integer(0)) : 0
    }
}
