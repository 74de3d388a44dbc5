package import Domain

/// What happened to one person: messages, events, refusals to be written to, and imports.
///
/// Reads by key and by the indexes on contacts, never over an audience.
package struct PersonHistory {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// A person's place in a campaign, and what came of it.
    package struct Message: Hashable, Sendable {
        package let campaign: Campaign.ID
        /// Of the campaign.
        package let name: String
        package let relay: String
        /// `nil` is pending or leased.
        package let outcome: Outcome?
        /// A ``Reason``'s raw value.
        package let reason: String?
        /// Tries, and decisions not to try, in order.
        package var attempts: [PersonQueries.Attempt]
        fileprivate let lane: Int64
        fileprivate let position: Int64
    }

    /// Something that came back.
    package struct Event: Hashable, Sendable {
        package let at: Timestamp
        /// An ``EventKind``'s raw value.
        package let kind: String
        package let campaign: Campaign.ID?
        package let source: String
        package let reason: String
        package let detail: String
    }

    /// An import that brought, changed or listed the contact.
    package struct Import: Hashable, Sendable {
        package let id: Int64
        package let file: String
        package let at: Timestamp
    }

    /// A list that the person left for good.
    package struct Departure: Hashable, Sendable {
        package let list: String
        package let at: Timestamp
    }

    /// Messages of one page: some milliseconds.
    package static let messagesPerPage = 200

    /// Messages in the order of their campaigns.
    ///
    /// - Parameters:
    ///   - contact: Whose.
    ///   - last: The last one of the page before.
    /// - Returns: At most ``messagesPerPage``; fewer at the end.
    /// - Throws: What the store throws.
    package func messages(of contact: Contact.ID, after last: Message?) throws(StoreError) -> [Message] {
        let row = try self.connection.prepare(
            """
            SELECT t.campaign, t.lane, t.position, t.state, t.reason, k.name, k.relay
            FROM target t JOIN campaign k ON k.id = t.campaign
            WHERE t.contact = ?1 AND (t.campaign, t.lane, t.position) > (?2, ?3, ?4)
            ORDER BY t.campaign, t.lane, t.position LIMIT \(Self.messagesPerPage)
            """
        )
        row.bind(1, contact.rawValue)
        row.bind(2, last?.campaign.rawValue ?? -1)
        row.bind(3, last?.lane ?? 0)
        row.bind(4, last?.position ?? 0)
        var messages: [Message] = []
        while try row.step() {
            messages.append(
                Message(
                    campaign: Campaign.ID(row.integer(0)),
                    name: row.text(5),
                    relay: row.text(6),
                    outcome: Outcome(rawValue: Int(row.integer(3))),
                    reason: row.optionalText(4),
                    attempts: [],
                    lane: row.integer(1),
                    position: row.integer(2)
                )
            )
        }
        row.reset()
        let queries = PersonQueries(self.connection)
        for index in messages.indices {
            let message = messages[index]
            messages[index].attempts = try queries.attempts(
                campaign: message.campaign.rawValue,
                lane: message.lane,
                position: message.position
            )
        }
        return messages
    }

    package func events(of contact: Contact.ID) throws(StoreError) -> [Event] {
        let row = try self.connection.prepare(
            "SELECT at, kind, campaign, source, reason, detail FROM event WHERE contact = ?1 ORDER BY at, id"
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        var events: [Event] = []
        while try row.step() {
            events.append(
                Event(
                    at: Timestamp(milliseconds: row.integer(0)),
                    kind: row.text(1),
                    campaign: row.optionalInteger(2).map { Campaign.ID($0) },
                    source: row.text(3),
                    reason: row.text(4),
                    detail: row.text(5)
                )
            )
        }
        return events
    }

    /// Imports that had to do with a contact, in order.
    package func imports(of contact: Contact.ID) throws(StoreError) -> [Import] {
        let row = try self.connection.prepare(
            """
            SELECT i.id, i.file, i.started_at FROM import i
            WHERE EXISTS (SELECT 1 FROM import_created c WHERE c.import = i.id AND c.low <= ?1 AND c.high > ?1)
                OR EXISTS (SELECT 1 FROM contact_before b WHERE b.import = i.id AND b.id = ?1)
                OR EXISTS (SELECT 1 FROM import_joined j WHERE j.import = i.id AND j.contact = ?1)
                OR i.id IN (SELECT s.import FROM contact_source s WHERE s.contact = ?1)
            ORDER BY i.id
            """
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        var imports: [Import] = []
        while try row.step() {
            let at = Timestamp(milliseconds: row.integer(2))
            imports.append(Import(id: row.integer(0), file: row.text(1), at: at))
        }
        return imports
    }

    /// Lists that whoever has one of these addresses left.
    package func departures(_ hashes: [AddressHash]) throws(StoreError) -> [Departure] {
        let row = try self.connection.prepare(
            """
            SELECT l.name, d.at FROM list l JOIN list_departure d ON d.list = l.id AND d.address_hash = ?1 ORDER BY l.name
            """
        )
        var departures: [Departure] = []
        for hash in hashes {
            row.bind(1, bytes: hash.bytes)
            defer { row.reset() }
            while try row.step() {
                departures.append(Departure(list: row.text(0), at: Timestamp(milliseconds: row.integer(1))))
            }
        }
        return departures
    }
}
