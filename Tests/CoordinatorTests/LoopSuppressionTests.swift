import Domain
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: who must not be written to")
struct LoopSuppressionTests {
    private func suppress(_ address: String, _ bench: LoopBench) throws {
        try bench.command { core in
            try core.suppress(address, reason: .unsubscribed, evidence: "test", by: "test")
        }
    }

    private static func name(_ grant: WireGrant, _ position: Int) -> String {
        "\(grant.epoch & 0xFFFF_FFFF)/\(position)"
    }

    @Test("whoever is suppressed before the grant is not granted, and the ledger says why")
    func before() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign())
        try self.suppress("p2@example.org", bench)
        let worker = try bench.connectedWorker("w1")
        #expect(worker.lastGrant?.contact == [1, 3])
        #expect(try bench.targets(id).map(\.reason) == ["", "suppressed", ""])
    }

    @Test("in the very turn of the suppression nothing is granted to the person")
    func sameTurn() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        _ = try bench.start(LoopBench.campaign())
        let worker = bench.worker("w1")
        try bench.turn([worker.hello()])
        try bench.turn([
            worker.credit(at: bench.now),
            .command(
                LoopCommand(
                    body: { core in try core.suppress("p2@example.org", reason: .asked, evidence: "", by: "t") },
                    finished: { _ in }
                )
            ),
        ])
        #expect(worker.lastGrant?.contact == [1, 3])
    }

    @Test("a target that a worker has is withdrawn at once, and settled once it comes back")
    func withdrawn() throws {
        let bench = try LoopBench()
        try bench.addContacts(4)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.lastGrant)
        try self.suppress("p2@example.org", bench)
        #expect(worker.withdrawn == [Self.name(grant, 1)])
        try bench.turn([worker.report(.returned, of: grant, only: 1..<2)])
        bench.advance(LoopLimits.returnedMilliseconds)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(try bench.targets(id).map(\.reason) == ["", "suppressed", "", ""])
        #expect(try bench.status(id).counts.suppressed == 1)
        // What had left before stands.
        try self.suppress("p4@example.org", bench)
        #expect(worker.withdrawn.last == Self.name(grant, 3))
        try bench.turn([
            worker.report(.accepted, of: grant, only: 0..<1), worker.report(.accepted, of: grant, only: 2..<4),
        ])
        #expect(try bench.status(id).counts.accepted == 3)
        #expect(try bench.status(id).state == .finished)
    }

    @Test("a worker that was away, or a coordinator that was restarted, makes up for what was not said")
    func afterReconnection() throws {
        let bench = try LoopBench()
        try bench.addContacts(4)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.lastGrant)
        worker.disconnect()
        try self.suppress("p2@example.org", bench)
        #expect(worker.withdrawn.isEmpty)
        try bench.turn([worker.hello([grant.epoch: (true, [])])])
        #expect(worker.withdrawn == [Self.name(grant, 1)])
        worker.disconnect()
        try bench.restart()
        try bench.turn([worker.hello([grant.epoch: (true, [])])])
        #expect(worker.withdrawn == [Self.name(grant, 1), Self.name(grant, 1)])
    }

    @Test("a turn that fails suppresses nobody and withdraws nothing")
    func failedTurn() throws {
        let bench = try LoopBench()
        try bench.addContacts(4)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        bench.connection.failsNext = true
        #expect(throws: (any Error).self) { try self.suppress("p2@example.org", bench) }
        #expect(worker.withdrawn.isEmpty)
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 0)
        #expect(try bench.integer("SELECT sum(barred) FROM contact") == 0)
    }

    @Test("whoever leaves the list that a campaign is for gets no more of it, and other campaigns go on")
    func leaving() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        try bench.execute(
            "INSERT INTO list (id, name) VALUES (7, 'news'); INSERT INTO list_member SELECT 7, id FROM contact"
        )
        let toAll = try bench.start(LoopBench.campaign())
        let source = LoopBench.campaign().replacing("audience: {list: everyone}", with: "audience: {list: news}")
        let toList = try bench.start(source)
        for _ in 0..<4 { try bench.turn() }
        try bench.command { core in try core.leave(list: "news", address: "p2@example.org") }
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<2 { try bench.turn() }
        let granted = Dictionary(worker.grants.map { ($0.campaign, $0.contact) }, uniquingKeysWith: +)
        #expect(granted[UInt64(toAll.rawValue)] == [1, 2, 3])
        #expect(granted[UInt64(toList.rawValue)] == [1, 3])
    }

    @Test(
        "whoever leaves a list that an expression or a segment is for gets no more, unless something else is for him as well",
        arguments: [
            ("\"list(news)\"", [1, 3]),
            ("\"list(news) and name <> 'Nobody'\"", [1, 3]),
            ("{segment: readers}", [1, 3]),
            ("\"segment(readers) and not received('nothing')\"", [1, 3]),
            ("\"not (not list(news))\"", [1, 3]),
            ("\"list(news) or list(other)\"", [1, 2, 3]),
            ("\"list(news) or name = 'Person 2'\"", [1, 2, 3]),
            ("\"not list(gone)\"", [1, 2, 3]),
            ("\"list(everyone) and not list(gone)\"", [1, 2, 3]),
        ] as [(String, [UInt64])]
    )
    func leavingByExpression(audience: String, expected: [UInt64]) throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        try bench.execute(
            """
            INSERT INTO list (id, name) VALUES (7, 'news'), (8, 'other'), (9, 'gone');
            INSERT INTO list_member SELECT 7, id FROM contact; INSERT INTO list_member SELECT 8, id FROM contact
            """
        )
        try bench.command { core in _ = try core.define(segment: "readers", as: "list(news)", by: "bob") }
        _ = try bench.submit(LoopBench.campaign().replacing("name: test", with: "name: nothing"))
        let source = LoopBench.campaign().replacing("audience: {list: everyone}", with: "audience: \(audience)")
        _ = try bench.start(source)
        for _ in 0..<4 { try bench.turn() }
        try bench.command { core in
            try core.leave(list: "news", address: "p2@example.org")
            try core.leave(list: "gone", address: "p2@example.org")
        }
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<2 { try bench.turn() }
        #expect(worker.grants.flatMap(\.contact).sorted() == expected)
    }

    @Test("an address is taken off the list with a reason, which stands in the audit table")
    func removed() throws {
        let bench = try LoopBench()
        try bench.addContacts(1)
        try self.suppress("p1@example.org", bench)
        try bench.command { core in
            _ = try core.unsuppress("p1@example.org", because: "typed the wrong one", by: "ann")
        }
        #expect(try bench.integer("SELECT barred FROM contact") == 0)
        #expect(
            try bench.integer(
                "SELECT count(*) FROM audit WHERE act = 'unsuppress' AND who = 'ann' AND subject LIKE '%the wrong one'"
            ) == 1
        )
        #expect(throws: OperationError.self) {
            try bench.command { core in _ = try core.unsuppress("p1@example.org", because: "again", by: "ann") }
        }
    }
}
