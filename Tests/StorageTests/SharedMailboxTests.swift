import Domain
import Storage
import Testing

@Suite("Who must not be written to: other spellings of the same mailbox")
struct SharedMailboxTests {
    private static let key = AddressKey(Array(repeating: 7, count: 32))

    @discardableResult
    private func add(_ address: String, hash: AddressHash? = nil, _ store: TestStore) throws -> [Contact.ID] {
        try store.write { connection throws(StoreError) in
            let record = SuppressionRecord(
                channel: .email,
                address: hash ?? Self.key.hash(address, on: .email),
                reason: .unsubscribed,
                at: Timestamp(milliseconds: 1),
                evidence: "",
                who: "w"
            )
            return try SuppressionStore(connection, key: Self.key).add(record, address: address).contacts
        }
    }

    private func barred(_ store: TestStore) throws -> [String] {
        try store.rows("SELECT email FROM contact WHERE barred & 1 ORDER BY email")
    }

    @Test("whoever is suppressed in one spelling is in all, there or to come, and taken off the list in all")
    func spellings() throws {
        let store = try TestStore()
        try store.importing(
            ["Ann.Lee@gmail.com", "annlee+x@googlemail.com", "annlee@example.org", "bo@gmail.com"],
            key: Self.key
        )
        #expect(try self.add("annlee+news@gmail.com", store) == [Contact.ID(1), Contact.ID(2)])
        #expect(try self.barred(store) == ["Ann.Lee@gmail.com", "annlee+x@googlemail.com"])
        try store.importing(["a.nnlee@gmail.com", "ann.leigh@gmail.com"], key: Self.key)
        #expect(try self.barred(store) == ["Ann.Lee@gmail.com", "a.nnlee@gmail.com", "annlee+x@googlemail.com"])
        let removed = try store.write { connection throws(StoreError) in
            try SuppressionStore(connection, key: Self.key).remove("ann.lee@gmail.com", on: .email)
        }
        #expect(removed?.reason == .unsubscribed && removed?.contact == Contact.ID(1))
        #expect(try self.barred(store).isEmpty)
        #expect(try store.rows("SELECT count(*) FROM suppression") == ["0"])
    }

    @Test("whoever leaves a list leaves it in every spelling")
    func lists() throws {
        let store = try TestStore()
        try store.importing(["ann.lee@gmail.com", "annlee@gmail.com", "bo@gmail.com"], list: "news", key: Self.key)
        let left = try store.write { connection throws(StoreError) in
            try SuppressionStore(connection, key: Self.key)
                .leave(1, address: "annlee+x@gmail.com", at: Timestamp(milliseconds: 1))
        }
        #expect(left == [Contact.ID(1), Contact.ID(2)])
        try store.importing(["ann.l.ee@gmail.com", "ann.lee@gmail.com"], list: "news", key: Self.key)
        #expect(try store.rows("SELECT contact FROM list_member") == ["3"])
    }

    @Test("what an older program noted under one spelling still stands against that one, and can be taken off")
    func older() throws {
        let store = try TestStore()
        let spelling = Array("ann.lee@gmail.com".utf8)
        let before = try #require(spelling.withUnsafeBytes { Self.key.hashOfSpelling($0, on: .email) })
        #expect(before != Self.key.hash("ann.lee@gmail.com", on: .email))
        try store.write { connection throws(StoreError) in
            let row = try connection.prepare(
                """
                INSERT INTO suppression (channel, address_hash, reason, at, evidence, who)
                VALUES ('email', ?1, 'unsubscribed', 1, '', 'w')
                """
            )
            row.bind(1, bytes: before.bytes)
            try row.run()
        }
        try store.importing(["ann.lee@gmail.com", "annlee@gmail.com"], key: Self.key)
        #expect(try self.barred(store) == ["ann.lee@gmail.com"])
        let removed = try store.write { connection throws(StoreError) in
            try SuppressionStore(connection, key: Self.key).remove("ann.lee@gmail.com", on: .email)
        }
        #expect(removed != nil)
        #expect(try self.barred(store).isEmpty)
        #expect(try store.rows("SELECT count(*) FROM suppression") == ["0"])
    }

    @Test("the database tells mailboxes as the program does")
    func sameRule() throws {
        var random = SplitMix64(1)
        let domains = [
            "gmail.com", "googlemail.com", "icloud.com", "me.com", "mac.com", "outlook.com", "hotmail.com", "live.com",
            "msn.com", "fastmail.com", "proton.me", "protonmail.com", "pm.me", "example.org", "gmail.com.example",
        ]
        var addresses: Set<String> = ["+x@gmail.com", "\"a b+c\"@gmail.com", "\"a@b\"@gmail.com"]
        for _ in 0..<600 {
            let length = Int.random(in: 1...6, using: &random)
            let local = (0..<length).map { _ in "ab.+".randomElement(using: &random).map(String.init) ?? "" }.joined()
            addresses.insert("\(local)@\(domains.randomElement(using: &random) ?? "")")
        }
        let store = try TestStore()
        try store.importing(addresses.sorted(), key: Self.key)
        for row in try store.rows("SELECT email_key, coalesce(mailbox, email_key) FROM contact") {
            let parts = row.split(separator: "|").map(String.init)
            #expect(ProviderMailbox.common(ofKey: parts[0]) == parts[1])
        }
    }
}
