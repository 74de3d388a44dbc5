import GRDB
package import Storage

/// What a database file is used for; decides durability, cache and rights.
package enum SQLiteProfile: Hashable, Sendable {
    /// The coordinator's store: every commit is on the disk before it returns (`synchronous=FULL`).
    case ledger
    /// Reads beside the ledger's only writer; never writes nor checkpoints.
    case reader
    /// A worker's journal. Durable against the death of the process; with `powerSafe` also against a power cut.
    case journal(powerSafe: Bool)
    /// What nobody needs once it is closed: nothing waits for the disk.
    case scratch
}

/// An open SQLite file (or a database in memory), shared by threads that take turns.
///
/// One connection writes and checkpoints a file; open every other one with ``SQLiteProfile/reader`` and close it first.
/// (SQLite up to 3.51.2 can damage a WAL file when two connections checkpoint.)
package final class SQLiteDatabase: Sendable {
    private let queue: DatabaseQueue
    /// Only touched inside `queue`.
    private let connection: ConfinedConnection

    /// How long a statement waits for another process that holds the file.
    static let busyMilliseconds = 5_000

    /// Opens the file, making it when the profile may write.
    ///
    /// - Parameters:
    ///   - path: The file; `nil` for a database in memory that is gone when it is closed.
    ///   - profile: What it is used for.
    ///   - applicationID: Marks files as ours; a file with another mark is refused.
    /// - Throws: ``StoreError/corrupt(_:)`` for a file that is not ours, ``StoreError/io(_:)`` when it cannot be opened.
    package init(path: String?, profile: SQLiteProfile, applicationID: Int32) throws(StoreError) {
        do {
            var configuration = Configuration()
            configuration.readonly = profile == .reader
            configuration.foreignKeysEnabled = false
            configuration.busyMode = .timeout(Double(Self.busyMilliseconds) / 1_000)
            configuration.label = "postrider.database"
            configuration.prepareDatabase { database in
                for pragma in profile.pragmas { try database.execute(sql: pragma) }
            }
            self.queue =
                try path.map { try DatabaseQueue(path: $0, configuration: configuration) }
                ?? DatabaseQueue(configuration: configuration)
            self.connection = ConfinedConnection()
        } catch {
            throw StoreError(opening: error, path: path ?? "memory")
        }
        try self.claim(applicationID: applicationID, mayWrite: profile != .reader, path: path ?? "memory")
    }

    /// Runs `body` with the connection, alone.
    package func access<Result>(
        _ body: (any SQLConnection) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let outcome: Swift.Result<Result, StoreError> = self.queue.unsafeReentrantWrite { database in
            let connection = self.connection.open(on: database)
            do throws(StoreError) {
                return .success(try body(connection))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Runs `body` with SQLite's own handle, alone and outside of statements.
    func withHandle<Result>(_ body: (OpaquePointer?) throws(StoreError) -> Result) throws(StoreError) -> Result {
        let outcome: Swift.Result<Result, StoreError> = self.queue.unsafeReentrantWrite { database in
            do throws(StoreError) {
                return .success(try body(database.sqliteConnection))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Makes the statements that run now fail with ``StoreError/interrupted(_:)``.
    ///
    /// From any thread; nothing happens when none runs.
    package func interrupt() { self.queue.interrupt() }

    /// Closes the file; the database must not be used afterwards.
    package func close() throws(StoreError) {
        self.queue.unsafeReentrantWrite { _ in self.connection.dropStatements() }
        do {
            try self.queue.close()
        } catch {
            throw StoreError(opening: error, path: self.queue.path)
        }
    }

    /// Refuses a file that another program made, and marks a new one as ours.
    private func claim(applicationID: Int32, mayWrite: Bool, path: String) throws(StoreError) {
        try self.access { connection throws(StoreError) in
            let found = try connection.firstInteger("PRAGMA application_id") ?? 0
            guard found != Int64(applicationID) else { return }
            let tables = try connection.firstInteger("SELECT count(*) FROM sqlite_master") ?? 0
            guard found == 0, tables == 0, mayWrite else {
                throw StoreError.corrupt("\(path) was made by another program")
            }
            try connection.execute("PRAGMA application_id=\(applicationID)")
        }
    }
}

extension SQLiteProfile {
    fileprivate var pragmas: [String] {
        let common = ["PRAGMA trusted_schema=OFF", "PRAGMA cell_size_check=ON", "PRAGMA mmap_size=0"]
        return switch self {
        case .ledger:
            common + [
                "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-65536",
                "PRAGMA wal_autocheckpoint=4000", "PRAGMA journal_size_limit=268435456", "PRAGMA secure_delete=ON",
            ]
        case .reader:
            common + ["PRAGMA query_only=ON", "PRAGMA wal_autocheckpoint=0", "PRAGMA cache_size=-16384"]
        case .scratch:
            common + [
                "PRAGMA journal_mode=MEMORY", "PRAGMA synchronous=OFF", "PRAGMA locking_mode=EXCLUSIVE",
                "PRAGMA cache_size=-16384",
            ]
        case .journal(let powerSafe):
            common + [
                "PRAGMA journal_mode=WAL", "PRAGMA synchronous=\(powerSafe ? "FULL" : "NORMAL")",
                "PRAGMA cache_size=-4096", "PRAGMA wal_autocheckpoint=1000", "PRAGMA journal_size_limit=16777216",
            ]
        }
    }
}

extension SQLConnection {
    /// The first column of the first row of a query without parameters.
    package func firstInteger(_ sql: String) throws(StoreError) -> Int64? {
        let statement = try self.prepare(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.optionalInteger(0) : nil
    }
}
