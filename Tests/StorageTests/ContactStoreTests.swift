import Domain
import Storage
import Testing

@Suite("Contacts in the store")
struct ContactStoreTests {
    private static let fields = [
        Field(name: "phone", type: .text), Field(name: "city", type: .text), Field(name: "visits", type: .integer),
        Field(name: "gift", type: .decimal), Field(name: "is_member", type: .boolean),
        Field(name: "joined", type: .date),
    ]
    private static let now = Timestamp(milliseconds: 1_000)
    private static let query = """
        SELECT email, email_key, domain, phone, f_city, f_visits, f_gift, n_gift, f_is_member, f_joined FROM contact ORDER BY id
        """

    private func put(
        _ rows: [[String]],
        into store: TestStore,
        policy: ConflictPolicy = .merge,
        list: Int64? = nil
    ) throws -> ImportCounts {
        try store.write { connection throws(StoreError) in
            let fields = try FieldStore(connection).define(Self.fields)
            let batch = ContactRows(fields, rows)
            let contacts = try ContactStore(connection, fields: fields, policy: policy, key: AddressKey([1]))
            return try contacts.upsert(
                ContactChunk(batch, rows: (0..<UInt32(batch.count)).map { $0 }[...]),
                list: list,
                source: 7,
                at: Self.now
            )
        }
    }

    private func counts(_ created: Int, _ updated: Int, _ unchanged: Int) -> ImportCounts {
        var counts = ImportCounts()
        (counts.created, counts.updated, counts.unchanged) = (created, updated, unchanged)
        return counts
    }

    private static let ann = ["Ann@x.org", "+15150000001", "Ames", "-3", "19.90", "true", "2020-02-29"]

    @Test("every value is stored by its type and as it was written", arguments: StoreKind.allCases)
    func types(kind: StoreKind) throws {
        let store = try TestStore(kind)
        let empty = ["bob@y.org", "", "", "", "", "", ""]
        #expect(try self.put([Self.ann, empty], into: store) == self.counts(2, 0, 0))
        #expect(
            try store.rows(Self.query) == [
                "Ann@x.org|ann@x.org|x.org|+15150000001|Ames|-3|19.90|19.9|1|2020-02-29",
                "bob@y.org|bob@y.org|y.org|||||||",
            ]
        )
        #expect(try store.rows("SELECT source, created_at FROM contact WHERE id = 1") == ["7|1000"])
    }

    @Test(
        "a contact that is there is merged, replaced or kept",
        arguments: [
            // Nothing new.
            (ConflictPolicy.merge, Self.ann, (0, 1), "Ann@x.org|+15150000001|Ames|-3|19.90|1|2020-02-29"),
            (.replace, Self.ann, (0, 1), "Ann@x.org|+15150000001|Ames|-3|19.90|1|2020-02-29"),
            (.keep, Self.ann, (0, 1), "Ann@x.org|+15150000001|Ames|-3|19.90|1|2020-02-29"),
            // Other values and empty cells.
            (
                .merge, ["Ann@x.org", "", "Boone", "", "19.9", "", ""], (1, 0),
                "Ann@x.org|+15150000001|Boone|-3|19.9|1|2020-02-29"
            ),
            (.replace, ["Ann@x.org", "", "Boone", "", "19.9", "", ""], (1, 0), "Ann@x.org||Boone||19.9||"),
            (
                .keep, ["Ann@x.org", "", "Boone", "", "19.9", "", ""], (0, 1),
                "Ann@x.org|+15150000001|Ames|-3|19.90|1|2020-02-29"
            ),
            // Only empty cells.
            (
                .merge, ["Ann@x.org", "", "", "", "", "", ""], (0, 1),
                "Ann@x.org|+15150000001|Ames|-3|19.90|1|2020-02-29"
            ),
            (.replace, ["Ann@x.org", "", "", "", "", "", ""], (1, 0), "Ann@x.org||||||"),
            // Another spelling of the same address.
            (
                .merge, ["ann@x.org", "", "", "", "", "false", ""], (1, 0),
                "Ann@x.org|+15150000001|Ames|-3|19.90|0|2020-02-29"
            ),
            (
                .merge, ["ann@x.org", "", "", "", "", "", ""], (0, 1),
                "Ann@x.org|+15150000001|Ames|-3|19.90|1|2020-02-29"
            ),
            (
                .replace, ["ann@x.org"] + Self.ann.dropFirst(), (1, 0),
                "ann@x.org|+15150000001|Ames|-3|19.90|1|2020-02-29"
            ),
        ] as [(ConflictPolicy, [String], (Int, Int), String)]
    )
    func policies(policy: ConflictPolicy, row: [String], expected: (Int, Int), after: String) throws {
        let store = try TestStore()
        _ = try self.put([Self.ann], into: store)
        #expect(try self.put([row], into: store, policy: policy) == self.counts(0, expected.0, expected.1))
        #expect(
            try store.rows("SELECT email, phone, f_city, f_visits, f_gift, f_is_member, f_joined FROM contact") == [
                after
            ]
        )
    }

    @Test("a later row of the same file is the same contact", arguments: ConflictPolicy.allCases)
    func doubles(policy: ConflictPolicy) throws {
        let store = try TestStore()
        var second = Self.ann
        second[2] = "Boone"
        let counts = try self.put([Self.ann, second, second], into: store, policy: policy)
        // With `replace` the last row is all that is said of the contact, from the first row on.
        #expect(counts == (policy == .merge ? self.counts(1, 1, 1) : self.counts(1, 0, 2)))
        #expect(try store.rows("SELECT f_city FROM contact") == [policy == .keep ? "Ames" : "Boone"])
    }

    @Test("a contact without an address is known by its telephone")
    func telephones() throws {
        let store = try TestStore()
        let row = ["", "+15150000001", "Ames", "", "", "", ""]
        #expect(try self.put([row, row], into: store) == self.counts(1, 0, 1))
        #expect(try store.rows("SELECT coalesce(email, 'none'), email_key FROM contact") == ["none|tel:+15150000001"])
    }

    @Test("every row's contact joins the list, whatever the policy", arguments: ConflictPolicy.allCases)
    func lists(policy: ConflictPolicy) throws {
        let store = try TestStore()
        _ = try self.put([Self.ann], into: store)
        let list = try store.write { connection throws(StoreError) in try ListStore(connection).make(named: "iowa") }
        var bob = Self.ann
        bob[0] = "bob@y.org"
        _ = try self.put([Self.ann, bob, bob], into: store, policy: policy, list: list)
        #expect(try store.access { connection throws(StoreError) in try ListStore(connection).memberCount(list) } == 2)
    }

    @Test("chunks hold every row once, ordered by key, equal keys in the order of the file")
    func chunks() throws {
        let field = [Field(name: "n", type: .text)]
        var generator = SystemRandomNumberGenerator()
        let rows = (0..<2_345).map { index in
            ["\(Int.random(in: 0..<700, using: &generator))@x.org", "\(index)"]
        }
        let batch = ContactRows(field, rows)
        let chunks = batch.chunks()
        // Rows of one address stay together.
        #expect(chunks.allSatisfy { $0.rows.count <= ContactChunk.rowsMax + 50 })
        let order = chunks.flatMap { $0.rows.map { Int($0) } }
        #expect(order.sorted() == Array(0..<2_345))
        for (left, right) in zip(order, order.dropFirst()) {
            let (first, second) = (Array(rows[left][0].utf8), Array(rows[right][0].utf8))
            #expect(first == second ? left < right : first.lexicographicallyPrecedes(second))
        }
    }
}
