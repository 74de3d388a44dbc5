import Domain
import Storage
import StorageSQLite
import Testing

@Suite("Audit")
struct AuditTests {
    private static let acts = ["submit", "approve", "start", "pause", "resume", "cancel", "worker_add"]

    /// A store with one row for each of ``acts``.
    private func filled(_ kind: StoreKind = .memory) throws -> TestStore {
        let store = try TestStore(kind)
        try store.write { connection throws(StoreError) in
            for (index, act) in Self.acts.enumerated() { try Self.append(act, index, on: connection) }
        }
        return store
    }

    private static func append(_ act: String, _ index: Int, on connection: any SQLConnection) throws(StoreError) {
        try AuditStore(connection).append(
            AuditEntry(
                at: Timestamp(milliseconds: 1_000 + Int64(index)),
                who: "ann-é",
                act: act,
                subject: "c\(index)",
                digest: "d\(index)",
                origin: "127.0.0.1"
            )
        )
    }

    private func finding(_ store: TestStore) throws -> AuditCheck.Finding? {
        try store.access { connection throws(StoreError) in
            var check = AuditCheck()
            while try check.step(on: connection) {}
            return check.finding
        }
    }

    @Test("what was written fits, on every kind of store, also when there is nothing", arguments: StoreKind.allCases)
    func intact(kind: StoreKind) throws {
        #expect(try self.finding(TestStore(kind)) == nil)
        let store = try self.filled(kind)
        #expect(try self.finding(store) == nil)
        let read = try store.access { connection throws(StoreError) in
            try AuditStore(connection).entries(above: 2, count: 3).map { "\($0.head.row) \($0.entry.act)" }
        }
        #expect(read == ["3 start", "4 pause", "5 resume"])
    }

    static let damages: [(sql: String, row: Int64)] = [
        ("UPDATE audit SET at = at + 1 WHERE id = 3", 3),
        ("UPDATE audit SET who = 'bob' WHERE id = 1", 1),
        ("UPDATE audit SET act = 'Pause' WHERE id = 4", 4),
        ("UPDATE audit SET subject = subject || ' ' WHERE id = 7", 7),
        // The same letters in other columns.
        ("UPDATE audit SET subject = 'c2d', digest = '2' WHERE id = 3", 3),
        ("UPDATE audit SET digest = '' WHERE id = 2", 2),
        ("UPDATE audit SET origin = '127.0.0.2' WHERE id = 5", 5),
        ("UPDATE audit SET hash = zeroblob(32) WHERE id = 6", 6),
        // Bytes that are no UTF-8: read as text, they could look as before.
        ("UPDATE audit SET who = CAST(x'616e6e2dc3' AS TEXT) WHERE id = 3", 3),
        ("DELETE FROM audit WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 4", 4),
        ("DELETE FROM audit WHERE id = 7", 7),
        ("DELETE FROM audit WHERE id >= 5", 5),
        ("DELETE FROM audit", 1),
        // Numbered anew behind a removed one.
        ("DELETE FROM audit WHERE id = 4; UPDATE audit SET id = id - 1 WHERE id > 4", 4),
        // Two rows change places.
        (
            "UPDATE audit SET id = 99 WHERE id = 2; UPDATE audit SET id = 2 WHERE id = 3; UPDATE audit SET id = 3 WHERE id = 99",
            2
        ),
        ("INSERT INTO audit SELECT 8, at, who, act, subject, digest, origin, hash FROM audit WHERE id = 7", 8),
        ("INSERT INTO audit SELECT 0, at, who, act, subject, digest, origin, hash FROM audit WHERE id = 7", 0),
        ("DELETE FROM meta WHERE key = 'audit_head'", 7),
        ("UPDATE meta SET value = 'x' WHERE key = 'audit_head'", 7),
    ]

    @Test("every change is found, at the first row that does not fit", arguments: AuditTests.damages)
    func damage(_ damage: (sql: String, row: Int64)) throws {
        let store = try self.filled()
        try store.access { connection throws(StoreError) in try connection.execute(damage.sql) }
        let finding = try #require(try self.finding(store))
        #expect(finding.row == damage.row, "\(finding.text)")
    }

    @Test("acts that come later do not hide that the end was cut off, or its note removed")
    func cutStays() throws {
        for damage in ["DELETE FROM audit WHERE id >= 6", "DELETE FROM meta WHERE key = 'audit_head'"] {
            let store = try self.filled()
            try store.write { connection throws(StoreError) in
                try connection.execute(damage)
                try Self.append("later", 9, on: connection)
            }
            let finding = try #require(try self.finding(store))
            #expect(finding.row == (damage.contains("meta") ? 8 : 6))
        }
    }

    @Test("every byte of every row counts")
    func everyByte() throws {
        let store = try self.filled()
        for column in ["who", "act", "subject", "digest", "origin", "hash"] {
            for row in 1...Self.acts.count {
                let lengths = try store.rows("SELECT length(CAST(\(column) AS BLOB)) FROM audit WHERE id = \(row)")
                for index in 1...(try #require(lengths.first.flatMap { Int($0) })) {
                    try self.flip(column, row: row, byte: index, in: store)
                    #expect(try self.finding(store)?.row == Int64(row), "\(column), row \(row), byte \(index)")
                    try self.flip(column, row: row, byte: index, in: store)
                }
            }
        }
        #expect(try self.finding(store) == nil)
    }

    /// Changes the lowest bit of one byte, and back.
    private func flip(_ column: String, row: Int, byte: Int, in store: TestStore) throws {
        let cell = try store.access { connection throws(StoreError) in
            let statement = try connection.prepare("SELECT \(column) FROM audit WHERE id = \(row)")
            defer { statement.reset() }
            var bytes: [UInt8] = []
            if try statement.step() { statement.append(0, to: &bytes) }
            return bytes
        }
        var changed = cell
        changed[byte - 1] ^= 1
        let type = column == "hash" ? "BLOB" : "TEXT"
        let bytes = changed
        try store.write { connection throws(StoreError) in
            let update = try connection.prepare("UPDATE audit SET \(column) = CAST(?1 AS \(type)) WHERE id = \(row)")
            update.bind(1, bytes: bytes)
            try update.run()
        }
    }

    @Test("rows from before there was a chain become one, in their order")
    func migration() throws {
        let database = try SQLiteDatabase(path: nil, profile: .ledger, applicationID: Schema.ledgerID)
        let finding = try database.access { connection throws(StoreError) in
            try Schema.migrate(connection, to: 2)
            for row in [1, 2, 5, 9] {
                try connection.execute("INSERT INTO audit VALUES (\(row), \(row), 'ann', 'act \(row)', 'c1', '')")
            }
            try Schema.migrate(connection)
            try Self.append("later", 9, on: connection)
            let acts = try AuditStore(connection).entries(above: 0, count: 10).map(\.entry.act)
            #expect(acts == ["act 1", "act 2", "act 5", "act 9", "later"])
            var check = AuditCheck()
            while try check.step(on: connection) {}
            #expect(check.head.row == 5)
            return check.finding
        }
        #expect(finding == nil)
    }

    @Test("more rows than one step takes are verified, and the damage found among them")
    func long() throws {
        let store = try TestStore()
        let count = AuditCheck.rowsPerStep + 500
        try store.write { connection throws(StoreError) in
            for index in 0..<count { try Self.append("act", index, on: connection) }
        }
        #expect(try self.finding(store) == nil)
        try store.access { connection throws(StoreError) in
            try connection.execute("UPDATE audit SET who = 'eve' WHERE id = \(count - 3)")
        }
        #expect(try self.finding(store)?.row == Int64(count - 3))
    }
}
