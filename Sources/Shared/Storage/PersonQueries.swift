package import Domain

/// What is known about one person and each campaign: small reads by key, never over an audience.
package struct PersonQueries {
    let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    package struct Person: Hashable, Sendable {
        package let contact: Contact.ID
        /// As it was imported; the telephone number of somebody who has no e-mail address.
        package let address: String
        package let hasEmail: Bool
    }

    /// A person's place in a campaign's audience.
    package struct Place: Hashable, Sendable {
        package let lane: LaneRecord
        package let target: TargetRecord
        /// A ``Reason``'s raw value.
        package let reason: String?
        /// When the outcome became known.
        package let at: Timestamp?
        package let isLeased: Bool
    }

    /// A row of the ledger about one target.
    package struct Attempt: Hashable, Sendable {
        package let at: Timestamp
        package let outcome: Outcome
        package let reason: String?
        /// Empty for a decision not to send.
        package let worker: String
        package let reply: RelayReply?
    }

    package struct Suppression: Hashable, Sendable {
        package let reason: String
        package let at: Timestamp
    }

    /// The contact whose ``EmailAddress/key`` this is, or was before when it is nobody's now; `nil` when there is none.
    package func person(_ key: String) throws(StoreError) -> Person? {
        guard let contact = try ContactReader.contacts(withKey: key, on: self.connection).first else { return nil }
        return try self.person(Contact.ID(contact))
    }

    /// A contact; `nil` when there is none, or it was erased.
    package func person(_ contact: Contact.ID) throws(StoreError) -> Person? {
        let row = try self.connection.prepare(
            "SELECT coalesce(email, phone), email IS NOT NULL FROM contact WHERE id = ?1"
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        guard try row.step(), let address = row.optionalText(0) else { return nil }
        return Person(contact: contact, address: address, hasEmail: row.integer(1) != 0)
    }

    package func suppression(_ channel: String, of contact: Contact.ID) throws(StoreError) -> Suppression? {
        let row = try self.connection.prepare(
            """
            SELECT s.reason, s.at FROM contact c JOIN suppression s ON s.channel = ?1 AND s.contact = c.id
            WHERE c.id = ?2 AND c.barred <> 0
            """
        )
        defer { row.reset() }
        row.bind(1, channel)
        row.bind(2, contact.rawValue)
        guard try row.step() else { return nil }
        return Suppression(reason: row.text(0), at: Timestamp(milliseconds: row.integer(1)))
    }

    package func isMember(_ contact: Contact.ID, ofList name: String) throws(StoreError) -> Bool {
        let row = try self.connection.prepare(
            "SELECT 1 FROM list_member m JOIN list l ON l.id = m.list WHERE l.name = ?1 AND m.contact = ?2"
        )
        defer { row.reset() }
        row.bind(1, name)
        row.bind(2, contact.rawValue)
        return try row.step()
    }

    /// Whether a condition holds for a contact now; `nil` when a field that it needs is empty.
    package func holds(_ expression: Expression, for contact: Contact.ID) throws(StoreError) -> Bool? {
        let segment = SegmentSQL(expression, firstParameter: 2)
        let row = try self.connection.prepare("SELECT (\(segment.condition)) FROM contact c WHERE c.id = ?1")
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        for (index, value) in segment.bindings.enumerated() { row.bind(2 + index, value) }
        guard try row.step(), let value = row.optionalInteger(0) else { return nil }
        return value != 0
    }

    /// Where a person stands in a campaign; `nil` when not in its audience (so far).
    package func place(of contact: Contact.ID, in campaign: Campaign.ID) throws(StoreError) -> Place? {
        let row = try self.connection.prepare(
            "SELECT lane, position FROM target INDEXED BY target_contact WHERE contact = ?1 AND campaign = ?2"
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        row.bind(2, campaign.rawValue)
        guard try row.step() else { return nil }
        let (number, position) = (Int(row.integer(0)), Int(row.integer(1)))
        let lanes = try LaneStore(self.connection).lanes(of: campaign)
        guard let lane = lanes.first(where: { $0.lane == number }) else { return nil }
        return try self.place(lane, position)
    }

    /// What was tried for a target, and what was decided instead, in order.
    package func attempts(_ place: Place) throws(StoreError) -> [Attempt] {
        try self.attempts(
            campaign: place.lane.campaign.rawValue,
            lane: Int64(place.lane.lane),
            position: Int64(place.target.position)
        )
    }

    func attempts(campaign: Int64, lane: Int64, position: Int64) throws(StoreError) -> [Attempt] {
        let row = try self.connection.prepare(
            """
            SELECT at, outcome, reason, worker, code, status, text FROM ledger
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3 ORDER BY at, epoch
            """
        )
        defer { row.reset() }
        row.bind(1, campaign)
        row.bind(2, lane)
        row.bind(3, position)
        var attempts: [Attempt] = []
        while try row.step() {
            guard let outcome = Outcome(rawValue: Int(row.integer(1))) else { continue }
            attempts.append(
                Attempt(
                    at: Timestamp(milliseconds: row.integer(0)),
                    outcome: outcome,
                    reason: row.optionalText(2),
                    worker: row.text(3),
                    reply: row.optionalInteger(4).map {
                        RelayReply(code: Int($0), status: row.text(5), text: row.text(6))
                    }
                )
            )
        }
        return attempts
    }

    private func place(_ lane: LaneRecord, _ position: Int) throws(StoreError) -> Place? {
        let row = try self.connection.prepare(
            """
            SELECT position, contact, state, attempts, due, epoch, variant, doubted, reason, at FROM target
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3
            """
        )
        defer { row.reset() }
        row.bind(1, lane.campaign.rawValue)
        row.bind(2, lane.lane)
        row.bind(3, position)
        guard try row.step() else { return nil }
        let (target, reason) = (TargetRecord(row), row.optionalText(8))
        let at = row.optionalInteger(9).map { Timestamp(milliseconds: $0) }
        let leased = try LeasedPositions(lane, position..<position + 1, on: self.connection).contains(position)
        return Place(lane: lane, target: target, reason: reason, at: at, isLeased: leased)
    }
}
