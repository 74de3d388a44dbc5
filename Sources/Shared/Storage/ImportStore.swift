package import Domain

/// What became of rows of an import: each row is in exactly one count, except that a warning is beside them.
package struct ImportCounts: Hashable, Sendable {
    package var created = 0
    package var updated = 0
    package var unchanged = 0
    package var rejected = 0
    /// Values left empty, and rows mended; not a fate of a row.
    package var warnings = 0

    package init() {}

    /// Rows of the file that were looked at.
    package var rows: Int { self.accepted + self.rejected }

    /// Rows that stand for a contact.
    package var accepted: Int { self.created + self.updated + self.unchanged }

    package static func += (left: inout Self, right: Self) {
        left.created += right.created
        left.updated += right.updated
        left.unchanged += right.unchanged
        left.rejected += right.rejected
        left.warnings += right.warnings
    }
}

/// How an import stands.
///
/// The raw value is stored.
package enum ImportState: String, Hashable, Sendable, CaseIterable {
    case running
    /// Read to its end.
    case finished
    /// It ended before its file did; what was committed until then stands.
    case aborted
    /// Being undone; goes on where it was when it is asked for again.
    case undoing
    /// Everything is as it was before it.
    case undone
}

/// One import, as it is stored.
package struct ImportRecord: Hashable, Sendable {
    package let id: Int64
    package let file: String
    package let source: Int64?
    package let list: Int64?
    package let state: ImportState
    package let startedAt: Timestamp
    package let finishedAt: Timestamp?
    package let counts: ImportCounts
}

/// Where contacts come from, as the operator says it.
package struct SourceNote: Hashable, Sendable {
    /// What the operator calls it.
    package var name: String
    /// The lawful basis, as the operator names it; empty when not said.
    package var basis: String
    /// What shows that it holds, such as where the form is kept; empty when not said.
    package var proof: String
    /// The channels that the basis is for.
    package var channels: [String]
    /// The file's name.
    package var file: String

    package init(name: String, basis: String, proof: String, channels: [String], file: String) {
        self.name = name
        self.basis = basis
        self.proof = proof
        self.channels = channels
        self.file = file
    }
}

/// Imports and the sources that they brought.
package struct ImportStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// Notes where contacts come from: once for each source with the same words.
    ///
    /// - Parameters:
    ///   - source: What is known of it.
    ///   - at: When it came.
    /// - Returns: The row id for `contact.source`.
    /// - Throws: What the database says.
    package func makeSource(_ source: SourceNote, at: Timestamp) throws(StoreError) -> Int64 {
        let words = [source.name, source.basis, source.file, source.proof, source.channels.joined(separator: ",")]
        let known = try self.connection.prepare(
            """
            SELECT id FROM source WHERE name = ?1 AND basis = ?2 AND file = ?3 AND proof = ?4 AND channels = ?5
            ORDER BY id LIMIT 1
            """
        )
        for (index, word) in words.enumerated() { known.bind(index + 1, word) }
        let found = try known.step() ? known.integer(0) : nil
        known.reset()
        if let found { return found }
        let statement = try self.connection.prepare(
            "INSERT INTO source (name, basis, file, proof, channels, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
        )
        for (index, word) in words.enumerated() { statement.bind(index + 1, word) }
        statement.bind(6, at.milliseconds)
        try statement.run()
        return self.connection.lastInsertID
    }

    /// Notes that an import begins.
    ///
    /// - Returns: Its id.
    package func begin(file: String, at: Timestamp) throws(StoreError) -> Int64 {
        let statement = try self.connection.prepare("INSERT INTO import (file, state, started_at) VALUES (?1, ?2, ?3)")
        statement.bind(1, file)
        statement.bind(2, ImportState.running.rawValue)
        statement.bind(3, at.milliseconds)
        try statement.run()
        return self.connection.lastInsertID
    }

    /// Notes where an import's contacts come from and which list they join.
    package func place(_ id: Int64, source: Int64, list: Int64?) throws(StoreError) {
        let statement = try self.connection.prepare("UPDATE import SET source = ?2, list = ?3 WHERE id = ?1")
        statement.bind(1, id)
        statement.bind(2, source)
        statement.bind(3, optional: list)
        try statement.run()
    }

    /// Adds what became of some rows.
    ///
    /// Belongs into the transaction that wrote them.
    package func add(_ counts: ImportCounts, to id: Int64) throws(StoreError) {
        let statement = try self.connection.prepare(
            """
            UPDATE import SET row_count = row_count + ?2, created = created + ?3, updated = updated + ?4,
                unchanged = unchanged + ?5, rejected = rejected + ?6, warnings = warnings + ?7
            WHERE id = ?1
            """
        )
        statement.bind(1, id)
        statement.bind(2, counts.rows)
        statement.bind(3, counts.created)
        statement.bind(4, counts.updated)
        statement.bind(5, counts.unchanged)
        statement.bind(6, counts.rejected)
        statement.bind(7, counts.warnings)
        try statement.run()
    }

    /// Ends an import.
    package func end(_ id: Int64, as state: ImportState, at: Timestamp) throws(StoreError) {
        let statement = try self.connection.prepare("UPDATE import SET state = ?2, finished_at = ?3 WHERE id = ?1")
        statement.bind(1, id)
        statement.bind(2, state.rawValue)
        statement.bind(3, at.milliseconds)
        try statement.run()
    }

    /// Marks imports that a stop of the coordinator cut off, once at its start.
    ///
    /// - Returns: How many there were.
    package func abortRunning(at: Timestamp) throws(StoreError) -> Int {
        let statement = try self.connection.prepare("UPDATE import SET state = ?1, finished_at = ?2 WHERE state = ?3")
        statement.bind(1, ImportState.aborted.rawValue)
        statement.bind(2, at.milliseconds)
        statement.bind(3, ImportState.running.rawValue)
        try statement.run()
        return self.connection.changedRows
    }

    /// An import that somebody began to undo, and that is not undone yet; `nil` when there is none.
    package func undoing() throws(StoreError) -> Int64? {
        let row = try self.connection.prepare("SELECT id FROM import WHERE state = ?1 LIMIT 1")
        defer { row.reset() }
        row.bind(1, ImportState.undoing.rawValue)
        return try row.step() ? row.integer(0) : nil
    }

    /// - Returns: `nil` when there is no such import.
    package func record(_ id: Int64) throws(StoreError) -> ImportRecord? {
        let row = try self.connection.prepare("SELECT \(Self.columns) FROM import WHERE id = ?1")
        defer { row.reset() }
        row.bind(1, id)
        return try row.step() ? try Self.record(row) : nil
    }

    /// Imports before one, newest first.
    package func newest(before id: Int64, limit: Int) throws(StoreError) -> [ImportRecord] {
        let row = try self.connection.prepare(
            "SELECT \(Self.columns) FROM import WHERE id < ?1 ORDER BY id DESC LIMIT ?2"
        )
        defer { row.reset() }
        row.bind(1, id)
        row.bind(2, limit)
        var records: [ImportRecord] = []
        while try row.step() { records.append(try Self.record(row)) }
        return records
    }

    private static let columns = """
        id, file, source, list, state, started_at, finished_at, created, updated, unchanged, rejected, warnings
        """

    private static func record(_ row: any SQLStatement) throws(StoreError) -> ImportRecord {
        guard let state = ImportState(rawValue: row.text(4)) else {
            throw StoreError.corrupt("import \(row.integer(0)) has the unknown state '\(row.text(4))'")
        }
        var counts = ImportCounts()
        counts.created = Int(row.integer(7))
        counts.updated = Int(row.integer(8))
        counts.unchanged = Int(row.integer(9))
        counts.rejected = Int(row.integer(10))
        counts.warnings = Int(row.integer(11))
        return ImportRecord(
            id: row.integer(0),
            file: row.text(1),
            source: row.optionalInteger(2),
            list: row.optionalInteger(3),
            state: state,
            startedAt: Timestamp(milliseconds: row.integer(5)),
            finishedAt: row.optionalInteger(6).map { Timestamp(milliseconds: $0) },
            counts: counts
        )
    }
}
