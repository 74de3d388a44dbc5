import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: workers that hang")
struct LoopStillTests {
    private func scene() throws -> (LoopBench, ScriptedWorker, Campaign.ID, WireGrant) {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        return (bench, worker, id, try #require(worker.takeGrants().last))
    }

    /// The worker says the same every 15 s.
    private func talk(
        _ bench: LoopBench,
        _ worker: ScriptedWorker,
        _ grant: WireGrant,
        begun: UInt32,
        for time: Int64
    ) throws {
        for _ in 0..<time / 15_000 {
            bench.advance(15_000)
            try bench.turn([
                worker.progress([grant.epoch], begun: begun, at: bench.now), worker.credit(at: bench.now),
            ])
        }
    }

    @Test("a worker that talks and settles nothing has its targets taken back, and others get them")
    func still() throws {
        let (bench, worker, id, grant) = try self.scene()
        try self.talk(bench, worker, grant, begun: 0, for: 120_000)
        #expect(worker.recalled.isEmpty && worker.renewed.allSatisfy { $0 == [grant.epoch] })
        try self.talk(bench, worker, grant, begun: 0, for: 15_000)
        #expect(worker.recalled == [grant.epoch] && worker.renewed.last == [])
        #expect(bench.core.counters.stillLeases == 1)
        try bench.turn([worker.report(.returned, of: grant)])
        #expect(try bench.status(id).problem?.contains("nothing has come to an end for 120 s") == true)
        // It would have had the most room.
        let other = try bench.connectedWorker("w2", credit: 20)
        bench.advance(6_000)
        try bench.turn([worker.credit(at: bench.now), other.credit(20, at: bench.now)])
        #expect(worker.takeGrants().isEmpty && other.grantedTargets == 10)
    }

    @Test("what it never gives back is in doubt in the end, though it goes on talking")
    func stubborn() throws {
        let (bench, worker, id, grant) = try self.scene()
        try self.talk(bench, worker, grant, begun: 0, for: 135_000 + 65_000 + 600_000 + 15_000)
        #expect(try bench.targets(id).allSatisfy { $0.outcome == .inDoubt && $0.reason == "orphaned" })
    }

    @Test("what waits for a slow relay may take half an hour, and the rest comes back after two minutes")
    func slowRelay() throws {
        let (bench, worker, id, grant) = try self.scene()
        try self.talk(bench, worker, grant, begun: 4, for: 135_000)
        #expect(worker.recalled == [grant.epoch] && worker.renewed.last == [grant.epoch])
        try bench.turn([worker.report(.returned, of: grant, only: 4..<10)])
        #expect(try bench.status(id).counts.leased == 4)
        try self.talk(bench, worker, grant, begun: 4, for: 1_500_000)
        #expect(worker.renewed.last == [grant.epoch])
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<4)])
        #expect(try bench.status(id).counts.accepted == 4)
        // It works again, and gets the others.
        bench.advance(5_000)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.takeGrants().last?.position.count == 6)
    }

    @Test("a relay that takes longer than any may is given up")
    func endlessRelay() throws {
        let (bench, worker, id, grant) = try self.scene()
        try self.talk(bench, worker, grant, begun: 10, for: 1_830_000)
        #expect(worker.renewed.last == [])
        try self.talk(bench, worker, grant, begun: 10, for: 690_000)
        #expect(try bench.status(id).counts.inDoubt == 10)
    }

    @Test("a worker that says nothing gets nothing more, and what it has is in doubt after the grace")
    func silent() throws {
        let (bench, worker, id, grant) = try self.scene()
        try bench.addContacts(10, domain: "later.example")
        let second = try bench.start(LoopBench.campaign())
        _ = worker.takeGrants()
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<1)])
        #expect(try bench.status(second).counts.leased == 20)
        let other = try bench.connectedWorker("w2", credit: 0)
        bench.advance(15_000)
        try bench.addContacts(5, domain: "latest.example")
        let third = try bench.start(LoopBench.campaign())
        #expect(try bench.status(third).counts.leased == 0, "its credit is too old")
        try bench.turn([other.credit(at: bench.now)])
        #expect(other.grantedTargets == 5, "the connections of the other sites may still be in use")
        try bench.turn([other.report(.accepted, of: try #require(other.takeGrants().last))])
        bench.advance(51_000)
        try bench.turn([other.credit(at: bench.now)])
        #expect(bench.core.sessionOfWorker["w1"] == nil && bench.core.sessionOfWorker["w2"] != nil)
        bench.advance(599_999)
        try bench.turn([other.credit(at: bench.now)])
        #expect(try bench.status(id).counts.leased == 9)
        bench.advance(1_000)
        try bench.turn([other.credit(at: bench.now)])
        #expect(try bench.status(id).counts.inDoubt == 9)
        // It turns again, and knows better.
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.problems.last?.sessionUnknown == true)
        try bench.turn([worker.hello([grant.epoch: (false, Array(1..<10))])])
        try bench.turn([worker.report(.accepted, of: grant, only: 1..<10)])
        #expect(try bench.status(id).counts.accepted == 10)
    }

    @Test("a lease that went on and is lost again has the whole grace")
    func graceAnew() throws {
        let (bench, worker, id, grant) = try self.scene()
        bench.advance(65_000)
        try bench.turn()
        bench.advance(590_000)
        try bench.turn([worker.hello([grant.epoch: (true, [])])])
        #expect(bench.core.leases.all.allSatisfy { !$0.isOverdue })
        bench.advance(65_000)
        try bench.turn()
        bench.advance(599_000)
        try bench.turn()
        #expect(try bench.status(id).counts.leased == 10)
        bench.advance(1_000)
        try bench.turn()
        #expect(try bench.status(id).counts.inDoubt == 10)
    }

    @Test("what is begun of a paused campaign may end")
    func paused() throws {
        let (bench, worker, id, grant) = try self.scene()
        try bench.step(.pause, on: id)
        #expect(worker.recalled == [grant.epoch])
        try bench.turn([worker.report(.returned, of: grant, only: 2..<10)])
        try self.talk(bench, worker, grant, begun: 2, for: 300_000)
        #expect(worker.renewed.last == [grant.epoch])
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<2)])
        #expect(try bench.status(id).counts.accepted == 2 && bench.status(id).counts.pending == 8)
    }
}
