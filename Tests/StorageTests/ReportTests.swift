import Domain
import Storage
import Testing

@Suite("Reports of campaigns")
struct ReportTests {
    private static let campaign = Campaign.ID(1)

    /// Targets of the test's campaign: lane, position, contact, state, attempts, due, epoch, variant.
    private static let targets: [[Int64?]] = [
        // gmail.com, a lane of its own.
        [0, 0, 1, 1, 1, nil, 11, 0], [0, 1, 2, 1, 1, nil, 11, 1], [0, 2, 3, 2, 1, 500, 11, 0],
        // Held by shard 21 as a retry.
        [0, 3, 4, 2, 1, nil, 21, 1],
        // Held by shard 12 as first attempts; position 5 came back unsent.
        [0, 4, 5, 0, 0, nil, 0, nil], [0, 5, 6, 0, 0, 400, 12, nil], [0, 6, 7, 4, 0, nil, 0, nil],
        // A lane of small sites.
        [1, 0, 8, 0, 0, nil, 0, nil], [1, 1, 9, 3, 1, nil, 13, 0], [1, 2, 99, 4, 0, nil, 0, nil],
    ]

    private func makeStore(_ kind: StoreKind = .memory) throws -> TestStore {
        let store = try TestStore(kind)
        try store.write { connection throws(StoreError) in
            let fields = try FieldStore(connection).define([Field(name: "state", type: .text)])
            let rows = (1...9).map { id in
                ["a\(id)@\(id < 8 ? "gmail.com" : id == 8 ? "googlemail.com" : "x.org")", id % 2 == 0 ? "IA" : ""]
            }
            _ = try ContactStore(connection, fields: fields, policy: .merge, key: AddressKey([1])).upsert(
                ContactChunk(ContactRows(fields, rows), rows: (0..<9).map { UInt32($0) }[...]),
                list: nil,
                source: nil,
                at: Timestamp(milliseconds: 0)
            )
            try self.insertTargets(connection)
            let shards = try ShardStore(connection)
            for (epoch, contents) in [
                (11, .range(0..<4)), (12, .range(4..<7)), (21, .members([3])),
            ] as [(UInt64, ShardRecord.Contents)] {
                let shard = ShardRecord(
                    epoch: Epoch(epoch),
                    campaign: Self.campaign,
                    lane: 0,
                    contents: contents,
                    holder: "w"
                )
                try shards.insert(shard, at: Timestamp(milliseconds: 0))
            }
            try shards.close(Epoch(11))
            for (position, epoch, outcome) in [(0, 11, Outcome.accepted), (2, 11, .deferred), (3, 11, .deferred)] {
                _ = try TargetStore(connection).append(
                    LedgerEntry(
                        key: TargetKey(campaign: Self.campaign, lane: 0, position: position),
                        epoch: Epoch(UInt64(epoch)),
                        outcome: outcome,
                        reason: "",
                        reply: RelayReply(code: outcome == .accepted ? 250 : 451, status: "2.0.0", text: "ok"),
                        at: Timestamp(milliseconds: 7)
                    )
                )
            }
        }
        return store
    }

    private func insertTargets(_ connection: any SQLConnection) throws(StoreError) {
        var lanes = [
            LaneRecord(campaign: Self.campaign, lane: 0, site: "gmail.com", isTail: false),
            LaneRecord(campaign: Self.campaign, lane: 1, site: "tail", isTail: true),
        ]
        let insert = try connection.prepare(
            """
            INSERT INTO target (campaign, lane, position, contact, state, attempts, due, epoch, variant)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """
        )
        for target in Self.targets {
            for (index, value) in target.enumerated() { insert.bind(index + 1, optional: value) }
            try insert.run()
            let lane = Int(target[0] ?? 0)
            lanes[lane].audience += 1
            if let outcome = Outcome(rawValue: Int(target[3] ?? 0)) { lanes[lane].counts[outcome] += 1 }
        }
        for lane in lanes { try LaneStore(connection).save(lane) }
    }

    private func report(_ grouping: ReportGrouping, _ store: TestStore) throws -> [String: String] {
        var fold = ReportFold(campaign: Self.campaign, grouping: grouping, rollup: ["googlemail.com": "gmail.com"])
        while try store.access({ connection throws(StoreError) in try fold.step(on: connection) }) {}
        var texts: [String: String] = [:]
        for (key, tally) in fold.groups {
            let counts = [tally.pending, tally.leased] + Outcome.allCases.map { tally.outcomes[$0] }
            texts["\(key)"] = "\(tally.audience): " + counts.map { "\($0)" }.joined(separator: " ")
        }
        return texts
    }

    // pending leased accepted deferred bounced suppressed in_doubt expired cancelled failed
    @Test(
        "each target is in exactly one count of one row",
        arguments: [
            (ReportGrouping.none, ["all": "10: 2 2 2 1 1 2 0 0 0 0"]),
            (
                .site,
                [
                    "text(\"gmail.com\")": "8: 2 2 2 1 0 1 0 0 0 0", "text(\"x.org\")": "1: 0 0 0 0 1 0 0 0 0 0",
                    "text(\"\")": "1: 0 0 0 0 0 1 0 0 0 0",
                ]
            ),
            (
                .variant,
                [
                    "variant(nil)": "5: 2 1 0 0 0 2 0 0 0 0", "variant(Optional(0))": "3: 0 0 1 1 1 0 0 0 0 0",
                    "variant(Optional(1))": "2: 0 1 1 0 0 0 0 0 0 0",
                ]
            ),
            (
                .field(Field(name: "state", type: .text)),
                [
                    "text(\"IA\")": "4: 2 1 1 0 0 0 0 0 0 0", "text(\"\")": "6: 0 1 1 1 1 2 0 0 0 0",
                ]
            ),
        ] as [(ReportGrouping, [String: String])]
    )
    func groups(grouping: ReportGrouping, expected: [String: String]) throws {
        #expect(try self.report(grouping, self.makeStore()) == expected)
    }

    @Test(
        "a filter lists the targets that its count counts",
        arguments: [
            (TargetFilter.all, [1, 2, 3, 4, 5, 6, 7, 8, 9, 99]), (.pending, [6, 8]), (.leased, [4, 5]),
            (.outcome(.deferred), [3]), (.outcome(.accepted), [1, 2]), (.outcome(.suppressed), [7, 99]),
            (.outcome(.failed), []),
        ] as [(TargetFilter, [Int64])]
    )
    func filters(filter: TargetFilter, contacts: [Int64]) throws {
        let store = try self.makeStore(.file)
        var pages = TargetPages(campaign: Self.campaign, filter: filter, rollup: [:])
        var found: [TargetReport] = []
        while let page = try store.access({ connection throws(StoreError) in try pages.next(on: connection) }) {
            found += page
        }
        #expect(found.map(\.contact.rawValue) == contacts)
    }

    @Test(
        "a target shows the reply of the attempt that its outcome comes from, a leased one that of the attempt before"
    )
    func replies() throws {
        let store = try self.makeStore()
        var pages = TargetPages(campaign: Self.campaign, filter: .all, rollup: [:])
        let page = try store.access { connection throws(StoreError) in try pages.next(on: connection) } ?? []
        #expect(page.map { $0.reply?.code } == [250, nil, 451, 451] + Array(repeating: nil, count: 6))
        #expect(page.map(\.isLeased).prefix(5) == [false, false, false, true, true])
        #expect(page.last?.address == "")
    }

    @Test(
        "pages are bounded, in order, and hold every target once",
        arguments: [TargetFilter.all, .outcome(.accepted)]
    )
    func pages(filter: TargetFilter) throws {
        let store = try TestStore()
        let lanes = [0, 1_300, 40, 25_000]
        try store.write { connection throws(StoreError) in
            let insert = try connection.prepare(
                "INSERT INTO target (campaign, lane, position, contact, state) VALUES (1, ?1, ?2, ?3, ?4)"
            )
            for (lane, audience) in lanes.enumerated() {
                var record = LaneRecord(campaign: Self.campaign, lane: lane, site: "s\(lane)", isTail: false)
                record.audience = audience
                try LaneStore(connection).save(record)
                for position in 0..<audience {
                    insert.bind(1, lane)
                    insert.bind(2, position)
                    insert.bind(3, lane * 100_000 + position + 1)
                    insert.bind(4, position % 1_000 == 0 ? 1 : 3)
                    try insert.run()
                }
            }
        }
        var pages = TargetPages(campaign: Self.campaign, filter: filter, rollup: [:])
        var found: [Int64] = []
        while let page = try store.access({ connection throws(StoreError) in try pages.next(on: connection) }) {
            #expect(page.count <= TargetPages.pageRows)
            found += page.map(\.contact.rawValue)
        }
        let expected = lanes.enumerated().flatMap { lane, audience in
            (0..<audience).filter { filter == .all || $0 % 1_000 == 0 }.map { Int64(lane * 100_000 + $0 + 1) }
        }
        #expect(found == expected)
    }

    @Test("counts that were kept wrong are found")
    func differences() throws {
        let store = try self.makeStore()
        func differences() throws -> [String] {
            try store.access { connection throws(StoreError) in try CountQueries(connection).differences(Self.campaign)
            }
        }
        #expect(try differences().isEmpty)
        try store.access { connection throws(StoreError) in
            try connection.execute(
                "UPDATE lane SET accepted = 1, bounced = 1 WHERE lane = 0; DELETE FROM target WHERE lane = 1"
            )
        }
        #expect(try differences().count == 5)
    }
}
