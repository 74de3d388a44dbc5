import Domain
import Engine
import Foundation
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: audiences and grants")
struct LoopGrantTests {
    @Test("an audience is frozen into lanes with every contact once, and all of it is granted once")
    func everyoneOnce() throws {
        let bench = try LoopBench()
        try bench.addContacts(700, domain: "large.example")
        for site in 0..<40 { try bench.addContacts(3, domain: "site\(site).example") }
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<20 {
            for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
            try bench.turn([worker.credit(at: bench.now)])
        }
        let targets = try bench.targets(id)
        #expect(targets.map(\.contact) == (1...820).map { Int64($0) })
        #expect(targets.allSatisfy { $0.outcome == .accepted && $0.attempts == 1 })
        let status = try bench.status(id)
        #expect(status.state == .finished)
        #expect(status.counts.accepted == 820)
        #expect(worker.forgotten == [UInt64(id.rawValue)])
        #expect(try bench.integer("SELECT count(*) FROM shard WHERE open = 1") == 0)
        #expect(try bench.integer("SELECT count(*) FROM lane WHERE tail = 0") == 1)
    }

    @Test("nobody is granted more than the credit that was given")
    func creditHolds() throws {
        let bench = try LoopBench()
        try bench.addContacts(500)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1", credit: 100)
        for _ in 0..<5 { try bench.turn() }
        #expect(worker.grantedTargets == 100)
        bench.advance(LoopLimits.creditAgeMilliseconds)
        let grant = try #require(worker.grants.first)
        try bench.turn([worker.report(.accepted, of: grant)])
        #expect(worker.grantedTargets == 100)
        try bench.turn([worker.credit(100, at: bench.now)])
        #expect(worker.grantedTargets == 200)
    }

    @Test("content comes before the first grant that needs it, once in a session")
    func contentFirst() throws {
        let bench = try LoopBench()
        try bench.addContacts(300)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1", credit: 20)
        var known = 0
        worker.takesGrant = { _ in known = worker.contents.count }
        try bench.turn([worker.credit(200, at: bench.now)])
        #expect(known == 1 && worker.contents.count == 1)
        #expect(worker.contents.first?.fields.map(\.name) == ["name"])
    }

    @Test("who must not be written to is decided when the shard is cut")
    func decisions() throws {
        let bench = try LoopBench()
        try bench.addContacts(6)
        try bench.execute(
            """
            UPDATE contact SET barred = 1 WHERE email_key = 'p2@example.org';
            UPDATE contact SET f_name = NULL WHERE id = 3;
            """
        )
        let source = LoopBench.campaign().replacing(
            "{name: a, ",
            with: "{name: a, when: \"email != 'p4@example.org'\", "
        )
        let id = try bench.start(source)
        // Frozen, and then somebody is erased.
        try bench.execute("UPDATE contact SET email = NULL, email_key = NULL WHERE id = 5")
        let worker = try bench.connectedWorker("w1")
        #expect(worker.grants.first?.contact == [1, 6])
        let targets = try bench.targets(id)
        #expect(targets[1...4].allSatisfy { $0.outcome == .suppressed && $0.attempts == 0 })
        #expect(targets.map(\.reason) == ["", "suppressed", "missing_field", "no_variant", "erased", ""])
        let grant = try #require(worker.lastGrant)
        try bench.turn([worker.report(.accepted, of: grant)])
        #expect(try bench.status(id).counts.suppressed == 4)
        #expect(try bench.status(id).state == .finished)
    }

    @Test("a turn whose transaction fails sends nothing, and grants the same targets later")
    func grantAfterCommit() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign())
        let worker = bench.worker("w1")
        try bench.turn([worker.hello()])
        bench.connection.failsNext = true
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grants.isEmpty)
        #expect(bench.core.leases.count == 0)
        #expect(try bench.integer("SELECT count(*) FROM shard") == 0)
        // The session is gone with the turn.
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.problems.last?.sessionUnknown == true)
        try bench.turn([worker.hello()])
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grantedTargets == 10)
        #expect(try bench.status(id).counts.leased == 10)
    }

    @Test("two campaigns share by weight")
    func shares() throws {
        let bench = try LoopBench()
        try bench.addContacts(6_000)
        let light = try bench.start(LoopBench.campaign("weight: 1"))
        let heavy = try bench.start(LoopBench.campaign("weight: 3"))
        for _ in 0..<4 { try bench.turn() }
        let worker = bench.worker("w1")
        try bench.turn([worker.hello()])
        var granted: [UInt64: Int] = [:]
        worker.takesGrant = { granted[$0.campaign, default: 0] += $0.position.count }
        for _ in 0..<20 where (granted.values.max() ?? 0) < 5_000 {
            try bench.turn([worker.credit(256, at: bench.now)])
            for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        }
        let share = Double(granted[UInt64(heavy.rawValue)] ?? 0) / Double(granted[UInt64(light.rawValue)] ?? 1)
        #expect((2.2...3.8).contains(share), "\(granted)")
    }

    @Test("a relay that a worker cannot use stops grants to it, and targets wait without attempts")
    func relayProblem() throws {
        let bench = try LoopBench()
        try bench.addContacts(100)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.lastGrant)
        try bench.turn([worker.relay("main", available: false), worker.report(.returned, of: grant)])
        _ = worker.takeGrants()
        for _ in 0..<4 {
            bench.advance(1_000)
            try bench.turn([worker.credit(at: bench.now)])
        }
        #expect(worker.grants.isEmpty)
        #expect(try bench.status(id).counts.pending == 100)
        #expect(try bench.status(id).problem != nil)
        bench.advance(1_500)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grants.count == 1)
        try bench.turn([worker.relay("main", available: true)])
        // A probe holds what one slot can be busy with; the rest follows once the relay is known to work.
        for _ in 0..<5 {
            for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        }
        #expect(try bench.targets(id).allSatisfy { $0.outcome == .accepted && $0.attempts == 1 })
    }

    @Test("when every target waits and nobody has room, the loop sleeps")
    func sleeps() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.lastGrant)
        try bench.turn([worker.report(.deferred, of: grant)])
        try bench.turn([worker.goodbye()])
        bench.advance(120_000)
        try bench.turn()
        let next = try #require(bench.core.nextTurn)
        #expect(next > bench.now)
    }

    @Test(
        "a site's one slot goes to the worker that has room, when the other one takes nothing, and while that one is gone"
    )
    func slotMoves() throws {
        let bench = try LoopBench { options in
            options.siteLimits = { site in .init(limits: [], connections: site == "one.example" ? 1 : 8) }
            options.namedSites = ["one.example"]
        }
        try bench.addContacts(300, domain: "one.example")
        let id = try bench.start(LoopBench.campaign())
        let first = try bench.connectedWorker("w1", credit: 0)
        let second = try bench.connectedWorker("w2")
        #expect(second.grants.count == 1)
        try bench.turn([first.goodbye()])
        for _ in 0..<3 {
            bench.advance(1_000)
            try bench.turn([second.credit(at: bench.now)])
        }
        #expect(!second.grants.isEmpty)
        #expect(try bench.status(id).counts.leased > 0)
    }
}

extension String {
    /// With the one place where `part` stands changed.
    func replacing(_ part: String, with other: String) -> String {
        guard let range = self.range(of: part) else { return self }
        return self.replacingCharacters(in: range, with: other)
    }
}
