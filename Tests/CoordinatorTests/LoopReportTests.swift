import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: reports")
struct LoopReportTests {
    /// One worker that holds ten targets of one campaign.
    private struct Scene {
        let bench: LoopBench
        let worker: ScriptedWorker
        let id: Campaign.ID
        let grant: WireGrant

        init(_ more: String = "", change: (inout LoopOptions) -> Void = { _ in }) throws {
            self.bench = try LoopBench(change)
            try self.bench.addContacts(10)
            self.id = try self.bench.start(LoopBench.campaign(more))
            self.worker = try self.bench.connectedWorker("w1")
            self.grant = try #require(self.worker.takeGrants().last)
        }

        func outcomes() throws -> [Outcome?] { try self.bench.targets(self.id).map(\.outcome) }
        func fact(
            _ index: Int,
            _ outcome: WireOutcomeCode,
            reason: String = "",
            retryAfter: UInt32 = 0
        )
            -> ScriptedWorker.Fact
        {
            ScriptedWorker.Fact(
                epoch: self.grant.epoch,
                position: Int(self.grant.position[index]),
                outcome: outcome,
                reason: reason,
                retryAfter: retryAfter
            )
        }
    }

    @Test("a frame that is missing in a session is not acknowledged by a later one, and its worker tells all again")
    func gap() throws {
        let scene = try Scene()
        let (bench, worker) = (scene.bench, scene.worker)
        // Made and numbered, and not heard: as when the worker was off the list for a moment.
        let lost = (0..<5).map { scene.fact($0, .accepted) }
        _ = worker.report(lost, at: bench.wall)
        try bench.turn([worker.report(.accepted, of: scene.grant, only: 5..<10)])
        #expect(worker.acknowledged.isEmpty)
        #expect(worker.problems.map(\.sessionUnknown) == [true])
        #expect(!worker.isWelcome)
        let begun = scene.grant.position.map { Int($0) }
        try bench.turn([worker.hello([scene.grant.epoch: (false, begun)])])
        try bench.turn([worker.report(.accepted, of: scene.grant)])
        try bench.turn([worker.credit(at: bench.now)])
        #expect(try scene.outcomes() == Array(repeating: .accepted, count: 10))
        #expect(worker.takeGrants().isEmpty)
    }

    @Test("a copy of a frame that was heard says nothing, and its session goes on")
    func copy() throws {
        let scene = try Scene()
        let report = scene.worker.report(.accepted, of: scene.grant)
        try scene.bench.turn([report, report])
        #expect(scene.worker.acknowledged == [1])
        #expect(scene.worker.problems.isEmpty)
    }

    @Test("what a report that cannot be read was about is in doubt, and not granted again")
    func unreadable() throws {
        let scene = try Scene()
        let (bench, worker) = (scene.bench, scene.worker)
        // A word of a newer build, about half of them.
        try bench.turn([worker.report(.accepted, of: scene.grant, only: 0..<5, reason: "a word of tomorrow")])
        #expect(worker.acknowledged == [1])
        #expect(try scene.outcomes() == Array(repeating: .inDoubt, count: 5) + Array(repeating: nil, count: 5))
        try bench.turn([worker.hello([scene.grant.epoch: (true, [])])])
        try bench.turn([worker.report(.accepted, of: scene.grant, only: 5..<10), worker.credit(at: bench.now)])
        #expect(worker.takeGrants().isEmpty)
        #expect(try bench.status(scene.id).state == .finished)
    }

    @Test("a report is acknowledged once it is committed, and not before")
    func acknowledgedAfterCommit() throws {
        let scene = try Scene()
        scene.bench.connection.failsNext = true
        try scene.bench.turn([scene.worker.report(.accepted, of: scene.grant)])
        #expect(scene.worker.acknowledged.isEmpty)
        #expect(try scene.bench.status(scene.id).counts.leased == 10)
        #expect(try scene.bench.integer("SELECT count(*) FROM ledger") == 0)

        try scene.bench.turn([
            scene.worker.hello([scene.grant.epoch: (true, [])])
        ])
        try scene.bench.turn([scene.worker.report(.accepted, of: scene.grant)])
        #expect(scene.worker.acknowledged == [2])
        #expect(try scene.bench.status(scene.id).counts.accepted == 10)
    }

    @Test("the same report again changes nothing")
    func twice() throws {
        let scene = try Scene()
        try scene.bench.turn([scene.worker.report(.accepted, of: scene.grant, only: 0..<4)])
        try scene.bench.turn([scene.worker.report(.accepted, of: scene.grant, only: 0..<4)])
        #expect(scene.worker.acknowledged == [1, 2])
        #expect(try scene.bench.status(scene.id).counts.accepted == 4)
        #expect(try scene.bench.integer("SELECT count(*) FROM ledger") == 4)
        #expect(try scene.bench.integer("SELECT sum(sent_twice) FROM lane") == 0)
    }

    @Test("what was deferred is tried again after its backoff, and not earlier", arguments: [0, 300])
    func backoff(retryAfter: UInt32) throws {
        let scene = try Scene()
        let facts =
            [scene.fact(0, .deferred, reason: "temporary", retryAfter: retryAfter)]
            + (1..<10).map { scene.fact($0, .accepted) }
        try scene.bench.turn([scene.worker.report(facts)])
        let wait = retryAfter > 0 ? Int64(retryAfter) * 1_000 : 60_000
        scene.bench.advance(wait - 1)
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        #expect(scene.worker.grants.isEmpty)
        scene.bench.advance(1)
        try scene.bench.turn()
        let retry = try #require(scene.worker.takeGrants().last)
        #expect(retry.position == [scene.grant.position[0]] && retry.epoch > scene.grant.epoch)
        // The second time twice as long.
        try scene.bench.turn([scene.worker.report(.deferred, of: retry)])
        scene.bench.advance(119_999)
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        #expect(scene.worker.grants.isEmpty)
        scene.bench.advance(1)
        try scene.bench.turn()
        #expect(scene.worker.grants.count == 1)
        #expect(try scene.bench.targets(scene.id).first?.attempts == 2)
    }

    @Test("a retry that comes due early does not wait for one that comes due late")
    func earlyRetry() throws {
        let scene = try Scene()
        try scene.bench.turn([scene.worker.report([scene.fact(0, .deferred, retryAfter: 3_600)])])
        scene.bench.advance(1_000)
        try scene.bench.turn([scene.worker.report([scene.fact(1, .deferred)])])
        try scene.bench.turn([scene.worker.report([scene.fact(2, .returned)])])
        scene.bench.advance(1_000)
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        #expect(scene.worker.takeGrants().map(\.position) == [[scene.grant.position[2]]])
        scene.bench.advance(60_000)
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        #expect(scene.worker.takeGrants().map(\.position) == [[scene.grant.position[1]]])
    }

    @Test("what was handed back is pending again, and no attempt was used")
    func handedBack() throws {
        let scene = try Scene()
        try scene.bench.turn([scene.worker.report(.returned, of: scene.grant, only: 0..<3)])
        scene.bench.advance(1_000)
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        let again = try #require(scene.worker.takeGrants().last)
        #expect(again.position == Array(scene.grant.position[0..<3]))
        try scene.bench.turn([scene.worker.report(.accepted, of: again)])
        #expect(try scene.bench.targets(scene.id).prefix(3).allSatisfy { $0.attempts == 1 && $0.outcome == .accepted })
        #expect(try scene.bench.integer("SELECT count(*) FROM ledger") == 3)
    }

    @Test("what a relay turned away uses no attempt, and slows the site if it asks for that", arguments: [false, true])
    func turnedAway(isThrottled: Bool) throws {
        let scene = try Scene()
        let site = try #require(scene.bench.core.leases[Epoch(scene.grant.epoch)]?.members.first?.site)
        let facts = (0..<3).map { scene.fact($0, .returned, reason: isThrottled ? "throttled" : "") }
        try scene.bench.turn([scene.worker.report(facts)])
        #expect(scene.bench.core.paces[site]?.factor == (isThrottled ? 0.5 : nil))
        scene.bench.advance(1_000)
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        let again = try #require(scene.worker.takeGrants().last)
        #expect(again.position == Array(scene.grant.position[0..<3]))
        #expect(try scene.bench.targets(scene.id).allSatisfy { $0.attempts == 0 })
        #expect(try scene.bench.integer("SELECT count(*) FROM ledger") == 0)
    }

    @Test("a report on a lease that this worker never held is refused, and acknowledged")
    func neverHeld() throws {
        let scene = try Scene()
        let other = try scene.bench.connectedWorker("w2")
        try scene.bench.turn([other.report(.accepted, of: scene.grant)])
        #expect(other.acknowledged == [1])
        #expect(try scene.bench.status(scene.id).counts.leased == 10)
        #expect(try scene.bench.integer("SELECT count(*) FROM ledger") == 0)
        #expect(scene.bench.core.counters.refusedReports == 10)
    }

    @Test(
        "of a lease that is over facts are believed, and nothing that would schedule anything",
        arguments: [
            (WireOutcomeCode.accepted, Outcome.accepted), (.bounced, .bounced), (.deferred, .inDoubt),
            (.returned, .inDoubt), (.inDoubt, .inDoubt),
        ]
    )
    func stale(reported: WireOutcomeCode, expected: Outcome) throws {
        let scene = try Scene("on_doubt: hold")
        try scene.bench.turn([scene.worker.goodbye()])
        scene.bench.advance(65_001)
        try scene.bench.turn()
        #expect(try scene.bench.status(scene.id).counts.leased == 10)
        scene.bench.advance(600_000)
        try scene.bench.turn()
        #expect(try scene.bench.status(scene.id).counts.inDoubt == 10)
        #expect(try scene.bench.status(scene.id).state == .finished)
        try scene.bench.turn([scene.worker.hello([scene.grant.epoch: (true, [])])])
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        #expect(scene.worker.recalled == [scene.grant.epoch])
        try scene.bench.turn([scene.worker.report(reported, of: scene.grant)])
        #expect(try scene.outcomes() == Array(repeating: expected, count: 10))
        #expect(try scene.bench.targets(scene.id).allSatisfy { $0.due == nil })
        #expect(scene.worker.acknowledged == [1])
        #expect(try scene.bench.status(scene.id).state == .finished)
    }

    @Test("a doubt is resent once, and counted as sent twice when both left", arguments: [true, false])
    func resend(firstLeft: Bool) throws {
        let scene = try Scene("on_doubt: resend")
        let rest = (1..<10).map { scene.fact($0, .accepted) }
        try scene.bench.turn([scene.worker.report([scene.fact(0, .inDoubt, reason: "no_reply")] + rest)])
        scene.bench.advance(1_000)
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        let again = try #require(scene.worker.takeGrants().last)
        #expect(again.position == [scene.grant.position[0]])
        // Evidence about the first attempt comes while the second one is under way.
        if firstLeft { try scene.bench.turn([scene.worker.report([scene.fact(0, .accepted)])]) }
        try scene.bench.turn([scene.worker.report(.accepted, of: again)])
        #expect(try scene.outcomes() == Array(repeating: .accepted, count: 10))
        #expect(try scene.bench.status(scene.id).sentTwice == (firstLeft ? 1 : 0))
        #expect(try scene.bench.status(scene.id).state == .finished)
    }

    @Test("a second doubt about the same target stays a doubt")
    func doubtTwice() throws {
        let scene = try Scene("on_doubt: resend")
        try scene.bench.turn([scene.worker.report(.inDoubt, of: scene.grant)])
        scene.bench.advance(1_000)
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        let again = try #require(scene.worker.takeGrants().last)
        try scene.bench.turn([scene.worker.report(.inDoubt, of: again)])
        #expect(try scene.outcomes() == Array(repeating: .inDoubt, count: 10))
        #expect(try scene.bench.status(scene.id).state == .finished)
    }

    @Test("a site that asks for patience gets less, and permits are not lost on the way")
    func permitsComeBack() throws {
        let limit = Limit(quantity: 10, periodMilliseconds: 1_000, burst: 10)
        let scene = try Scene { $0.clusterLimits = [limit] }
        #expect(scene.grant.position.count == 10)
        try scene.bench.turn([scene.worker.report(.returned, of: scene.grant)])
        // Everything was handed back, so everything can go at once again.
        scene.bench.advance(300)
        try scene.bench.turn([scene.worker.credit(at: scene.bench.now)])
        #expect(scene.worker.takeGrants().map(\.position.count) == [10])
    }
}
