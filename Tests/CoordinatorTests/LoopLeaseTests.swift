import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: leases and restarts")
struct LoopLeaseTests {
    private func scene(_ more: String = "") throws -> (LoopBench, ScriptedWorker, Campaign.ID, WireGrant) {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign(more))
        let worker = try bench.connectedWorker("w1")
        return (bench, worker, id, try #require(worker.takeGrants().last))
    }

    @Test("a lease that its holder still works on goes on after a Hello")
    func goesOn() throws {
        let (bench, worker, id, grant) = try self.scene()
        try bench.turn([worker.hello([grant.epoch: (true, [0])])])
        try bench.turn([worker.progress([grant.epoch], at: bench.now)])
        #expect(worker.renewed == [[grant.epoch]])
        try bench.turn([worker.report(.accepted, of: grant)])
        #expect(try bench.status(id).counts.accepted == 10)
    }

    @Test("a lease that its holder does not know is pending again at once")
    func unknown() throws {
        let (bench, worker, id, _) = try self.scene()
        try bench.turn([worker.hello()])
        #expect(try bench.status(id).counts.pending == 10)
        bench.advance(1_000)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grantedTargets == 10)
        #expect(try bench.targets(id).allSatisfy { $0.attempts == 0 })
    }

    @Test("of a lease that its holder gave up, what was begun stays with it")
    func begun() throws {
        let (bench, worker, id, grant) = try self.scene()
        try bench.turn([worker.hello([grant.epoch: (false, [2, 3])])])
        #expect(try bench.status(id).counts.pending == 8)
        #expect(try bench.status(id).counts.leased == 2)
        let facts = [2, 3].map { ScriptedWorker.Fact(epoch: grant.epoch, position: $0, outcome: .accepted) }
        try bench.turn([worker.report(facts)])
        #expect(try bench.status(id).counts.accepted == 2)
    }

    @Test("what a worker held whose memory is gone is in doubt", arguments: [false, true], [false, true])
    func memoryLost(journalChanged: Bool, durable: Bool) throws {
        let (bench, worker, id, _) = try self.scene()
        if journalChanged { worker.journal = [9] } else { worker.machineBoot = "later" }
        try bench.turn([worker.hello(durable: durable)])
        let counts = try bench.status(id).counts
        // A durable journal is still there after a power cut.
        let remembers = !journalChanged && durable
        #expect(counts.inDoubt == (remembers ? 0 : 10))
        #expect(counts.pending == (remembers ? 10 : 0))
    }

    @Test("a lease nobody renews is overdue, then in doubt, and later evidence clears it")
    func orphans() throws {
        let (bench, worker, id, grant) = try self.scene()
        worker.disconnect()
        bench.advance(64_999)
        try bench.turn()
        #expect(bench.core.leases.all.allSatisfy { !$0.isOverdue })
        bench.advance(1)
        try bench.turn()
        #expect(bench.core.leases.all.allSatisfy { $0.isOverdue })
        bench.advance(599_999)
        try bench.turn()
        #expect(try bench.status(id).counts.leased == 10)
        bench.advance(1)
        try bench.turn()
        #expect(try bench.targets(id).allSatisfy { $0.outcome == .inDoubt && $0.reason == "orphaned" })
        try bench.turn([worker.hello([grant.epoch: (false, (0..<10).map { $0 })])])
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<9)])
        #expect(try bench.status(id).counts.accepted == 9)
        #expect(try bench.status(id).counts.inDoubt == 1)
    }

    @Test("a lease that was overdue goes on when there are permits for it once more, and holds them")
    func permitsAgain() throws {
        let limit = Limit(quantity: 10, periodMilliseconds: 60_000, burst: 10)
        let bench = try LoopBench { $0.clusterLimits = [limit] }
        try bench.addContacts(40)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        #expect(grant.position.count == 10)
        bench.advance(65_001)
        try bench.turn()
        // Permits that were out take their place in the bucket until then.
        bench.advance(60_000)
        try bench.turn()
        try bench.turn([worker.hello([grant.epoch: (true, [])])])
        #expect(bench.core.leases.all.allSatisfy { !$0.isOverdue })
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.takeGrants().isEmpty)
        #expect(worker.recalled.isEmpty)
        // Ten more may flow in only once the ten have left.
        bench.advance(60_000)
        try bench.turn([worker.hello([grant.epoch: (true, [])])])
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.takeGrants().isEmpty)
    }

    @Test("a lease that was overdue is asked back when others used up what it would need")
    func permitsElsewhere() throws {
        let limit = Limit(quantity: 10, periodMilliseconds: 60_000, burst: 10)
        let bench = try LoopBench { $0.clusterLimits = [limit] }
        try bench.addContacts(40)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        worker.disconnect()
        bench.advance(65_001)
        try bench.turn()
        // Permits that were out take their place in the bucket until then.
        bench.advance(60_000)
        try bench.turn()
        let other = try bench.connectedWorker("w2")
        #expect(other.takeGrants().map(\.position.count) == [10])
        try bench.turn([worker.hello([grant.epoch: (true, [])])])
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.recalled == [grant.epoch])
        try bench.turn([worker.report(.returned, of: grant)])
        #expect(try bench.status(id).counts.leased == 10)
        #expect(try bench.status(id).counts.inDoubt == 0)
    }

    @Test("a coordinator that is started again goes on where it was")
    func restart() throws {
        let bench = try LoopBench()
        try bench.addContacts(900)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1", credit: 512)
        let grants = worker.takeGrants()
        try bench.turn([worker.credit(0, at: bench.now)])
        try bench.turn([worker.report(.accepted, of: grants[0], only: 0..<100)])
        let before = try bench.status(id).counts
        try bench.restart()
        #expect(try bench.status(id).counts == before && before.leased > 100)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.problems.last?.sessionUnknown == true)
        let held = Dictionary(uniqueKeysWithValues: grants.map { ($0.epoch, (running: true, begun: [Int]())) })
        try bench.turn([worker.hello(held)])
        for grant in grants { try bench.turn([worker.report(.accepted, of: grant)]) }
        try bench.turn([worker.credit(at: bench.now)])
        for _ in 0..<9 {
            for grant in worker.takeGrants() {
                #expect(grant.epoch > 2 << 32)
                try bench.turn([worker.report(.accepted, of: grant)])
            }
            try bench.turn([worker.credit(at: bench.now)])
        }
        let targets = try bench.targets(id)
        #expect(targets.allSatisfy { $0.outcome == .accepted && $0.attempts == 1 })
        #expect(try bench.status(id).state == .finished)
    }

    @Test("a worker that is removed leaves its targets in doubt")
    func removed() throws {
        let (bench, worker, id, grant) = try self.scene()
        try bench.command { core in try core.remove(worker: "w1") }
        #expect(try bench.status(id).counts.inDoubt == 10)
        _ = (worker, grant)
    }
}
