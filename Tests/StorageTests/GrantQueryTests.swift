import Domain
import Storage
import Testing

@Suite("What is read before a grant")
struct GrantQueryTests {
    private let campaign = Campaign.ID(1)

    /// Six contacts, frozen into one lane.
    private func store() throws -> TestStore {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            _ = try FieldStore(connection).define([
                Field(name: "name", type: .text), Field(name: "age", type: .integer),
            ])
            let targets = try TargetStore(connection)
            for id in 1...6 {
                try connection.execute(
                    """
                    INSERT INTO contact (id, email, email_key, domain, created_at, updated_at, f_name, f_age)
                    VALUES (\(id), 'P\(id)@a.example', 'p\(id)@a.example', 'a.example', 0, 0, 'n\(id)', \(id * 10))
                    """
                )
                let key = TargetKey(campaign: self.campaign, lane: 0, position: id - 1)
                try targets.insert(key, contact: Contact.ID(Int64(id)))
            }
            try connection.execute(
                """
                UPDATE contact SET barred = 1 WHERE id = 2; UPDATE contact SET barred = 65536 WHERE id = 3;
                UPDATE contact SET email = NULL, f_name = NULL WHERE id = 4
                """
            )
        }
        return store
    }

    private var query: GrantQuery {
        GrantQuery(
            conditions: ["c.f_age > ?6", "c.f_name = ?7"],
            bindings: [.integer(25), .text("n1")],
            columns: ["c.f_name", "CAST(c.f_age AS TEXT)"]
        )
    }

    private func schedule(
        _ position: Int,
        due: Int64,
        epoch: Epoch,
        on connection: any SQLConnection
    ) throws(StoreError) {
        let entry = LedgerEntry(
            key: TargetKey(campaign: self.campaign, lane: 0, position: position),
            epoch: epoch,
            outcome: .deferred,
            reason: "",
            at: Timestamp(milliseconds: 1)
        )
        try TargetStore(connection).schedule(
            entry,
            variant: 1,
            attempts: 1,
            due: Timestamp(milliseconds: due),
            isDoubted: false
        )
    }

    @Test("a row says who may be written to, what holds, and what the message needs")
    func rows() throws {
        let rows = try self.store().access { connection throws(StoreError) in
            try self.query.fresh(campaign: self.campaign, lane: 0, from: 0, limit: 10, on: connection)
        }
        #expect(rows.map(\.target.position) == [0, 1, 2, 3, 4, 5])
        #expect(rows.map(\.bars) == [[], .email, .lists, [], [], []])
        #expect(rows[3].address == nil && rows[0].address == "P1@a.example")
        #expect(
            rows.map { [$0.holds(0), $0.holds(1)] }
                == [[false, true]] + [[false, false]] + Array(repeating: [true, false], count: 4)
        )
        #expect(rows.map { String(decoding: $0.value(0), as: UTF8.self) } == ["n1", "n2", "n3", "", "n5", "n6"])
        #expect(rows.map { String(decoding: $0.value(1), as: UTF8.self) } == ["10", "20", "30", "40", "50", "60"])
    }

    @Test("first attempts begin at the cursor and leave out what waits; retries come by due time")
    func cursorAndDue() throws {
        let store = try self.store()
        try store.write { connection throws(StoreError) in
            try self.schedule(1, due: 500, epoch: Epoch(1), on: connection)
            try self.schedule(4, due: 300, epoch: Epoch(1), on: connection)
            try self.schedule(5, due: 900, epoch: Epoch(1), on: connection)
            let fresh = try self.query.fresh(campaign: self.campaign, lane: 0, from: 1, limit: 1, on: connection)
            #expect(fresh.map(\.target.position) == [2])
            for (now, expected) in [(299, []), (300, [4]), (899, [4, 1]), (900, [4, 1, 5])] as [(Int64, [Int])] {
                let due = try self.query.due(
                    campaign: self.campaign,
                    lane: 0,
                    by: Timestamp(milliseconds: now),
                    limit: 10,
                    on: connection
                )
                #expect(due.map(\.target.position) == expected)
            }
        }
    }

    @Test("what a shard still holds is found again after a restart")
    func leased() throws {
        let store = try self.store()
        try store.write { connection throws(StoreError) in
            let epoch = Epoch(incarnation: 1, counter: 1)
            let retry = Epoch(incarnation: 1, counter: 2)
            func held(_ contents: ShardRecord.Contents, _ epoch: Epoch) throws(StoreError) -> [Int] {
                let shard = ShardRecord(epoch: epoch, campaign: self.campaign, lane: 0, contents: contents, holder: "w")
                return try self.query.leased(shard, on: connection).map(\.target.position)
            }
            var positions = try held(.range(0..<5), epoch)
            #expect(positions == [0, 1, 2, 3, 4])
            // One is put off, one is granted again in another shard.
            try self.schedule(1, due: 500, epoch: epoch, on: connection)
            try self.schedule(2, due: 500, epoch: epoch, on: connection)
            let key = TargetKey(campaign: self.campaign, lane: 0, position: 2)
            try TargetStore(connection).grant(key, epoch: retry)
            positions = try held(.range(0..<5), epoch)
            #expect(positions == [0, 3, 4])
            positions = try held(.members([1, 2]), retry)
            #expect(positions == [2])
        }
    }
}
