import Domain
import Engine
import Storage
import StorageSQLite
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: drained workers, and what must not be lost sight of")
struct LoopDrainTests {
    private func state(_ bench: LoopBench, _ name: String) throws -> WorkerStatus.State? {
        let core = bench.core
        return try bench.read { _ throws(StoreError) in try core.workers(allowed: ["w1", "w2"]) }
            .first { $0.name == name }?.state
    }

    @Test("a drained worker hands back what it has not begun, and gets nothing until that is undone")
    func drain() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        try bench.command { core in try core.drain(worker: "w1") }
        #expect(worker.recalled == [grant.epoch])
        #expect(try self.state(bench, "w1") == .draining)
        try bench.turn([
            worker.report(.returned, of: grant, only: 2..<10), worker.report(.accepted, of: grant, only: 0..<2),
        ])
        #expect(try self.state(bench, "w1") == .drained)
        bench.advance(5_000)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.takeGrants().isEmpty)
        // Neither a restart of the coordinator nor one of the worker ends it.
        try bench.restart()
        try bench.turn([worker.hello()])
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.takeGrants().isEmpty)
        #expect(try self.state(bench, "w1") == .drained)
        let other = try bench.connectedWorker("w2", credit: 4)
        #expect(other.grantedTargets == 4)
        try bench.command { core in try core.undrain(worker: "w1") }
        try bench.turn([other.report(.accepted, of: try #require(other.takeGrants().last))])
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grantedTargets == 4)
        #expect(try self.state(bench, "w1") == .connected)
        #expect(try bench.status(id).counts.accepted == 6)
    }

    @Test("what a drained worker still runs when it comes back is asked back")
    func comesBack() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        worker.disconnect()
        try bench.command { core in try core.drain(worker: "w1") }
        #expect(worker.recalled.isEmpty)
        try bench.turn([worker.hello([grant.epoch: (true, [])])])
        #expect(worker.recalled == [grant.epoch])
    }

    @Test("a worker that is removed is drained no longer")
    func removed() throws {
        let bench = try LoopBench()
        try bench.command { core in try core.drain(worker: "w1") }
        try bench.command { core in try core.remove(worker: "w1") }
        #expect(bench.core.drained.isEmpty)
    }

    @Test("a coordinator that closes answers and grants nothing")
    func closing() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let worker = try bench.connectedWorker("w1")
        bench.core.isClosing = true
        let id = try bench.start(LoopBench.campaign())
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.takeGrants().isEmpty)
        #expect(try bench.status(id).counts.pending == 10)
    }

    @Test("counters do not count what a failed turn did")
    func counters() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        let before = bench.core.counters
        bench.connection.failsNext = true
        try bench.turn([worker.report(.accepted, of: grant)])
        #expect(bench.core.counters.outcomes == before.outcomes && bench.core.counters.granted == before.granted)
        #expect(bench.core.counters.failedTurns == before.failedTurns + 1)
        #expect(bench.core.tallies["w1"]?.accepted ?? 0 == 0)
    }

    @Test("a campaign that cannot be read is said to be stopped, and others go on")
    func unreadable() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let first = try bench.start(LoopBench.campaign())
        let second = try bench.start(LoopBench.campaign())
        try bench.execute("UPDATE campaign SET files = '[' WHERE id = \(first.rawValue)")
        try bench.restart()
        try bench.turn()
        let problem = try bench.status(first).problem
        #expect(problem?.contains("cannot be continued: ") == true)
        #expect(problem?.contains("the files that c.yaml names") == true)
        #expect(bench.notes.contains { $0.message.contains("cannot be continued") })
        #expect(throws: OperationError.self) { try bench.variantNames(of: first) }
        #expect(try bench.variantNames(of: second) == ["a"])
        let worker = try bench.connectedWorker("w1")
        #expect(worker.grants.map(\.campaign) == [UInt64(second.rawValue)])
    }

    @Test("what a campaign's variants are called can be read without the fields that it names")
    func variantsWithoutFields() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        try bench.turn([worker.report(.accepted, of: try #require(worker.takeGrants().last))])
        try bench.turn()
        #expect(try bench.status(id).state == .finished)
        let running = try bench.start(LoopBench.campaign())
        try bench.execute("UPDATE field SET retired = 1 WHERE name = 'name'")
        try bench.restart()
        #expect(try bench.variantNames(of: id) == ["a"])
        #expect(try bench.status(running).problem?.contains("unknown field 'name'") == true)
        #expect(try bench.variantNames(of: running) == ["a"])
    }

    @Test("a deferral's reason outlives being granted and handed back")
    func reason() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        try bench.turn([
            worker.report(.deferred, of: try #require(worker.takeGrants().last), reason: "temporary")
        ])
        bench.advance(70_000)
        try bench.turn([worker.hello()])
        try bench.turn([worker.credit(at: bench.now)])
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.report(.returned, of: grant)])
        let targets = try bench.targets(id)
        #expect(targets.allSatisfy { $0.outcome == .deferred && $0.reason == "temporary" && $0.attempts == 1 })
    }

    @Test("a queue that many sites share has its slots counted, too")
    func sharedQueue() throws {
        let bench = try LoopBench {
            $0.siteLimits = { _ in LoopOptions.SiteOptions(limits: [], connections: 1) }
        }
        try bench.addContacts(150, domain: "small.example")
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        try #require(worker.grantedTargets == LoopLimits.targetsPerSlot)
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<10), worker.credit(at: bench.now)])
        #expect(worker.grantedTargets == 10)
    }

    @Test("what a site in a shared queue accepts speeds up that site alone")
    func sharedPace() throws {
        let bench = try LoopBench {
            $0.siteLimits = { _ in
                LoopOptions.SiteOptions(limits: [Limit(quantity: 1_000, periodMilliseconds: 1_000)], connections: 8)
            }
        }
        // Forty sites share sixteen queues, so that some shard has several.
        for site in 0..<40 { try bench.addContacts(60, domain: "s\(site).example") }
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<20 {
            for grant in worker.takeGrants() {
                let members = bench.core.leases[Epoch(grant.epoch)]?.members ?? []
                guard let slowed = members.first?.site, members.count(where: { $0.site != slowed }) >= 50 else {
                    try bench.turn([worker.report(.accepted, of: grant)])
                    continue
                }
                try bench.turn([worker.report(.deferred, of: grant, only: 0..<1, reason: "throttled")])
                #expect(bench.core.paces[slowed]?.factor == 0.5)
                for index in members.indices where members[index].site != slowed {
                    try bench.turn([worker.report(.accepted, of: grant, only: index..<index + 1)])
                }
                #expect(bench.core.paces[slowed]?.factor == 0.5, "nothing of \(slowed) was accepted")
                let own = members.indices.filter { $0 > 0 && members[$0].site == slowed }
                try #require(own.count >= SitePace.successesPerStep)
                for index in own { try bench.turn([worker.report(.accepted, of: grant, only: index..<index + 1)]) }
                #expect(bench.core.paces[slowed]?.factor == 0.6)
                return
            }
            bench.advance(1_000)
            try bench.turn([worker.credit(at: bench.now)])
        }
        Issue.record("no shard had two sites")
    }

    @Test("the pace of a site that was not heard of for an hour is forgotten")
    func idlePace() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        try bench.turn([
            worker.report(.deferred, of: try #require(worker.takeGrants().last), reason: "throttled")
        ])
        #expect(bench.core.paces.count == 1)
        bench.advance(SitePace.idleMilliseconds)
        try bench.turn()
        #expect(bench.core.paces.isEmpty)
    }
}

extension LoopBench {
    func variantNames(of id: Campaign.ID) throws -> [String] {
        let core = self.core
        let result: Result<[String], any Error> = try self.database.access { _ throws(StoreError) in
            Result { try core.variantNames(of: id) }
        }
        return try result.get()
    }
}
