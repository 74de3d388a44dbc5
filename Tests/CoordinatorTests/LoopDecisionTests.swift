import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: what is decided about doubts and failures")
struct LoopDecisionTests {
    /// A finished campaign of ten: 4 accepted, 3 in doubt, 2 bounced, 1 failed.
    private func scene(_ more: String = "") throws -> (LoopBench, ScriptedWorker, Campaign.ID, WireGrant) {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign(more))
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<4)])
        try bench.turn([worker.report(.inDoubt, of: grant, only: 4..<7, reason: "no_reply")])
        try bench.turn([worker.report(.bounced, of: grant, only: 7..<9, reason: "refused")])
        try bench.turn([worker.report(.failed, of: grant, only: 9..<10, reason: "render")])
        try bench.turn()
        return (bench, worker, id, grant)
    }

    private func resolve(_ decision: DoubtDecision, _ id: Campaign.ID, on bench: LoopBench) throws {
        try bench.command { core in _ = try core.resolve(decision, of: id, by: "bob") }
    }

    private func retry(_ outcome: Outcome, _ id: Campaign.ID, on bench: LoopBench) throws {
        try bench.command { core in _ = try core.retry(outcome, of: id, by: "bob") }
    }

    @Test("doubts that are sent again set the campaign running before it is answered, and it finishes again")
    func resend() throws {
        let (bench, worker, id, _) = try self.scene()
        #expect(try bench.status(id).state == .finished)
        try bench.command { core in
            let status = try core.resolve(.resend, of: id, by: "bob")
            #expect(status.state == .running && status.finishedAt == nil)
        }
        bench.advance(1_000)
        try bench.turn([worker.credit(at: bench.now)])
        let grant = try #require(worker.takeGrants().last)
        #expect(grant.position == [4, 5, 6])
        try bench.turn([worker.report(.accepted, of: grant)])
        try bench.turn()
        let status = try bench.status(id)
        #expect(status.state == .finished && status.counts.accepted == 7 && status.counts.inDoubt == 0)
        #expect(status.sentTwice == 0 && status.finishedAt != nil)
    }

    @Test("doubts that are skipped stay doubts, and are not asked about again; evidence still clears them")
    func skip() throws {
        let (bench, worker, id, grant) = try self.scene()
        try self.resolve(.skip, id, on: bench)
        try bench.turn()
        var status = try bench.status(id)
        #expect(status.state == .finished && status.counts.inDoubt == 3)
        #expect(try bench.targets(id).filter { $0.reason == "skipped" }.count == 3)
        try self.resolve(.resend, id, on: bench)
        for _ in 0..<3 { try bench.turn([worker.credit(at: bench.now)]) }
        #expect(worker.takeGrants().isEmpty)
        #expect(try bench.status(id).state == .finished)
        try bench.turn([worker.report(.accepted, of: grant, only: 4..<5)])
        status = try bench.status(id)
        #expect(status.counts.accepted == 5 && status.counts.inDoubt == 2)
    }

    @Test(
        "targets with one outcome are tried again, and no others",
        arguments: [(Outcome.bounced, [7, 8]), (.failed, [9])] as [(Outcome, [UInt32])]
    )
    func retries(outcome: Outcome, positions: [UInt32]) throws {
        let (bench, worker, id, _) = try self.scene()
        try self.retry(outcome, id, on: bench)
        #expect(try bench.status(id).state == .running)
        try bench.turn([worker.credit(at: bench.now)])
        let grant = try #require(worker.takeGrants().last)
        #expect(grant.position == positions)
        try bench.turn([worker.report(.accepted, of: grant)])
        try bench.turn()
        #expect(try bench.status(id).counts.accepted == 4 + positions.count)
        #expect(try bench.status(id).state == .finished)
        #expect(try bench.integer("SELECT count(*) FROM ledger") == 10 + positions.count)
    }

    @Test("what expired gets the campaign's time once more")
    func expired() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign("schedule: {expires_after: 1h}"))
        bench.advance(3_600_001)
        for _ in 0..<3 { try bench.turn() }
        #expect(try bench.status(id).counts.expired == 10)
        try self.retry(.expired, id, on: bench)
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        #expect(grant.position.count == 10)
        try bench.turn([worker.report(.deferred, of: grant, only: 0..<1)])
        try bench.turn([worker.report(.accepted, of: grant, only: 1..<10)])
        bench.advance(3_600_001)
        for _ in 0..<3 { try bench.turn() }
        let status = try bench.status(id)
        #expect(status.state == .finished && status.counts.accepted == 9 && status.counts.expired == 1)
    }

    @Test("what waits for its next try is tried at once")
    func deferred() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.report(.deferred, of: grant)])
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grants.isEmpty)
        try self.retry(.deferred, id, on: bench)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.takeGrants().last?.position.count == 10)
    }

    @Test(
        "what would write twice, or against somebody's will, is no retry",
        arguments: [
            Outcome.accepted, .suppressed, .cancelled, .inDoubt,
        ]
    )
    func refusedOutcomes(outcome: Outcome) throws {
        let (bench, _, id, _) = try self.scene()
        #expect(throws: OperationError.self) { try self.retry(outcome, id, on: bench) }
        #expect(try bench.status(id).state == .finished)
    }

    @Test("a cancelled campaign is over for good, but its doubts may be decided")
    func cancelled() throws {
        let (bench, _, id, _) = try self.scene()
        try bench.execute("UPDATE campaign SET state = 'cancelled'")
        #expect(throws: OperationError.self) { try self.resolve(.resend, id, on: bench) }
        #expect(throws: OperationError.self) { try self.retry(.bounced, id, on: bench) }
        try self.resolve(.skip, id, on: bench)
        try bench.turn()
        #expect(try bench.status(id).state == .cancelled)
        #expect(try bench.targets(id).filter { $0.reason == "skipped" }.count == 3)
    }

    @Test("a paused campaign stays paused, and sends again what was asked for once it goes on")
    func paused() throws {
        let bench = try LoopBench()
        try bench.addContacts(20)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1", credit: 5)
        try bench.turn([worker.credit(0, at: bench.now)])
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.report(.bounced, of: grant)])
        try bench.step(.pause, on: id)
        try self.retry(.bounced, id, on: bench)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(try bench.status(id).state == .paused)
        #expect(worker.grants.isEmpty)
        try bench.step(.resume, on: id)
        #expect(worker.takeGrants().flatMap(\.position).count == 20)
    }

    @Test("a large pass goes on where it was after a restart, and does everything once", arguments: [false, true])
    func large(fails: Bool) throws {
        let bench = try LoopBench()
        try bench.addContacts(3_500)
        let id = try bench.start(LoopBench.campaign())
        try bench.turn()
        bench.advance(10)
        try bench.execute("UPDATE target SET state = 5, attempts = 1, reason = 'no_reply', at = 0")
        try bench.execute(
            "INSERT INTO ledger (campaign, lane, position, epoch, outcome, at) "
                + "SELECT campaign, lane, position, 1, state, 0 FROM target"
        )
        try bench.execute("UPDATE lane SET in_doubt = audience, cursor = audience")
        try bench.restart()
        try bench.turn()
        #expect(try bench.status(id).state == .finished)
        try self.resolve(.resend, id, on: bench)
        #expect(try bench.status(id).counts.deferred == 1_000, "a turn does a chunk")
        // Who is in doubt again behind the pass is not sent to a third time by it.
        try bench.execute("UPDATE target SET state = 5, due = NULL WHERE lane = 0 AND position < 10")
        try bench.execute("UPDATE lane SET in_doubt = in_doubt + 10, deferred = deferred - 10 WHERE lane = 0")
        try bench.restart()
        if fails { bench.connection.failsNext = true }
        for _ in 0..<8 {
            try bench.turn()
            bench.advance(1_000)
        }
        let counts = try bench.status(id).counts
        #expect(counts.inDoubt == 10 && counts.deferred == 3_490)
        #expect(try bench.status(id).state == .running)
    }

    @Test("a cancel ends what was to be sent again")
    func cancelDuringPass() throws {
        let bench = try LoopBench()
        try bench.addContacts(2_500)
        let id = try bench.start(LoopBench.campaign())
        try bench.turn()
        try bench.execute("UPDATE target SET state = 3, attempts = 1, at = 0")
        try bench.execute(
            "INSERT INTO ledger (campaign, lane, position, epoch, outcome, at) "
                + "SELECT campaign, lane, position, 1, state, 0 FROM target"
        )
        try bench.execute("UPDATE lane SET bounced = audience, cursor = audience")
        try bench.restart()
        try bench.turn()
        try self.retry(.bounced, id, on: bench)
        try bench.step(.cancel, on: id)
        for _ in 0..<6 { try bench.turn() }
        let status = try bench.status(id)
        #expect(status.state == .cancelled && status.counts.bounced == 1_500 && status.counts.cancelled == 1_000)
    }

    @Test("a person shut out is waited for before what it held is sent again")
    func removedWorker() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign())
        _ = try bench.connectedWorker("w1")
        try bench.command { core in try core.remove(worker: "w1") }
        #expect(try bench.status(id).counts.inDoubt == 10)
        try self.resolve(.resend, id, on: bench)
        let other = try bench.connectedWorker("w2")
        #expect(other.grants.isEmpty, "it may still be sending")
        bench.advance(65_000)
        try bench.turn([other.hello()])
        try bench.turn([other.credit(at: bench.now)])
        #expect(other.grantedTargets == 10)
    }

    @Test(
        "a doubt that comes late from a lease that is over is sent again under that rule, once",
        arguments: [
            OnDoubt.resend, .hold,
        ]
    )
    func staleDoubt(rule: OnDoubt) throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign("on_doubt: \(rule.rawValue)"))
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        // It handed everything back, and finds out later that two of them were at their last byte.
        try bench.turn([worker.report(.returned, of: grant)])
        try bench.turn([worker.report(.inDoubt, of: grant, only: 0..<2, reason: "no_reply")])
        var counts = try bench.status(id).counts
        #expect(rule == .hold ? counts.inDoubt == 2 : counts.inDoubt == 0 && counts.leased == 2)
        bench.advance(1_000)
        try bench.turn([worker.credit(at: bench.now)])
        let again = worker.takeGrants().filter { $0.epoch != grant.epoch }
        #expect(again.flatMap(\.position).count == (rule == .hold ? 8 : 10))
        for grant in again { try bench.turn([worker.report(.inDoubt, of: grant, reason: "no_reply")]) }
        bench.advance(1_000)
        try bench.turn([worker.credit(at: bench.now)])
        counts = try bench.status(id).counts
        // Those that were sent again after the late doubt are not a third time.
        #expect(rule == .hold ? counts.inDoubt == 10 : counts.inDoubt == 2)
    }
}
