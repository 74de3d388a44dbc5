package import Domain

/// Erases a person: the contact with all that hangs on it, what imports kept of it, and what relays said about it.
///
/// The rows of targets, ledger and events stay, and know whoever it was by a number that nobody else ever has. Every function belongs
/// inside a transaction of some milliseconds.
package struct ContactErasure {
    private let connection: any SQLConnection

    /// What must not be found any more of somebody.
    package struct Traces: Hashable, Sendable {
        /// Canonical addresses, now and before imports changed them; in order.
        package var keys: [String] = []
        /// Addresses and numbers in every form that they are stored in.
        package var texts: Set<String> = []
        /// Telephone numbers as ``PhoneKey`` has them, now and before imports changed them; in order.
        package var phones: [String] = []

        package init() {}

        /// An address that was asked for.
        package mutating func add(key: String, text: String) {
            if !self.keys.contains(key) { self.keys.append(key) }
            // The index of mailboxes has the last.
            self.texts.formUnion([key, text, ProviderMailbox.common(ofKey: key)])
        }

        /// A telephone number as it is stored.
        package mutating func add(phone: some Collection<UInt8>) {
            guard !phone.isEmpty else { return }
            let digits = phone.filter { (48...57).contains($0) }
            self.texts.insert(String(decoding: digits, as: UTF8.self))
            let key = String(decoding: PhoneKey.of(Array(phone)), as: UTF8.self)
            self.texts.insert(key)
            if !self.phones.contains(key) { self.phones.append(key) }
        }
    }

    /// The place of a message.
    package struct Place: Hashable, Sendable {
        let campaign: Int64
        let lane: Int64
        let position: Int64
    }

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// How a contact can be recognised.
    package func traces(of contact: Contact.ID) throws(StoreError) -> Traces {
        var traces = Traces()
        for sql in [
            "SELECT email, email_key, phone FROM contact WHERE id = ?1",
            "SELECT b.email, b.email_key, b.phone FROM import i JOIN contact_before b ON b.import = i.id AND b.id = ?1",
        ] {
            let row = try self.connection.prepare(sql)
            defer { row.reset() }
            row.bind(1, contact.rawValue)
            while try row.step() {
                if !row.isNull(1) { traces.add(key: row.text(1), text: row.isNull(0) ? row.text(1) : row.text(0)) }
                traces.add(phone: row.bytes(2))
            }
        }
        for key in try ContactAliases.keys(of: contact, on: self.connection) {
            switch key.kind {
            case .email: traces.add(key: key.value, text: key.value)
            case .phone: traces.add(phone: key.value.utf8)
            case .externalID: break
            }
        }
        return traces
    }

    /// The messages that a contact was a target of.
    package func places(of contact: Contact.ID) throws(StoreError) -> [Place] {
        let row = try self.connection.prepare(
            "SELECT campaign, lane, position FROM target WHERE contact = ?1 ORDER BY campaign, lane, position"
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        var places: [Place] = []
        while try row.step() {
            places.append(Place(campaign: row.integer(0), lane: row.integer(1), position: row.integer(2)))
        }
        return places
    }

    /// Forgets what relays said about some messages.
    package func silence(_ places: some Sequence<Place>) throws(StoreError) {
        let statement = try self.connection.prepare(
            """
            UPDATE ledger SET text = NULL WHERE campaign = ?1 AND lane = ?2 AND position = ?3 AND text IS NOT NULL
            """
        )
        for place in places {
            statement.bind(1, place.campaign)
            statement.bind(2, place.lane)
            statement.bind(3, place.position)
            try statement.run()
        }
    }

    /// Deletes the contact, and what its events say beside their kind and time.
    ///
    /// - Parameters:
    ///   - contact: Whose messages were silenced.
    ///   - hashes: Of its addresses: in the list of suppressed ones they stay.
    ///   - departures: Which lists the person left is forgotten, too.
    /// - Throws: What the store throws.
    package func delete(
        _ contact: Contact.ID,
        hashes: [AddressHash],
        departures: Bool
    ) throws(StoreError) {
        for sql in [
            "UPDATE event SET detail = '', address_hash = NULL WHERE contact = ?1",
            "DELETE FROM contact_before WHERE import IN (SELECT id FROM import) AND id = ?1",
            "DELETE FROM import_joined WHERE import IN (SELECT id FROM import) AND contact = ?1",
        ] {
            let statement = try self.connection.prepare(sql)
            statement.bind(1, contact.rawValue)
            try statement.run()
        }
        var statements = ["UPDATE suppression SET contact = NULL WHERE channel = 'email' AND address_hash = ?1"]
        if departures {
            statements.append("DELETE FROM list_departure WHERE list IN (SELECT id FROM list) AND address_hash = ?1")
        }
        for sql in statements {
            let statement = try self.connection.prepare(sql)
            for hash in hashes {
                statement.bind(1, bytes: hash.bytes)
                try statement.run()
            }
        }
        try ContactRemoval(self.connection).remove(contact.rawValue)
    }

    // MARK: Answers that are kept for repeated requests

    /// Requests above a row whose stored answers name somebody.
    ///
    /// - Returns: Their rows, and the last row that was looked at; `nil` after the last.
    package func answers(
        naming texts: TextSearch,
        above row: Int64,
        count: Int
    ) throws(StoreError) -> (rows: [Int64], last: Int64?) {
        let statement = try self.connection.prepare(
            "SELECT id, answer FROM request WHERE id > ?1 ORDER BY id LIMIT ?2"
        )
        defer { statement.reset() }
        statement.bind(1, row)
        statement.bind(2, count)
        var (found, last): ([Int64], Int64?) = ([], nil)
        while try statement.step() {
            last = statement.integer(0)
            if statement.withBytes(1, { texts.occurs(in: $0) }) { found.append(statement.integer(0)) }
        }
        return (found, last)
    }

    /// Forgets the answers of some requests: that they were done is still known.
    package func forgetAnswers(_ rows: [Int64]) throws(StoreError) {
        let statement = try self.connection.prepare("UPDATE request SET status = NULL, answer = NULL WHERE id = ?1")
        for row in rows {
            statement.bind(1, row)
            try statement.run()
        }
    }

    /// Campaigns looked through in one read: their files may be long.
    private static let campaignsAtOnce = 50

    /// Campaigns above one whose name or files name somebody: they stay, and are said.
    ///
    /// - Returns: As in `campaign c7`, and the last one looked at; `nil` after the last.
    package func campaigns(
        naming texts: TextSearch,
        above campaign: Int64
    ) throws(StoreError) -> (names: [String], last: Int64?) {
        let row = try self.connection.prepare(
            "SELECT id, content, files, name FROM campaign WHERE id > ?1 ORDER BY id LIMIT \(Self.campaignsAtOnce)"
        )
        defer { row.reset() }
        row.bind(1, campaign)
        var (names, last): ([String], Int64?) = ([], nil)
        while try row.step() {
            let id = row.integer(0)
            last = id
            let isNamed = (1...3).contains { column in row.withBytes(column) { texts.occurs(in: $0) } }
            if isNamed { names.append("campaign \(Campaign.ID(id).publicID)") }
        }
        return (names, last)
    }

    /// Other documents of the operators' own in which somebody is named: they stay, and are said.
    ///
    /// - Returns: As in `segment young`, in order.
    package func mentions(of texts: TextSearch) throws(StoreError) -> [String] {
        var found: [String] = []
        for (sql, name) in [
            ("SELECT name, expression, '', '' FROM segment ORDER BY name", "segment "),
            ("SELECT id, name, proof, file FROM source ORDER BY id", "source "),
            ("SELECT id, file, '', '' FROM import ORDER BY id", "import i"),
            ("SELECT name, name, '', '' FROM list ORDER BY name", "list "),
        ] {
            let row = try self.connection.prepare(sql)
            defer { row.reset() }
            while try row.step() {
                let isNamed = (1...3).contains { column in row.withBytes(column) { texts.occurs(in: $0) } }
                if isNamed { found.append(name + row.text(0)) }
            }
        }
        return found
    }
}

/// How many deletions may have left something in the database file: a restart knows it without knowing whom.
package enum ErasureMark {
    private static let begunKey = "erasures_begun"
    private static let clearedKey = "erasures_cleared"

    /// Counts one, in the transaction that deletes.
    package static func begin(on connection: any SQLConnection) throws(StoreError) {
        try ClusterStore.setMeta(Self.begunKey, String(try Self.begun(connection) + 1), on: connection)
    }

    /// Counts one of which nothing is left.
    package static func end(on connection: any SQLConnection) throws(StoreError) {
        let cleared = try Self.number(Self.clearedKey, connection)
        try ClusterStore.setMeta(Self.clearedKey, String(cleared + 1), on: connection)
    }

    /// How many were begun, when not all of them came to their end.
    package static func open(on connection: any SQLConnection) throws(StoreError) -> Int64? {
        let begun = try Self.begun(connection)
        return begun > (try Self.number(Self.clearedKey, connection)) ? begun : nil
    }

    /// Notes that nothing is left of the first `count`.
    package static func endAll(_ count: Int64, on connection: any SQLConnection) throws(StoreError) {
        try ClusterStore.setMeta(Self.clearedKey, String(count), on: connection)
    }

    private static func begun(_ connection: any SQLConnection) throws(StoreError) -> Int64 {
        try Self.number(Self.begunKey, connection)
    }

    private static func number(_ key: String, _ connection: any SQLConnection) throws(StoreError) -> Int64 {
        try ClusterStore.meta(key, on: connection).flatMap { Int64($0) } ?? 0
    }
}
