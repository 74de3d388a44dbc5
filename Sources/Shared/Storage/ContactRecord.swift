package import Domain

/// Everything that is known of one contact.
package struct ContactRecord: Hashable, Sendable {
    package let id: Int64
    /// Built-in fields and others, in the order of ``ContactPages/fields``, as people read them; `nil` without a value.
    package var values: [String?]
    /// Whose number the external id is; `nil` without one, empty for the user's own.
    package let idSystem: String?
    package var lists: [String]
    /// The first source first.
    package var sources: [Source]
    package let consent: ConsentMarks
    package let createdAt: Timestamp
    package let updatedAt: Timestamp

    /// Where a contact came from, once.
    package struct Source: Hashable, Sendable {
        package let note: SourceNote
        /// When this contact came from there.
        package let at: Timestamp
    }
}

/// Reads contacts in the order of their numbers.
package struct ContactPages: Sendable {
    /// What ``ContactRecord/values`` has.
    package let fields: [Field]
    private var cursor: Int64 = 0

    /// Contacts of one page: some tens of milliseconds.
    static let rows = 500

    /// - Parameter fields: All fields, as ``FieldStore/all()`` gives them.
    package init(fields: [Field]) { self.fields = fields }

    /// The next page; `nil` after the last.
    package mutating func next(on connection: any SQLConnection) throws(StoreError) -> [ContactRecord]? {
        let reader = try ContactReader(connection, fields: self.fields)
        let page = try reader.records(after: self.cursor, limit: Self.rows)
        guard let last = page.last else { return nil }
        self.cursor = last.id
        return page
    }
}

/// Reads single contacts and finds them.
package struct ContactReader {
    private let connection: any SQLConnection
    private let fields: [Field]
    private let columns: String

    package init(_ connection: any SQLConnection, fields: [Field]) throws(StoreError) {
        self.connection = connection
        self.fields = fields
        self.columns =
            (["c.id", "c.source", "c.consent", "c.created_at", "c.updated_at", "c.external_key"]
            + fields.map { $0.printedExpression(in: "c") }).joined(separator: ", ")
    }

    package func records(after id: Int64, limit: Int) throws(StoreError) -> [ContactRecord] {
        let row = try self.connection.prepare(
            "SELECT \(self.columns) FROM contact c WHERE c.id > ?1 ORDER BY c.id LIMIT ?2"
        )
        row.bind(1, id)
        row.bind(2, limit)
        return try self.records(row)
    }

    package func record(_ id: Int64) throws(StoreError) -> ContactRecord? {
        let row = try self.connection.prepare("SELECT \(self.columns) FROM contact c WHERE c.id = ?1")
        row.bind(1, id)
        return try self.records(row).first
    }

    /// Who has this e-mail address; when nobody has it, who had it before.
    package static func contacts(withKey key: String, on connection: any SQLConnection) throws(StoreError) -> [Int64] {
        let found = try Self.ids("SELECT id FROM contact WHERE email_key = ?1", key, connection)
        guard found.isEmpty, let owner = try ContactAliases.contact(withKey: key, on: connection) else { return found }
        return [owner]
    }

    /// Who has this telephone number, as far as ``PhoneIndex`` was brought up to date.
    package static func contacts(withPhone key: [UInt8], on connection: any SQLConnection) throws(StoreError) -> [Int64]
    {
        let text = String(decoding: key, as: UTF8.self)
        let listed = try Self.ids(
            "SELECT contact FROM contact_phone WHERE phone_key = ?1 ORDER BY contact",
            text,
            connection
        )
        let alone = try Self.ids("SELECT id FROM contact WHERE email_key = ?1", "tel:\(text)", connection)
        let found = listed + alone.filter { !listed.contains($0) }
        // Who had it before; nobody has it now.
        return try found.isEmpty ? Self.contacts(withKey: "tel:\(text)", on: connection) : found
    }

    private static func ids(
        _ sql: String,
        _ text: String,
        _ connection: any SQLConnection
    ) throws(StoreError) -> [Int64] {
        let row = try connection.prepare(sql)
        defer { row.reset() }
        row.bind(1, text)
        var ids: [Int64] = []
        while try row.step() { ids.append(row.integer(0)) }
        return ids
    }

    private func records(_ row: any SQLStatement) throws(StoreError) -> [ContactRecord] {
        var records: [ContactRecord] = []
        var firstSources: [Int64?] = []
        while try row.step() {
            firstSources.append(row.optionalInteger(1))
            records.append(
                ContactRecord(
                    id: row.integer(0),
                    values: self.fields.indices.map { row.optionalText(6 + $0) },
                    idSystem: row.optionalText(5).map { String($0.prefix { $0 != ":" }) },
                    lists: [],
                    sources: [],
                    consent: ConsentMarks(rawValue: row.integer(2)),
                    createdAt: Timestamp(milliseconds: row.integer(3)),
                    updatedAt: Timestamp(milliseconds: row.integer(4))
                )
            )
        }
        row.reset()
        for index in records.indices {
            records[index].lists = try self.lists(of: records[index].id)
            records[index].sources = try self.sources(of: records[index], first: firstSources[index])
        }
        return records
    }

    private func lists(of contact: Int64) throws(StoreError) -> [String] {
        let row = try self.connection.prepare(
            "SELECT l.name FROM list l JOIN list_member m ON m.list = l.id AND m.contact = ?1 ORDER BY l.name"
        )
        defer { row.reset() }
        row.bind(1, contact)
        var names: [String] = []
        while try row.step() { names.append(row.text(0)) }
        return names
    }

    private func sources(of record: ContactRecord, first: Int64?) throws(StoreError) -> [ContactRecord.Source] {
        var sources: [ContactRecord.Source] = []
        let row = try self.connection.prepare(
            """
            SELECT s.name, s.basis, s.proof, s.channels, s.file, 0 AS later, ?3 AS came, s.id FROM source s WHERE s.id = ?2
            UNION ALL
            SELECT s.name, s.basis, s.proof, s.channels, s.file, 1, m.at, s.id
            FROM contact_source m JOIN source s ON s.id = m.source WHERE m.contact = ?1
            ORDER BY 6, 7, 8
            """
        )
        defer { row.reset() }
        row.bind(1, record.id)
        row.bind(2, optional: first)
        row.bind(3, record.createdAt.milliseconds)
        while try row.step() {
            let note = SourceNote(
                name: row.text(0),
                basis: row.text(1),
                proof: row.text(2),
                channels: row.text(3).split(separator: ",").map(String.init),
                file: row.text(4)
            )
            sources.append(ContactRecord.Source(note: note, at: Timestamp(milliseconds: row.integer(6))))
        }
        return sources
    }
}
