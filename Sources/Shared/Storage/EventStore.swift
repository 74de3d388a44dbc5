package import Domain

/// Something that came back later: about a message, or about a person.
package struct EventRecord: Hashable, Sendable {
    package var kind: EventKind
    package var at: Timestamp
    package var channel: SuppressionChannel
    /// The message that it is about; `nil` when that is not known.
    package var target: TargetKey?
    package var contact: Contact.ID?
    /// Of whom it is told when no contact has the address.
    package var address: AddressHash?
    /// How it came: `one_click`, `page`, `dsn`, `arf`, ``EventStore/replied``, a provider's name.
    package var source: String
    /// In a word, such as a bounce's reason or the name of a list that was left; may be empty.
    package var reason: String
    /// What was said, for people; without addresses, at most ``detailBytesMax`` of it is kept.
    package var detail: String
    /// Two reports of the same thing have the same text here.
    package var once: String
    /// Names the report that told it, where there may be several; else empty.
    package var copy: String

    package static let detailBytesMax = 1_024

    package init(
        kind: EventKind,
        at: Timestamp,
        channel: SuppressionChannel = .email,
        target: TargetKey? = nil,
        contact: Contact.ID? = nil,
        address: AddressHash? = nil,
        source: String,
        reason: String = "",
        detail: String = "",
        once: String,
        copy: String = ""
    ) {
        self.kind = kind
        self.at = at
        self.channel = channel
        self.target = target
        self.contact = contact
        self.address = address
        self.source = source
        self.reason = reason
        self.detail = detail
        self.once = once
        self.copy = copy
    }
}

/// What came back later; rows are added, never changed.
package struct EventStore {
    private let connection: any SQLConnection

    /// The source of what a relay replied.
    package static let replied = "smtp"

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// Notes an event, once.
    ///
    /// - Returns: Whether it was not known before.
    package func append(_ event: EventRecord) throws(StoreError) -> Bool {
        let statement = try self.connection.prepare(
            """
            INSERT INTO event (at, kind, channel, campaign, lane, position, contact, address_hash, source, reason, detail, once, copy)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (once) DO NOTHING
            """
        )
        statement.bind(1, event.at.milliseconds)
        statement.bind(2, event.kind.rawValue)
        statement.bind(3, event.channel.rawValue)
        statement.bind(4, optional: event.target?.campaign.rawValue)
        statement.bind(5, optional: event.target.map { Int64($0.lane) })
        statement.bind(6, optional: event.target.map { Int64($0.position) })
        statement.bind(7, optional: event.contact?.rawValue)
        if let hash = event.address { statement.bind(8, bytes: hash.bytes) } else { statement.bindNull(8) }
        statement.bind(9, event.source)
        statement.bind(10, event.reason)
        statement.bind(11, String(decoding: event.detail.utf8.prefix(EventRecord.detailBytesMax), as: UTF8.self))
        statement.bind(12, event.once)
        statement.bind(13, event.copy)
        try statement.run()
        return self.connection.changedRows > 0
    }

    /// What came back about a message, oldest first.
    ///
    /// - Parameters:
    ///   - target: The message.
    ///   - epoch: With it only what came since that grant, and not what relays replied.
    /// - Returns: As many as are kept of one message.
    /// - Throws: What the store throws.
    package func notes(of target: TargetKey, since epoch: Epoch? = nil) throws(StoreError) -> [Note] {
        let since = "AND source <> '\(Self.replied)' AND at >= (SELECT granted_at FROM shard WHERE epoch = ?4)"
        let row = try self.connection.prepare(
            """
            SELECT kind, reason, copy FROM event
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3 \(epoch == nil ? "" : since) ORDER BY id
            """
        )
        defer { row.reset() }
        if let epoch { row.bind(4, Int64(bitPattern: epoch.rawValue)) }
        row.bind(1, target.campaign.rawValue)
        row.bind(2, Int64(target.lane))
        row.bind(3, Int64(target.position))
        var notes: [Note] = []
        while try row.step() {
            guard let kind = EventKind(rawValue: row.text(0)) else { continue }
            notes.append(Note(kind: kind, reason: row.text(1), copy: row.text(2)))
        }
        return notes
    }

    /// An event of a message, in short.
    package struct Note: Hashable, Sendable {
        package let kind: EventKind
        package let reason: String
        package let copy: String
    }
}
