import Domain
import Storage
import Testing

@Suite("Counting segments and audiences")
struct SegmentTests {
    private static let state = Field(name: "state", type: .text)
    private static let visits = Field(name: "visits", type: .integer)

    private func makeStore() throws -> TestStore {
        let store = try TestStore()
        try store.write { connection throws(StoreError) in
            let fields = try FieldStore(connection).define([Self.state, Self.visits])
            let rows = [
                ["a@x.org", "IA", "1"], ["b@x.org", "IA", ""], ["c@x.org", "NH", "3"], ["d@x.org", "", "4"],
                ["e@x.org", "IA", "5"],
            ]
            let list = try ListStore(connection).make(named: "all")
            _ = try ContactStore(connection, fields: fields, policy: .merge, key: AddressKey([1])).upsert(
                ContactChunk(ContactRows(fields, rows), rows: [0, 1, 2, 3, 4]),
                list: list,
                source: nil,
                at: Timestamp(milliseconds: 0)
            )
            try connection.execute(
                """
                UPDATE contact SET barred = 1 WHERE email_key = 'e@x.org';
                UPDATE contact SET barred = 65536 WHERE email_key = 'a@x.org';
                INSERT INTO contact (id, email_key, f_state, created_at, updated_at) VALUES (400123, 'tel:1', 'IA', 0, 0)
                """
            )
        }
        return store
    }

    @Test(
        "a segment is counted over all windows of ids",
        arguments: [
            (Expression.everyone, 6), (.compare(Self.state, .equal, .text("IA")), 4),
            (.compare(Self.visits, .greaterOrEqual, .integer(3)), 3),
            (.not(.compare(Self.state, .equal, .text("IA"))), 1),
        ] as [(Domain.Expression, Int)]
    )
    func segments(expression: Domain.Expression, expected: Int) throws {
        let store = try self.makeStore()
        var fold = SegmentFold(expression)
        while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
        #expect(fold.count == expected)
        for count in 1...3 {
            let parts = try store.access { connection throws(StoreError) in
                try SegmentFold.parts(count, on: connection)
            }
            #expect(parts.count <= count)
            var sum = 0
            for part in parts {
                var fold = SegmentFold(expression, in: part)
                while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
                sum += fold.count
            }
            #expect(sum == expected)
        }
    }

    @Test("an audience says who gets which group, what is missing, and who is left out", arguments: [true, false])
    func audiences(byList: Bool) throws {
        let store = try self.makeStore()
        let list = try store.access { connection throws(StoreError) in try ListStore(connection).id(named: "all") }
        var fold = AudienceFold(
            bar: .email,
            audience: byList ? .list(list ?? 0) : .expression(.everyone),
            conditions: [.compare(Self.state, .equal, .text("IA")), .compare(Self.visits, .less, .integer(4))],
            fields: [Self.visits, Self.state]
        )
        while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
        #expect(fold.shares.map(\.contacts) == [2, 1, 1])
        #expect(fold.shares.map(\.missing) == [[1, 0], [0, 0], [0, 1]])
        #expect(fold.suppressed == 1)
        #expect(fold.withoutAddress == (byList ? 0 : 1))
        #expect(fold.audience == 5)
    }

    @Test("who lacks what must not be empty is counted by group, for each variant of it")
    func rejected() throws {
        let store = try self.makeStore()
        let list = try store.access { connection throws(StoreError) in try ListStore(connection).id(named: "all") }
        var fold = AudienceFold(
            bar: .email,
            audience: .list(list ?? 0),
            conditions: [.compare(Self.state, .equal, .text("IA")), .everyone],
            fields: [Self.visits, Self.state],
            required: [[[0]], [[0, 1], [], [0, 1], [1]]]
        )
        while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
        #expect(fold.shares.map(\.contacts) == [2, 2, 0])
        #expect(fold.shares.map { $0.loss(0).rejected } == [1, 1, 0])
        #expect((0..<4).map { fold.shares[1].loss($0).rejected } == [1, 0, 1, 1])
    }

    @Test("who has had as many messages as a cap lets them is counted, and not when the text would not be sent anyway")
    func capped() throws {
        let store = try self.makeStore()
        try store.write { connection throws(StoreError) in
            try connection.execute(
                """
                INSERT INTO target (campaign, lane, position, contact, state, at)
                    SELECT 3, 0, id, id, \(Outcome.accepted.rawValue), 1000 FROM contact;
                INSERT INTO target (campaign, lane, position, contact, state, at)
                    SELECT 2, 0, id, id, \(Outcome.bounced.rawValue), 1000 FROM contact
                """
            )
        }
        func capped(_ cap: String, now: Int64, oldest: Int64 = 1) throws -> [Int] {
            var fold = AudienceFold(
                bar: .email,
                audience: .expression(.everyone),
                conditions: [.compare(Self.state, .equal, .text("IA")), .everyone],
                fields: [Self.visits, Self.state],
                required: [[[0]], [[0, 1]]],
                caps: [FrequencyCap(cap)].compactMap { $0 },
                at: GrantQuery.CapMoment(now: Timestamp(milliseconds: now), oldestCampaign: Campaign.ID(oldest))
            )
            while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
            return fold.shares.map { $0.loss(0).capped }
        }
        #expect(try capped("1/1h", now: 1_001) == [1, 1, 0])
        #expect(try capped("2/1h", now: 1_001) == [0, 0, 0])
        #expect(try capped("1/1h", now: 3_601_000) == [0, 0, 0])
        #expect(try capped("1/1h", now: 1_001, oldest: 4) == [0, 0, 0])
    }

    @Test("a sample has all that are wanted or there are, each as likely as the others, however far apart")
    func samples() throws {
        let store = try self.makeStore()
        // Only people with an address are drawn; the ids of these three are 1, 2 and 5, of six in 400,123.
        func sample(_ size: Int, seed: UInt64) throws -> [Int64] {
            var fold = AudienceSampleFold(size, seed: seed, of: .expression(.compare(Self.state, .equal, .text("IA"))))
            while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
            return fold.contacts.map(\.rawValue)
        }
        #expect(try sample(10, seed: 1).sorted() == [1, 2, 5])
        #expect(try sample(2, seed: 4) == sample(2, seed: 4))
        var often: [Int64: Int] = [:]
        for seed in 0..<300 {
            let drawn = try sample(2, seed: UInt64(seed))
            #expect(Set(drawn).count == 2)
            for contact in drawn { often[contact, default: 0] += 1 }
        }
        // 200 each; the same seeds give the same counts everywhere.
        #expect([1, 2, 5].allSatisfy { (160...240).contains(often[$0] ?? 0) }, "\(often)")
    }

    @Test("single contacts are looked at as the campaign would")
    func previews() throws {
        let store = try self.makeStore()
        let query = PreviewQuery(
            bar: .email,
            audience: .expression(.compare(Self.state, .equal, .text("IA"))),
            conditions: [.compare(Self.visits, .less, .integer(4))],
            fields: [Self.visits, Self.state]
        )
        func contact(_ key: String) throws -> PreviewRow? {
            try store.access { connection throws(StoreError) in try query.contact(withKey: key, on: connection) }
        }
        let first = try #require(try contact("a@x.org"))
        #expect(first.isChosen && !first.isSuppressed && first.holds == [true] && first.values == ["1", "IA"])
        let second = try #require(try contact("b@x.org"))
        #expect(second.holds == [false] && second.values == ["", "IA"])
        #expect(try contact("c@x.org")?.isChosen == false)
        #expect(try contact("e@x.org")?.isSuppressed == true)
        #expect(try contact("nobody@x.org") == nil)
        let same = try store.access { connection throws(StoreError) in try query.contact(second.contact, on: connection)
        }
        #expect(same == second)
        let nobody = try store.access { connection throws(StoreError) in
            try query.contact(Contact.ID(400_000), on: connection)
        }
        #expect(nobody == nil)
        var sites = AudienceSiteFold(bar: .email, audience: .expression(.everyone))
        while try store.access({ connection throws(StoreError) in try sites.step(on: connection) }) {}
        #expect(sites.domains == ["x.org": 4])
    }
}
