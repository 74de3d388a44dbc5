/// A value as a database column holds it.
package enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case bytes([UInt8])
}

/// One open database, used by one thread at a time.
///
/// The only thing repositories know about a driver. SQL is written once, with parameters `?1`, `?2` …, and in the dialect that
/// SQLite and PostgreSQL share.
package protocol SQLConnection: AnyObject {
    /// A statement to run any number of times; the connection keeps one for each text.
    func prepare(_ sql: String) throws(StoreError) -> any SQLStatement

    /// Runs statements that have no parameters and no rows, separated by `;`.
    func execute(_ sql: String) throws(StoreError)

    /// Runs `body` in one transaction that takes the write lock at its start; committed when `body` returns, undone when it throws.
    func transaction<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result

    /// Rows that the last statement changed.
    var changedRows: Int { get }

    /// Row id of the last insert.
    var lastInsertID: Int64 { get }
}

/// A prepared statement with its cursor.
///
/// Bind, then `step` until it returns `false`, then `reset`. Column and parameter numbers: parameters from 1, columns from 0.
package protocol SQLStatement: AnyObject {
    func bind(_ index: Int, _ value: Int64)
    func bind(_ index: Int, _ value: Double)
    func bind(_ index: Int, _ value: String)
    func bind(_ index: Int, bytes: [UInt8])
    /// Binds UTF-8 as text without making a String.
    func bind(_ index: Int, text: UnsafeRawBufferPointer)
    func bindNull(_ index: Int)

    /// - Returns: Whether a row is there to read.
    func step() throws(StoreError) -> Bool

    /// Makes the statement ready for new parameters. Keeps the old ones until they are bound again.
    func reset()

    func isNull(_ column: Int) -> Bool
    func integer(_ column: Int) -> Int64
    func real(_ column: Int) -> Double
    /// Empty for NULL.
    func text(_ column: Int) -> String
    /// Empty for NULL.
    func bytes(_ column: Int) -> [UInt8]
    /// The value's UTF-8 or bytes without a copy, valid inside `body` only. Empty for NULL. A number is given as its text.
    func withBytes<Result>(_ column: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result
    /// Adds the value's UTF-8 or bytes to `bytes`; nothing for NULL. A number is given as its text.
    func append(_ column: Int, to bytes: inout [UInt8])
    func value(_ column: Int) -> SQLValue
}

extension SQLStatement {
    /// Binds a value of whatever kind it is.
    package func bind(_ index: Int, _ value: SQLValue) {
        switch value {
        case .null: self.bindNull(index)
        case .integer(let value): self.bind(index, value)
        case .real(let value): self.bind(index, value)
        case .text(let value): self.bind(index, value)
        case .bytes(let value): self.bind(index, bytes: value)
        }
    }

    /// Binds a whole number.
    package func bind(_ index: Int, _ value: Int) { self.bind(index, Int64(value)) }

    /// Binds a whole number, or NULL.
    package func bind(_ index: Int, optional value: Int64?) {
        if let value { self.bind(index, value) } else { self.bindNull(index) }
    }

    /// Binds a text, or NULL.
    package func bind(_ index: Int, optional value: String?) {
        if let value { self.bind(index, value) } else { self.bindNull(index) }
    }

    /// A whole number, `nil` for NULL.
    package func optionalInteger(_ column: Int) -> Int64? { self.isNull(column) ? nil : self.integer(column) }
    /// A text, `nil` for NULL.
    package func optionalText(_ column: Int) -> String? { self.isNull(column) ? nil : self.text(column) }

    /// Runs a statement that gives no rows, and resets it.
    package func run() throws(StoreError) {
        defer { self.reset() }
        while try self.step() {}
    }
}

/// Why the store refused.
package enum StoreError: Error, Hashable, Sendable {
    /// The disk or the allowed size is used up; work may go on once there is room.
    case full(String)
    /// Another process holds the database.
    case busy(String)
    /// The file is damaged, or not ours.
    case corrupt(String)
    /// A newer program made the file.
    case tooNew(found: Int, known: Int)
    /// Reading or writing the file failed.
    case io(String)
    /// The statement is wrong or breaks a constraint: our fault.
    case statement(String)
    /// The query ran longer than it may.
    case interrupted(String)

    package var text: String {
        switch self {
        case .full(let text): "the disk is full: \(text)"
        case .busy(let text): "the database is in use by another process: \(text)"
        case .corrupt(let text): "the database is damaged or not one of Postrider's: \(text)"
        case .tooNew(let found, let known):
            "the database has schema \(found), this program knows up to \(known): use a newer program"
        case .io(let text): "the database cannot be read or written: \(text)"
        case .statement(let text): "a database statement failed: \(text)"
        case .interrupted(let text): "the query took too long: \(text)"
        }
    }
}
