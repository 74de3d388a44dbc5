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

/// Imports and the sources that they brought.
package struct ImportStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// Notes where contacts come from.
    ///
    /// - Parameters:
    ///   - name: What the operator calls it.
    ///   - basis: The lawful basis, as the operator names it; empty when not said.
    ///   - file: The file's name.
    ///   - at: When it came.
    /// - Returns: The row id for `contact.source`.
    /// - Throws: What the database says.
    package func makeSource(
        named name: String,
        basis: String,
        file: String,
        at: Timestamp
    ) throws(StoreError) -> Int64 {
        let statement = try self.connection.prepare(
            "INSERT INTO source (name, basis, file, at) VALUES (?1, ?2, ?3, ?4)"
        )
        statement.bind(1, name)
        statement.bind(2, basis)
        statement.bind(3, file)
        statement.bind(4, at.milliseconds)
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

    /// - Returns: `nil` when there is no such import.
    package func record(_ id: Int64) throws(StoreError) -> ImportRecord? {
        let row = try self.connection.prepare(
            """
            SELECT id, file, source, list, state, started_at, finished_at, created, updated, unchanged, rejected, warnings
            FROM import WHERE id = ?1
            """
        )
        defer { row.reset() }
        row.bind(1, id)
        guard try row.step() else { return nil }
        guard let state = ImportState(rawValue: row.text(4)) else {
            throw StoreError.corrupt("import \(id) has the unknown state '\(row.text(4))'")
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
