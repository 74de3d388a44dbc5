import Domain
import Foundation
import Storage
import StorageSQLite

/// The kinds of store that every law is tried on.
enum StoreKind: CaseIterable {
    case memory
    case file
}

/// A migrated store that is gone with its test.
struct TestStore {
    let database: SQLiteDatabase
    private let folder: TemporaryFolder?

    init(_ kind: StoreKind = .memory) throws {
        self.folder = kind == .file ? try TemporaryFolder() : nil
        self.database = try SQLiteDatabase(
            path: self.folder.map { $0.path + "/ledger.db" },
            profile: .ledger,
            applicationID: Schema.ledgerID
        )
        try self.database.access { connection throws(StoreError) in try Schema.migrate(connection) }
    }

    func access<Result>(_ body: (any SQLConnection) throws(StoreError) -> Result) throws -> Result {
        try self.database.access(body)
    }

    /// Runs `body` in a transaction, as the loop does.
    func write<Result>(_ body: (any SQLConnection) throws(StoreError) -> Result) throws -> Result {
        try self.database.access { connection throws(StoreError) in
            try connection.transaction { () throws(StoreError) in try body(connection) }
        }
    }

    /// The rows of a query as text, cells joined by `|`.
    func rows(_ sql: String) throws -> [String] {
        try self.access { connection throws(StoreError) in
            let statement = try connection.prepare(sql)
            defer { statement.reset() }
            var rows: [String] = []
            while try statement.step() {
                var cells: [String] = []
                // A test's query says how many columns it has by its commas outside brackets.
                for column in 0..<Self.columnCount(sql) { cells.append(statement.text(column)) }
                rows.append(cells.joined(separator: "|"))
            }
            return rows
        }
    }

    private static func columnCount(_ sql: String) -> Int {
        let list = sql.dropFirst("SELECT ".count)
        let end = list.range(of: " FROM ")?.lowerBound ?? list.endIndex
        var depth = 0
        var commas = 0
        for character in list[..<end] {
            switch character {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0: commas += 1
            default: break
            }
        }
        return commas + 1
    }
}

extension ContactRows {
    /// Makes rows out of texts: address, then the fields' values.
    init(_ fields: [Field], _ rows: [[String]]) {
        self.init(fields: fields)
        for row in rows {
            let address = row[0]
            self.append(address.utf8)
            self.append((address.isEmpty ? "tel:\(row[1])" : address.lowercased()).utf8)
            self.append((address.split(separator: "@").dropFirst().first ?? "").utf8Copy)
            for value in row.dropFirst() { self.append(value.utf8) }
        }
    }
}

extension Substring {
    fileprivate var utf8Copy: String.UTF8View { String(self).utf8 }
}
