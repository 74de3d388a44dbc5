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

    init(_ connection: any SQLConnection, importID: Int64) throws(StoreError) {
        self.connection = connection
        self.importID = importID
        let columns = try FieldStore(connection).storedColumns().joined(separator: ", ")
        self.grow = try connection.prepare("UPDATE import_created SET high = ?3 WHERE import = ?1 AND high = ?2")
        self.range = try connection.prepare("INSERT INTO import_created (import, low, high) VALUES (?1, ?2, ?3)")
        // A contact is noted as it was before the import's first change.
        self.before = try connection.prepare(
            """
            INSERT INTO contact_before (import, id, \(columns)) SELECT ?1, id, \(columns) FROM contact WHERE id = ?2
            ON CONFLICT DO NOTHING
            """
        )
        self.source = try connection.prepare(
            "INSERT INTO contact_source (contact, source, import, at) VALUES (?2, ?3, ?1, ?4) ON CONFLICT DO NOTHING"
        )
        self.join = try connection.prepare(
            "INSERT INTO import_joined (import, contact) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        )
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

    func willChange(_ contact: Int64) throws(StoreError) {
        self.before.bind(2, contact)
        try self.before.run()
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
