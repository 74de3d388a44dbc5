import Domain
import Storage
import Testing

@Suite("Targets and the ledger")
struct TargetStoreTests {
    private let key = TargetKey(campaign: Campaign.ID(1), lane: 0, position: 3)
    private let first = Epoch(incarnation: 1, counter: 1)

    private func entry(_ outcome: Outcome, epoch: Epoch? = nil, reply: RelayReply? = nil) -> LedgerEntry {
        LedgerEntry(
            key: self.key,
            epoch: epoch ?? self.first,
            outcome: outcome,
            reason: "",
            reply: reply,
            at: Timestamp(milliseconds: 5),
            worker: "w"
        )
    }

    @Test(
        "of one attempt only a doubt is replaced, and only by evidence",
        arguments: Outcome.allCases,
        Outcome.allCases
    )
    func append(before: Outcome, after: Outcome) throws {
        let store = try TestStore()
        let isReplaced = try store.write { connection throws(StoreError) in
            let targets = try TargetStore(connection)
            let isNew = try targets.append(self.entry(before))
            let again = try targets.append(self.entry(after))
            return (isNew, again)
        }
        let isEvidence = [.accepted, .bounced, .failed].contains(after)
        #expect(isReplaced == (true, before == .inDoubt && isEvidence))
        let expected = isReplaced.1 ? after : before
        #expect(try store.rows("SELECT outcome FROM ledger") == ["\(expected.rawValue)"])
    }

    @Test("attempts under other epochs are rows of their own, and accepted ones are counted")
    func attempts() throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let targets = try TargetStore(connection)
            for counter in 1...4 {
                let epoch = Epoch(incarnation: 1, counter: UInt32(counter))
                _ = try targets.append(self.entry(counter % 2 == 0 ? .accepted : .deferred, epoch: epoch))
            }
            let count = try targets.acceptedAttempts(self.key)
            #expect(count == 2)
        }
        #expect(try store.rows("SELECT count(*) FROM ledger") == ["4"])
    }

    @Test(
        "an address that a relay quotes is not kept",
        arguments: [
            (7, "<Ann@X.example> is unknown", "<(recipient)> is unknown"), (7, "unknown", "unknown"),
            // Erased meanwhile: nobody can say whose addresses these are.
            (8, "<ann@x.example> is unknown", ""),
        ]
    )
    func quoted(contact: Int64, text: String, kept: String) throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            try connection.execute(
                "INSERT INTO contact (id, email, created_at, updated_at) VALUES (7, 'ann@x.example', 0, 0)"
            )
            let targets = try TargetStore(connection)
            try targets.insert(self.key, contact: Contact.ID(contact))
            let reply = RelayReply(code: 550, status: "5.1.1", text: text)
            _ = try targets.append(self.entry(.bounced, reply: reply))
        }
        #expect(try store.rows("SELECT text FROM ledger") == [kept])
    }

    @Test("a reply is kept with its attempt, and none when there was none")
    func replies() throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let targets = try TargetStore(connection)
            let reply = RelayReply(code: 550, status: "5.1.1", text: "no such user")
            _ = try targets.append(self.entry(.bounced, reply: reply))
            let silent = Epoch(incarnation: 1, counter: 2)
            _ = try targets.append(
                self.entry(.deferred, epoch: silent, reply: RelayReply(code: 0, status: "", text: ""))
            )
        }
        #expect(try store.rows("SELECT code, status, text FROM ledger") == ["550|5.1.1|no such user", "||"])
    }

    @Test("a target is frozen, put off, granted and settled")
    func life() throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let targets = try TargetStore(connection)
            try targets.insert(self.key, contact: Contact.ID(9))
            func now() throws(StoreError) -> TargetRecord? { try targets.target(self.key) }
            var record = try now()
            #expect(record?.outcome == nil && record?.due == nil && record?.epoch == Epoch(0))

            let due = Timestamp(milliseconds: 700)
            try targets.postpone(self.key, epoch: Epoch(0), variant: 2, until: due)
            record = try now()
            #expect(record?.outcome == nil && record?.due == due && record?.variant == 2)

            try targets.schedule(
                self.entry(.deferred),
                variant: 2,
                attempts: 1,
                due: due,
                isDoubted: true
            )
            record = try now()
            #expect(record?.outcome == .deferred && record?.attempts == 1 && record?.wasDoubted == true)

            let later = Epoch(incarnation: 2, counter: 1)
            try targets.grant(self.key, epoch: later)
            record = try now()
            #expect(record?.due == nil && record?.epoch == later && record?.outcome == .deferred)

            try targets.settle(self.entry(.accepted, epoch: later), variant: 2, attempts: 2)
            record = try now()
            #expect(record?.outcome == .accepted && record?.attempts == 2 && record?.wasDoubted == true)
            let none = try targets.target(TargetKey(campaign: Campaign.ID(2), lane: 0, position: 3))
            #expect(none == nil)
        }
    }

    @Test("what is unsettled is read in order of position, in pages")
    func unsettled() throws {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let targets = try TargetStore(connection)
            for position in 0..<10 {
                let key = TargetKey(campaign: Campaign.ID(1), lane: 0, position: position)
                try targets.insert(key, contact: Contact.ID(Int64(position) + 1))
                guard position % 2 == 1 else { continue }
                var entry = self.entry(.accepted)
                entry.key = key
                try targets.settle(entry, variant: 0, attempts: 1)
            }
            let page = try targets.unsettled(campaign: Campaign.ID(1), lane: 0, from: 2, limit: 3)
            #expect(page.map(\.position) == [2, 4, 6])
            let other = try targets.unsettled(campaign: Campaign.ID(1), lane: 1, from: 0, limit: 3)
            #expect(other.isEmpty)
        }
    }
}
