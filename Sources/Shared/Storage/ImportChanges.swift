import Domain

/// Notes what an import does to contacts, so that it can be undone.
struct ImportChanges {
    private let importID: Int64
    private let grow: any SQLStatement
    private let range: any SQLStatement
    private let before: any SQLStatement
    private let source: any SQLStatement
    private let join: any SQLStatement
    private let connection: any SQLConnection
    /// Whether a contact is what it was before, when that was changed aside: parameter 2 is which; nothing when not.
    private let unchangedSQL: String

    init(_ connection: any SQLConnection, importID: Int64) throws(StoreError) {
        self.connection = connection
        self.importID = importID
        let stored = try FieldStore(connection).storedColumns()
        let columns = stored.joined(separator: ", ")
        self.grow = try connection.prepare("UPDATE import_created SET high = ?3 WHERE import = ?1 AND high = ?2")
        self.range = try connection.prepare(
            "INSERT INTO import_created (import, low, high) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
        )
        // A contact is noted as it was before the import's first change.
        self.before = try connection.prepare(
            """
            INSERT INTO contact_before (import, id, \(columns)) SELECT ?1, id, \(columns) FROM contact WHERE id = ?2
            ON CONFLICT (import, id) DO UPDATE SET changes = contact_before.changes + 1 RETURNING changes
            """
        )
        self.source = try connection.prepare(
            "INSERT INTO contact_source (contact, source, import, at) VALUES (?2, ?3, ?1, ?4) ON CONFLICT DO NOTHING"
        )
        self.join = try connection.prepare(
            "INSERT INTO import_joined (import, contact) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        )
        let differences = stored.filter { $0 != "updated_at" }.map { "b.\($0) IS NOT DISTINCT FROM c.\($0)" }
        self.unchangedSQL = """
            SELECT b.changes, b.updated_at FROM contact_before b JOIN contact c ON c.id = b.id
            WHERE b.import = ?1 AND b.id = ?2 AND \(differences.joined(separator: " AND "))
            """
        for statement in [self.grow, self.range, self.before, self.source, self.join] { statement.bind(1, importID) }
    }

    /// Contacts that are new.
    func created(_ ids: Range<Int64>) throws(StoreError) {
        self.grow.bind(2, ids.lowerBound)
        self.grow.bind(3, ids.upperBound)
        try self.grow.run()
        guard self.connection.changedRows == 0 else { return }
        self.range.bind(2, ids.lowerBound)
        self.range.bind(3, ids.upperBound)
        try self.range.run()
    }

    /// - Returns: Whether it is the import's first change of this contact.
    func willChange(_ contact: Int64) throws(StoreError) -> Bool {
        self.before.bind(2, contact)
        defer { self.before.reset() }
        return try self.before.step() && self.before.integer(0) == 1
    }

    /// Takes a contact as never changed, when it is again as it was before the import's first change.
    ///
    /// - Returns: How many changes came to nothing; `nil` when something is different.
    func settleUnchanged(_ contact: Int64) throws(StoreError) -> Int? {
        let row = try self.connection.prepare(self.unchangedSQL)
        row.bind(1, self.importID)
        row.bind(2, contact)
        let found = try row.step() ? (changes: Int(row.integer(0)), updatedAt: row.integer(1)) : nil
        row.reset()
        guard let found else { return nil }
        let restore = try self.connection.prepare("UPDATE contact SET updated_at = ?2 WHERE id = ?1")
        restore.bind(1, contact)
        restore.bind(2, found.updatedAt)
        try restore.run()
        for sql in [
            "DELETE FROM contact_before WHERE import = ?1 AND id = ?2",
            // What the contact has now, this import need not remember.
            """
            DELETE FROM contact_alias WHERE import = ?1 AND contact = ?2 AND key IN (
                SELECT email_key FROM contact WHERE id = ?2 UNION ALL SELECT 'id:' || external_key FROM contact WHERE id = ?2
            )
            """,
        ] {
            let forget = try self.connection.prepare(sql)
            forget.bind(1, self.importID)
            forget.bind(2, contact)
            try forget.run()
        }
        return found.changes
    }

    /// A contact that has a source already came from another one, too.
    func came(_ contact: Int64, from source: Int64, at: Timestamp) throws(StoreError) {
        self.source.bind(2, contact)
        self.source.bind(3, source)
        self.source.bind(4, at.milliseconds)
        try self.source.run()
    }

    func joined(_ contact: Int64) throws(StoreError) {
        self.join.bind(2, contact)
        try self.join.run()
    }
}
