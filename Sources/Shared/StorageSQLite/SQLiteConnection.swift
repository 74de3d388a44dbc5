import GRDB
import GRDBSQLite
import Storage

/// Holds the one connection of a ``SQLiteDatabase``.
///
/// `@unchecked`: only touched inside the database's serial queue, which is the lock.
final class ConfinedConnection: @unchecked Sendable {
    private var connection: SQLiteConnection?

    func open(on database: Database) -> SQLiteConnection {
        if let connection { return connection }
        let made = SQLiteConnection(database)
        self.connection = made
        return made
    }

    func dropStatements() { self.connection = nil }
}

/// ``SQLConnection`` on SQLite: GRDB opens, configures and serialises; stepping and binding go straight to SQLite, since they
/// happen for every message.
final class SQLiteConnection: SQLConnection {
    private let database: Database
    private var statements: [String: SQLiteStatementBox] = [:]

    /// More texts than the program has; a leak of generated statements would show here.
    private static let statementsMax = 1_000

    init(_ database: Database) { self.database = database }

    func prepare(_ sql: String) throws(StoreError) -> any SQLStatement {
        if let known = self.statements[sql] { return known }
        do {
            let statement = SQLiteStatementBox(try self.database.makeStatement(sql: sql), on: self.database)
            if self.statements.count >= Self.statementsMax { self.statements.removeAll() }
            self.statements[sql] = statement
            return statement
        } catch {
            throw StoreError(error)
        }
    }

    func execute(_ sql: String) throws(StoreError) {
        let code = sqlite3_exec(self.database.sqliteConnection, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw StoreError(code: code, on: self.database.sqliteConnection) }
    }

    func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try self.prepare("BEGIN IMMEDIATE").run()
        do throws(StoreError) {
            let result = try body()
            try self.prepare("COMMIT").run()
            return result
        } catch {
            // SQLite has undone it by itself after some errors, such as a full disk.
            if sqlite3_get_autocommit(self.database.sqliteConnection) == 0 { try self.prepare("ROLLBACK").run() }
            throw error
        }
    }

    var changedRows: Int { Int(sqlite3_changes(self.database.sqliteConnection)) }

    var lastInsertID: Int64 { sqlite3_last_insert_rowid(self.database.sqliteConnection) }
}

/// ``SQLStatement`` on SQLite.
final class SQLiteStatementBox: SQLStatement {
    /// Keeps the handle alive.
    private let statement: Statement
    private let handle: OpaquePointer
    private let database: OpaquePointer?

    init(_ statement: Statement, on database: Database) {
        self.statement = statement
        self.handle = statement.sqliteStatement
        self.database = database.sqliteConnection
    }

    /// Tells SQLite to copy a bound value before the call returns.
    private static let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    func bind(_ index: Int, _ value: Int64) { sqlite3_bind_int64(self.handle, Int32(index), value) }
    func bind(_ index: Int, _ value: Double) { sqlite3_bind_double(self.handle, Int32(index), value) }
    func bindNull(_ index: Int) { sqlite3_bind_null(self.handle, Int32(index)) }

    func bind(_ index: Int, _ value: String) {
        var value = value
        value.withUTF8 { utf8 in
            guard let start = utf8.baseAddress else {
                sqlite3_bind_text(self.handle, Int32(index), "", 0, Self.copied)
                return
            }
            start.withMemoryRebound(to: CChar.self, capacity: utf8.count) {
                _ = sqlite3_bind_text(self.handle, Int32(index), $0, Int32(utf8.count), Self.copied)
            }
        }
    }

    func bind(_ index: Int, bytes: [UInt8]) {
        guard !bytes.isEmpty else {
            sqlite3_bind_zeroblob(self.handle, Int32(index), 0)
            return
        }
        bytes.withUnsafeBytes {
            _ = sqlite3_bind_blob(self.handle, Int32(index), $0.baseAddress, Int32($0.count), Self.copied)
        }
    }

    func bind(_ index: Int, text: UnsafeRawBufferPointer) {
        guard let start = text.baseAddress else {
            sqlite3_bind_text(self.handle, Int32(index), "", 0, Self.copied)
            return
        }
        let characters = start.assumingMemoryBound(to: CChar.self)
        sqlite3_bind_text(self.handle, Int32(index), characters, Int32(text.count), Self.copied)
    }

    func step() throws(StoreError) -> Bool {
        switch sqlite3_step(self.handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let error = StoreError(code: code, on: self.database)
            sqlite3_reset(self.handle)
            throw error
        }
    }

    func reset() { sqlite3_reset(self.handle) }

    func isNull(_ column: Int) -> Bool { sqlite3_column_type(self.handle, Int32(column)) == SQLITE_NULL }
    func integer(_ column: Int) -> Int64 { sqlite3_column_int64(self.handle, Int32(column)) }
    func real(_ column: Int) -> Double { sqlite3_column_double(self.handle, Int32(column)) }

    func text(_ column: Int) -> String {
        self.withBytes(column) { String(decoding: $0, as: UTF8.self) }
    }

    func bytes(_ column: Int) -> [UInt8] {
        self.withBytes(column) { [UInt8]($0) }
    }

    func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        // A blob is read as it is; anything else as text, which SQLite converts in place.
        let start: UnsafeRawPointer?
        if sqlite3_column_type(self.handle, Int32(column)) == SQLITE_BLOB {
            start = sqlite3_column_blob(self.handle, Int32(column))
        } else {
            start = UnsafeRawPointer(sqlite3_column_text(self.handle, Int32(column)))
        }
        let count = Int(sqlite3_column_bytes(self.handle, Int32(column)))
        return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }

    func append(_ column: Int, to bytes: inout [UInt8]) {
        self.withBytes(column) { bytes.append(contentsOf: $0) }
    }

    func value(_ column: Int) -> SQLValue {
        switch sqlite3_column_type(self.handle, Int32(column)) {
        case SQLITE_INTEGER: .integer(self.integer(column))
        case SQLITE_FLOAT: .real(self.real(column))
        case SQLITE_TEXT: .text(self.text(column))
        case SQLITE_BLOB: .bytes(self.bytes(column))
        default: .null
        }
    }
}

extension StoreError {
    /// Reads a result code of SQLite other than OK, ROW and DONE.
    init(code: Int32, on database: OpaquePointer?) {
        let text = sqlite3_errmsg(database).map { String(cString: $0) } ?? "code \(code)"
        self.init(code: code, text: text)
    }

    init(code: Int32, text: String) {
        switch code & 0xff {
        case SQLITE_FULL: self = .full(text)
        case SQLITE_BUSY, SQLITE_LOCKED: self = .busy(text)
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt(text)
        case SQLITE_INTERRUPT: self = .interrupted(text)
        // Refused for what it says, and so each time; everything else may pass, such as a lack of memory.
        case SQLITE_ERROR, SQLITE_CONSTRAINT, SQLITE_MISMATCH, SQLITE_TOOBIG, SQLITE_RANGE, SQLITE_SCHEMA,
            SQLITE_MISUSE,
            SQLITE_AUTH:
            self = .statement(text)
        default: self = .io(text)
        }
    }

    /// What GRDB threw.
    init(_ error: any Error) {
        guard let error = error as? DatabaseError else {
            self = .io("\(error)")
            return
        }
        self.init(code: error.resultCode.rawValue, text: error.message ?? "code \(error.resultCode.rawValue)")
    }

    init(opening error: any Error, path: String) {
        let plain = StoreError(error)
        switch plain {
        case .io(let text): self = .io("\(path): \(text)")
        case .corrupt(let text): self = .corrupt("\(path): \(text)")
        case .busy(let text): self = .busy("\(path): \(text)")
        default: self = plain
        }
    }
}
