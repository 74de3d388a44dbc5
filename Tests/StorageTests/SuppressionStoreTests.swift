import Domain
import Storage
import Testing

@Suite("Who must not be written to")
struct SuppressionStoreTests {
    private static let key = AddressKey(Array(repeating: 7, count: 32))

    private func record(
        _ address: String,
        _ reason: SuppressionReason,
        at: Int64 = 1
    ) -> SuppressionRecord {
        SuppressionRecord(
            channel: .email,
            address: Self.key.hash(address, on: .email),
            reason: reason,
            at: Timestamp(milliseconds: at),
            evidence: "\(reason.rawValue) evidence",
            who: "w"
        )
    }

    @discardableResult
    private func add(
        _ address: String,
        _ reason: SuppressionReason,
        at: Int64 = 1,
        _ store: TestStore
    ) throws -> Bool {
        try store.write { connection throws(StoreError) in
            try SuppressionStore(connection, key: Self.key).add(self.record(address, reason, at: at), address: address)
                .isNew
        }
    }

    @Test("a contact bears the bar from the moment its address is suppressed, and until it is taken off the list")
    func suppressed() throws {
        let store = try TestStore()
        try store.importing(["Ann@x.org", "bo@x.org"], key: Self.key)
        #expect(try self.add("ann@x.org", .unsubscribed, store))
        #expect(try store.rows("SELECT email, barred FROM contact ORDER BY id") == ["Ann@x.org|1", "bo@x.org|0"])
        let removed = try store.write { connection throws(StoreError) in
            try SuppressionStore(connection, key: Self.key).remove("ann@x.org", on: .email)
        }
        #expect(removed?.reason == .unsubscribed && removed?.contact == Contact.ID(1))
        #expect(try store.rows("SELECT barred FROM contact ORDER BY id") == ["0", "0"])
        #expect(try store.rows("SELECT count(*) FROM suppression") == ["0"])
    }

    @Test("whoever was suppressed before is barred when the address is imported, in any spelling")
    func importedLater() throws {
        let store = try TestStore()
        try self.add("ann@x.org", .asked, store)
        try store.importing(["ANN@x.org", "bo@x.org"], key: Self.key)
        #expect(try store.rows("SELECT barred FROM contact ORDER BY email_key") == ["1", "0"])
        // Nothing in the table says who it is.
        #expect(try store.rows("SELECT length(address_hash), evidence FROM suppression") == ["16|asked evidence"])
    }

    @Test("of two reasons the weightier stays, and the time of the first")
    func weight() throws {
        let store = try TestStore()
        #expect(try self.add("ann@x.org", .bounced, at: 5, store))
        #expect(try !self.add("ann@x.org", .complained, at: 9, store))
        #expect(try !self.add("ann@x.org", .asked, at: 11, store))
        #expect(
            try store.rows("SELECT reason, at, evidence FROM suppression") == ["complained|5|complained evidence"]
        )
    }

    @Test("whoever left a list is out of it, and stays out when a file would put the contact back")
    func departure() throws {
        let store = try TestStore()
        try store.importing(["ann@x.org", "bo@x.org"], list: "news", key: Self.key)
        let contact = try store.write { connection throws(StoreError) in
            try SuppressionStore(connection, key: Self.key)
                .leave(1, address: "ann@x.org", at: Timestamp(milliseconds: 3))
        }
        #expect(contact == [Contact.ID(1)])
        try store.importing(["ann@x.org", "cy@x.org"], list: "news", key: Self.key)
        try store.importing(["ann@x.org"], list: "other", key: Self.key)
        #expect(try store.rows("SELECT contact FROM list_member WHERE list = 1 ORDER BY contact") == ["2", "3"])
        #expect(try store.rows("SELECT contact FROM list_member WHERE list = 2") == ["1"])
        let left = try store.access { connection throws(StoreError) in
            let suppressions = SuppressionStore(connection, key: Self.key)
            return [
                try suppressions.hasLeft("news", contact: Contact.ID(1)),
                try suppressions.hasLeft("other", contact: Contact.ID(1)),
                try suppressions.hasLeft("news", contact: Contact.ID(2)),
            ]
        }
        #expect(left == [true, false, false])
    }

    @Test("the same address hashes alike under one key, and differently on another key")
    func hashes() {
        let one = Self.key.hash("ann@x.org", on: .email)
        #expect(one == Self.key.hash("ann@x.org", on: .email) && one.bytes.count == AddressHash.byteCount)
        #expect(one != AddressKey([1]).hash("ann@x.org", on: .email))
        #expect(Self.key.fingerprint != AddressKey([1]).fingerprint)
    }

    @Test("an event that is told twice is one event")
    func events() throws {
        let store = try TestStore()
        let event = EventRecord(
            kind: .unsubscribed,
            at: Timestamp(milliseconds: 4),
            target: TargetKey(campaign: Campaign.ID(1), lane: 2, position: 3),
            contact: Contact.ID(5),
            source: "one_click",
            once: "u:1/2/3"
        )
        let isNew = try store.write { connection throws(StoreError) in
            let events = EventStore(connection)
            return [try events.append(event), try events.append(event)]
        }
        #expect(isNew == [true, false])
        #expect(
            try store.rows("SELECT kind, campaign, lane, position, contact, source FROM event")
                == ["unsubscribed|1|2|3|5|one_click"]
        )
    }
}
