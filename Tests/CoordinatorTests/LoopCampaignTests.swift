import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: what operators do with campaigns")
struct LoopCampaignTests {
    private func scene(_ more: String = "") throws -> (LoopBench, ScriptedWorker, Campaign.ID, WireGrant) {
        let bench = try LoopBench()
        try bench.addContacts(300)
        let id = try bench.start(LoopBench.campaign(more))
        let worker = try bench.connectedWorker("w1", credit: 100)
        // Nothing more until a test gives room again.
        try bench.turn([worker.credit(0, at: bench.now)])
        return (bench, worker, id, try #require(worker.takeGrants().last))
    }

    @Test("a pause asks leases back and grants nothing; after a resume it goes on")
    func pause() throws {
        let (bench, worker, id, grant) = try self.scene()
        try bench.step(.pause, on: id)
        #expect(worker.recalled == [grant.epoch])
        try bench.turn([worker.progress([grant.epoch], at: bench.now)])
        #expect(worker.renewed == [[]])
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<10)])
        try bench.turn([worker.report(.returned, of: grant, only: 10..<100)])
        bench.advance(10_000)
        try bench.turn([worker.credit(100, at: bench.now)])
        #expect(worker.takeGrants().isEmpty)
        #expect(try bench.status(id).counts.pending == 290)
        try bench.step(.resume, on: id)
        #expect(!worker.takeGrants().isEmpty)
    }

    @Test("a pause holds over a restart, also for leases that are still being worked on")
    func pauseAndRestart() throws {
        let (bench, worker, id, grant) = try self.scene()
        worker.disconnect()
        try bench.step(.pause, on: id)
        try bench.restart()
        try bench.turn([worker.hello([grant.epoch: (true, [])])])
        try bench.turn([worker.credit(100, at: bench.now)])
        try bench.turn([worker.progress([grant.epoch], at: bench.now)])
        #expect(worker.recalled.contains(grant.epoch) || worker.renewed == [[]])
        #expect(worker.takeGrants().isEmpty)
    }

    @Test("a cancelled campaign settles everything, also what comes back from workers", arguments: [false, true])
    func cancel(restarts: Bool) throws {
        let (bench, worker, id, grant) = try self.scene()
        try bench.turn([worker.report(.deferred, of: grant, only: 0..<5)])
        try bench.turn([worker.report(.accepted, of: grant, only: 5..<10)])
        try bench.step(.cancel, on: id)
        #expect(worker.recalled.contains(grant.epoch))
        if restarts {
            try bench.restart()
            try bench.turn([worker.hello([grant.epoch: (true, [])])])
        }
        for _ in 0..<3 { try bench.turn() }
        var counts = try bench.status(id).counts
        #expect(counts.cancelled == 300 - 100 + 5)
        #expect(try bench.status(id).state == .cancelled)
        try bench.turn([worker.report(.accepted, of: grant, only: 10..<20)])
        try bench.turn([worker.report(.deferred, of: grant, only: 20..<30)])
        try bench.turn([worker.report(.returned, of: grant, only: 30..<100)])
        try bench.turn()
        counts = try bench.status(id).counts
        #expect(counts.accepted == 15 && counts.cancelled == 285 && counts.sum == 300)
        #expect(bench.core.campaigns.isEmpty && bench.core.leases.count == 0)
        #expect(try bench.status(id).state == .cancelled)
    }

    @Test("what may have been sent stays in doubt when its campaign is cancelled before it is sent again")
    func doubtOutlivesCancel() throws {
        let (bench, worker, id, grant) = try self.scene("on_doubt: resend")
        try bench.turn([worker.report(.inDoubt, of: grant, only: 0..<3)])
        try bench.step(.cancel, on: id)
        // And these become doubtful only now.
        try bench.turn([worker.report(.inDoubt, of: grant, only: 3..<5)])
        try bench.turn([worker.report(.returned, of: grant, only: 5..<100)])
        try bench.turn()
        let counts = try bench.status(id).counts
        #expect(counts.inDoubt == 5)
        #expect(counts.cancelled == 295)
        // Evidence still clears it.
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<2)])
        #expect(try bench.status(id).counts.accepted == 2)
    }

    @Test("a campaign whose time is over settles what is left as expired", arguments: [true, false], [true, false])
    func expires(isWatched: Bool, isPaused: Bool) throws {
        let (bench, worker, id, grant) = try self.scene("schedule: {expires_after: 1h}")
        try bench.turn([worker.report(.deferred, of: grant)])
        if isPaused { try bench.step(.pause, on: id) }
        if !isWatched { try bench.turn([worker.goodbye()]) }
        bench.advance(3_600_001)
        for _ in 0..<3 { try bench.turn(isWatched ? [worker.credit(100, at: bench.now)] : []) }
        #expect(try bench.status(id).counts.expired == 300)
        #expect(try bench.status(id).state == .finished)
    }

    @Test("no retry is planned for later than the campaign lasts")
    func retryBeforeExpiry() throws {
        let (bench, worker, id, grant) = try self.scene("schedule: {expires_after: 30s}")
        try bench.turn([worker.report(.deferred, of: grant)])
        let due = try bench.targets(id).compactMap(\.due).max()
        #expect(due == bench.wall.milliseconds + 30_000)
        _ = worker
    }

    @Test("a campaign for nobody is finished at once")
    func nobody() throws {
        let bench = try LoopBench()
        let id = try bench.start(LoopBench.campaign())
        try bench.turn()
        #expect(try bench.status(id).state == .finished)
    }

    @Test("whoever submitted cannot approve")
    func approval() throws {
        let bench = try LoopBench()
        let id = try bench.submit(LoopBench.campaign())
        // Not at the start alone, where an approval is looked at again: it is none.
        #expect {
            try bench.step(.approve, on: id, by: Caller(name: "bob", role: .approver))
        } throws: { error in
            if case OperationError.notAllowed = error { true } else { false }
        }
        #expect(try bench.status(id).state == .submitted)
        #expect(throws: OperationError.self) { try bench.step(.pause, on: id) }
    }

    @Test("a campaign that is over takes late facts without coming back to life")
    func lateFacts() throws {
        let (bench, worker, id, grant) = try self.scene()
        try bench.step(.cancel, on: id)
        try bench.turn([worker.report(.returned, of: grant)])
        try bench.turn()
        #expect(try bench.status(id).counts.cancelled == 300)
        // It had sent two of them after all.
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<2)])
        try bench.turn([worker.report(.accepted, of: grant, only: 0..<2)])
        #expect(try bench.status(id).counts.accepted == 2)
        #expect(try bench.status(id).counts.cancelled == 298)
        #expect(try bench.status(id).state == .cancelled)
        #expect(bench.core.campaigns.isEmpty)
    }
}
