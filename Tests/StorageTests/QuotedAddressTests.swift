import Domain
import Storage
import Testing

@Suite("Quoted addresses of older programs")
struct QuotedAddressTests {
    private static let key = AddressKey(Array(repeating: 7, count: 32))

    private func suppressed(_ address: String, _ store: TestStore) throws -> Bool {
        try store.access { connection throws(StoreError) in
            try SuppressionStore(connection, key: Self.key).record(of: address, on: .email) != nil
        }
    }

    private func suppress(_ address: String, _ store: TestStore) throws {
        let record = SuppressionRecord(
            channel: .email,
            address: Self.key.hash(address, on: .email),
            reason: .unsubscribed,
            at: Timestamp(milliseconds: 5),
            evidence: "c1",
            who: "w"
        )
        _ = try store.write { connection throws(StoreError) in
            try SuppressionStore(connection, key: Self.key).add(record, address: address)
        }
    }

    private func settle(_ store: TestStore) throws -> Int {
        try store.access { connection throws(StoreError) in try QuotedAddresses(connection, key: Self.key).settle() }
    }

    /// Contacts as an older program made them.
    private func store(_ keys: [String]) throws -> TestStore {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let insert = try connection.prepare(
                "INSERT INTO contact (email, email_key, domain, created_at, updated_at) VALUES (?1, ?1, 'x.org', 1, 1)"
            )
            for key in keys {
                insert.bind(1, key)
                try insert.run()
            }
        }
        return store
    }

    @Test("a contact gets the key of today, with its suppression; addresses that need their quotes keep them; once")
    func moved() throws {
        let store = try self.store([#""ann"@x.org"#, #""b\o"@x.org"#, #""a@b"@x.org"#, "cy@x.org"])
        try self.suppress(#""ann"@x.org"#, store)
        try self.suppress("bo@x.org", store)
        #expect(try self.settle(store) == 2)
        #expect(
            try store.rows("SELECT email_key, barred FROM contact ORDER BY id")
                == ["ann@x.org|1", "bo@x.org|1", #""a@b"@x.org|0"#, "cy@x.org|0"]
        )
        #expect(try self.suppressed("ann@x.org", store) && self.suppressed("bo@x.org", store))
        #expect(
            try store.rows("SELECT at, reason FROM suppression ORDER BY at") == ["5|unsubscribed", "5|unsubscribed"]
        )
        #expect(try self.settle(store) == 0)
    }

    @Test("of two contacts for one mailbox one is left to write to, with what stood against either", arguments: [0, 1])
    func twice(which: Int) throws {
        let keys = [#""ann"@x.org"#, "ann@x.org"]
        let store = try self.store(keys)
        try self.suppress(keys[which], store)
        try store.write { connection throws(StoreError) in
            let list = try ListStore(connection).make(named: "iowa")
            try connection.execute("INSERT INTO list_member (list, contact) VALUES (\(list), 1)")
        }
        #expect(try self.settle(store) == 1)
        #expect(
            try store.rows("SELECT id, email_key, barred FROM contact WHERE email IS NOT NULL") == ["2|ann@x.org|1"]
        )
        #expect(try store.rows("SELECT count(*) FROM list_member WHERE contact = 2") == ["1"])
        #expect(try store.rows("SELECT contact FROM suppression") == ["2"])
        #expect(try self.suppressed("ann@x.org", store))
    }
}
