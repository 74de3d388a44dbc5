package import Domain

/// What the rules of sending look at.
extension PersonQueries {
    /// A message that counts for a cap.
    package struct Message: Hashable, Sendable {
        package let campaign: Campaign.ID
        package let name: String
        /// `nil` while it is in a worker's hands.
        package let at: Timestamp?
    }

    /// Messages to a person that were accepted or may have been.
    ///
    /// - Parameters:
    ///   - contact: The person.
    ///   - campaign: Whose own message does not count.
    ///   - since: Earlier ones do not count.
    ///   - until: Nor do later ones.
    /// - Returns: Oldest first, at most ``messagesMax``.
    /// - Throws: What the connection throws.
    package func messages(
        to contact: Contact.ID,
        except campaign: Campaign.ID,
        since: Timestamp,
        until: Timestamp
    ) throws(StoreError) -> [Message] {
        let sent = "\(Outcome.accepted.rawValue), \(Outcome.inDoubt.rawValue)"
        let row = try self.connection.prepare(
            """
            SELECT u.campaign, g.name, u.at FROM target u INDEXED BY target_contact JOIN campaign g ON g.id = u.campaign
            WHERE u.contact = ?1 AND u.campaign <> ?2 AND (u.state IN (\(sent)) OR u.doubted = 1)
                AND u.at > ?3 AND u.at <= ?4
            ORDER BY u.at, u.campaign LIMIT \(Self.messagesMax)
            """
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        row.bind(2, campaign.rawValue)
        row.bind(3, since.milliseconds)
        row.bind(4, until.milliseconds)
        var messages: [Message] = []
        while try row.step() {
            messages.append(
                Message(
                    campaign: Campaign.ID(row.integer(0)),
                    name: row.text(1),
                    at: Timestamp(milliseconds: row.integer(2))
                )
            )
        }
        return messages
    }

    /// As many as the largest cap.
    package static let messagesMax = FrequencyCap.countMax

    /// Messages of other campaigns to a person that are in workers' hands.
    package func leasedMessages(
        to contact: Contact.ID,
        except campaign: Campaign.ID
    ) throws(StoreError) -> [Message] {
        let row = try self.connection.prepare(
            """
            SELECT u.campaign, g.name FROM target u INDEXED BY target_contact JOIN campaign g ON g.id = u.campaign
            WHERE u.contact = ?1 AND u.campaign <> ?2 AND u.state IN (0, \(Outcome.deferred.rawValue)) AND u.due IS NULL
                AND g.finished_at IS NULL
            ORDER BY u.campaign LIMIT \(Self.messagesMax)
            """
        )
        var open: [Message] = []
        do {
            defer { row.reset() }
            row.bind(1, contact.rawValue)
            row.bind(2, campaign.rawValue)
            while try row.step() {
                open.append(Message(campaign: Campaign.ID(row.integer(0)), name: row.text(1), at: nil))
            }
        }
        var leased: [Message] = []
        for message in open {
            if try self.place(of: contact, in: message.campaign)?.isLeased == true { leased.append(message) }
        }
        return leased
    }

    /// Values of a contact.
    ///
    /// - Parameters:
    ///   - columns: SQL over the contact `c`.
    ///   - contact: Whose.
    /// - Returns: As texts, empty where there is none; `nil` when the contact is gone.
    /// - Throws: What the connection throws.
    package func values(_ columns: [String], of contact: Contact.ID) throws(StoreError) -> [String]? {
        guard !columns.isEmpty else { return [] }
        let list = columns.map { "coalesce(\($0), '')" }.joined(separator: ", ")
        let row = try self.connection.prepare("SELECT \(list) FROM contact c WHERE c.id = ?1")
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        return try row.step() ? columns.indices.map { row.text($0) } : nil
    }

    /// The bases that a contact gave; `nil` when the contact is gone.
    package func consent(of contact: Contact.ID) throws(StoreError) -> ConsentMarks? {
        let row = try self.connection.prepare("SELECT consent FROM contact WHERE id = ?1")
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        return try row.step() ? ConsentMarks(rawValue: row.integer(0)) : nil
    }

    /// What a guard holds.
    ///
    /// - Parameter scopes: Keys of guards, widest first.
    /// - Returns: The first of them that is held, and why; `nil` when none is.
    /// - Throws: What the connection throws.
    package func hold(of scopes: [String]) throws(StoreError) -> (scope: String, text: String)? {
        let row = try self.connection.prepare("SELECT hold FROM guard_count WHERE scope = ?1 AND hold IS NOT NULL")
        for scope in scopes {
            defer { row.reset() }
            row.bind(1, scope)
            if try row.step() { return (scope, row.text(0)) }
        }
        return nil
    }

    /// Something that came back later.
    package struct Event: Hashable, Sendable {
        package let at: Timestamp
        /// An ``EventKind``'s raw value.
        package let kind: String
        package let source: String
        package let reason: String
        package let detail: String
    }

    /// Events of one answer: a mailbox provider may tell of each opening.
    package static let eventsMax = 50

    /// What came back about a target's message, oldest first.
    package func events(_ place: Place) throws(StoreError) -> [Event] {
        let row = try self.connection.prepare(
            """
            SELECT at, kind, source, reason, detail FROM event
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3 ORDER BY id LIMIT \(Self.eventsMax)
            """
        )
        row.bind(1, place.lane.campaign.rawValue)
        row.bind(2, place.lane.lane)
        row.bind(3, place.target.position)
        return try Self.events(row)
    }

    /// What came back about a person and no message that is known, the newest first.
    package func events(of contact: Contact.ID) throws(StoreError) -> [Event] {
        let row = try self.connection.prepare(
            """
            SELECT at, kind, source, reason, detail FROM event
            WHERE contact = ?1 AND campaign IS NULL ORDER BY id DESC LIMIT \(Self.eventsMax)
            """
        )
        row.bind(1, contact.rawValue)
        return try Self.events(row)
    }

    private static func events(_ row: any SQLStatement) throws(StoreError) -> [Event] {
        defer { row.reset() }
        var events: [Event] = []
        while try row.step() {
            events.append(
                Event(
                    at: Timestamp(milliseconds: row.integer(0)),
                    kind: row.text(1),
                    source: row.text(2),
                    reason: row.text(3),
                    detail: row.text(4)
                )
            )
        }
        return events
    }
}
