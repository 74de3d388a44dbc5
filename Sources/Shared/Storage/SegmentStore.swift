package import Domain

/// A named condition.
package struct SegmentRecord: Hashable, Sendable {
    package let name: String
    package let expression: String
    package let definedBy: String
    package let definedAt: Timestamp

    package init(name: String, expression: String, definedBy: String, definedAt: Timestamp) {
        self.name = name
        self.expression = expression
        self.definedBy = definedBy
        self.definedAt = definedAt
    }

    package static let nameGrammar = "1 to 60 of a-z, 0-9, \"-\" and \"_\", beginning with a letter"

    /// Whether a segment may be called so.
    package static func isName(_ text: String) -> Bool {
        guard (1...60).contains(text.utf8.count), let first = text.utf8.first, (0x61...0x7A).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case 0x61...0x7A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "_"): true
            default: false
            }
        }
    }
}

/// Defined segments.
package struct SegmentStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// All of them are read with each campaign.
    package static let segmentsMax = 2_000

    /// How many segments are defined.
    package func count() throws(StoreError) -> Int {
        let row = try self.connection.prepare("SELECT count(*) FROM segment")
        defer { row.reset() }
        return try row.step() ? Int(row.integer(0)) : 0
    }

    /// All segments, by name.
    package func all() throws(StoreError) -> [SegmentRecord] {
        let row = try self.connection.prepare(
            "SELECT name, expression, defined_by, defined_at FROM segment ORDER BY name"
        )
        defer { row.reset() }
        var records: [SegmentRecord] = []
        while try row.step() {
            records.append(
                SegmentRecord(
                    name: row.text(0),
                    expression: row.text(1),
                    definedBy: row.text(2),
                    definedAt: Timestamp(milliseconds: row.integer(3))
                )
            )
        }
        return records
    }

    /// Writes a segment, new or in place of the one of its name.
    package func save(_ record: SegmentRecord) throws(StoreError) {
        let statement = try self.connection.prepare(
            """
            INSERT INTO segment (name, expression, defined_by, defined_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name)
            DO UPDATE SET expression = excluded.expression, defined_by = excluded.defined_by,
                defined_at = excluded.defined_at
            """
        )
        statement.bind(1, record.name)
        statement.bind(2, record.expression)
        statement.bind(3, record.definedBy)
        statement.bind(4, record.definedAt.milliseconds)
        try statement.run()
    }
}

/// What conditions may name.
package struct NameStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// Names of one kind that are looked among; nobody finds their way among more.
    package static let namesMax = 20_000

    /// Reads all names.
    ///
    /// - Parameter today: As `2026-11-22`.
    /// - Returns: Up to ``namesMax`` of each kind.
    /// - Throws: What the connection throws.
    package func names(today: String) throws(StoreError) -> ExpressionNames {
        var names = ExpressionNames(fields: try FieldStore(self.connection).all())
        names.lists = try self.texts("SELECT name FROM list ORDER BY id DESC LIMIT ?1")
        names.sources = try self.texts("SELECT DISTINCT name FROM source ORDER BY name LIMIT ?1")
        for segment in try SegmentStore(self.connection).all() { names.segments[segment.name] = segment.expression }
        let row = try self.connection.prepare("SELECT id, name FROM campaign ORDER BY id DESC LIMIT ?1")
        defer { row.reset() }
        row.bind(1, Self.namesMax)
        while try row.step() { names.campaigns.append((Campaign.ID(row.integer(0)), row.text(1))) }
        names.today = today
        return names
    }

    private func texts(_ sql: String) throws(StoreError) -> [String] {
        let row = try self.connection.prepare(sql)
        defer { row.reset() }
        row.bind(1, Self.namesMax)
        var texts: [String] = []
        while try row.step() { texts.append(row.text(0)) }
        return texts
    }
}
