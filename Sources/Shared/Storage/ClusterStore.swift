package import Domain

/// What the coordinator must not forget about itself, its throttles and its workers.
package final class ClusterStore {
    private let connection: any SQLConnection
    private let saveLevelStatement: any SQLStatement

    package init(_ connection: any SQLConnection) throws(StoreError) {
        self.connection = connection
        self.saveLevelStatement = try connection.prepare(
            """
            INSERT INTO throttle (scope, level, wall, boot_id, boot) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (scope) DO UPDATE SET level = ?2, wall = ?3, boot_id = ?4, boot = ?5
            """
        )
    }

    /// A value of the `meta` table.
    package func meta(_ key: String) throws(StoreError) -> String? { try Self.meta(key, on: self.connection) }

    /// Keeps a text under a name, in place of the one before.
    package func setMeta(_ key: String, _ value: String) throws(StoreError) {
        try Self.setMeta(key, value, on: self.connection)
    }

    static func meta(_ key: String, on connection: any SQLConnection) throws(StoreError) -> String? {
        let statement = try connection.prepare("SELECT value FROM meta WHERE key = ?1")
        defer { statement.reset() }
        statement.bind(1, key)
        return try statement.step() ? statement.text(0) : nil
    }

    static func setMeta(_ key: String, _ value: String, on connection: any SQLConnection) throws(StoreError) {
        let statement = try connection.prepare(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2"
        )
        statement.bind(1, key)
        statement.bind(2, value)
        try statement.run()
    }

    /// Forgets the text under a name.
    package func removeMeta(_ key: String) throws(StoreError) {
        let statement = try self.connection.prepare("DELETE FROM meta WHERE key = ?1")
        statement.bind(1, key)
        try statement.run()
    }

    /// What was left in a bucket, and when.
    package struct StoredLevel: Hashable, Sendable {
        package let level: Double
        package let wall: Timestamp
        /// The boot of the machine to whose clock `boot` belongs.
        package let bootID: String
        package let boot: Instant

        package init(level: Double, wall: Timestamp, bootID: String, boot: Instant) {
            self.level = level
            self.wall = wall
            self.bootID = bootID
            self.boot = boot
        }
    }

    /// What was left in each bucket, by its storage key.
    package func levels() throws(StoreError) -> [String: StoredLevel] {
        let row = try self.connection.prepare("SELECT scope, level, wall, boot_id, boot FROM throttle")
        defer { row.reset() }
        var levels: [String: StoredLevel] = [:]
        while try row.step() {
            levels[row.text(0)] = StoredLevel(
                level: row.real(1),
                wall: Timestamp(milliseconds: row.integer(2)),
                bootID: row.text(3),
                boot: Instant(milliseconds: row.integer(4))
            )
        }
        return levels
    }

    /// Keeps what is left in a bucket.
    package func saveLevel(_ scope: String, _ level: StoredLevel) throws(StoreError) {
        let statement = self.saveLevelStatement
        statement.bind(1, scope)
        statement.bind(2, level.level)
        statement.bind(3, level.wall.milliseconds)
        statement.bind(4, level.bootID)
        statement.bind(5, level.boot.milliseconds)
        try statement.run()
    }

    /// Moves the times of all levels: the clock by which they were written is another from now on.
    package func moveLevels(byMilliseconds milliseconds: Int64) throws(StoreError) {
        let statement = try self.connection.prepare("UPDATE throttle SET wall = wall + ?1")
        statement.bind(1, milliseconds)
        try statement.run()
    }

    /// A worker as it last introduced itself.
    package struct WorkerRecord: Hashable, Sendable {
        package let name: String
        package let journal: [UInt8]
        package let machineBoot: String
        package let build: String
        package let lastSeen: Timestamp

        package init(name: String, journal: [UInt8], machineBoot: String, build: String, lastSeen: Timestamp) {
            self.name = name
            self.journal = journal
            self.machineBoot = machineBoot
            self.build = build
            self.lastSeen = lastSeen
        }
    }

    /// All workers that were ever seen, by name.
    package func workers() throws(StoreError) -> [WorkerRecord] {
        let row = try self.connection.prepare(
            "SELECT name, journal, machine_boot, build, last_seen FROM worker ORDER BY name"
        )
        defer { row.reset() }
        var workers: [WorkerRecord] = []
        while try row.step() {
            workers.append(
                WorkerRecord(
                    name: row.text(0),
                    journal: row.bytes(1),
                    machineBoot: row.text(2),
                    build: row.text(3),
                    lastSeen: Timestamp(milliseconds: row.integer(4))
                )
            )
        }
        return workers
    }

    /// Keeps what is known of a worker, by its name.
    package func save(_ worker: WorkerRecord) throws(StoreError) {
        let statement = try self.connection.prepare(
            """
            INSERT INTO worker (name, journal, machine_boot, build, last_seen) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (name) DO UPDATE SET journal = ?2, machine_boot = ?3, build = ?4, last_seen = ?5
            """
        )
        statement.bind(1, worker.name)
        statement.bind(2, bytes: worker.journal)
        statement.bind(3, worker.machineBoot)
        statement.bind(4, worker.build)
        statement.bind(5, worker.lastSeen.milliseconds)
        try statement.run()
    }
}
