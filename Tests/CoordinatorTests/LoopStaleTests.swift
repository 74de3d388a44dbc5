import Domain
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: leases of before")
struct LoopStaleTests {
    @Test(
        "who lost a lease can schedule nothing of it that is in another's hands",
        arguments: [WireOutcomeCode.deferred, .returned]
    )
    func fenced(reported: WireOutcomeCode) throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let first = try #require(worker.takeGrants().last)
        // It does not know the lease any more: all of it is pending, and granted again.
        try bench.turn([worker.hello()])
        bench.advance(1_000)
        try bench.turn([worker.credit(at: bench.now)])
        let second = try #require(worker.takeGrants().last)
        #expect(second.epoch > first.epoch && second.position == first.position)
        try bench.turn([worker.report(reported, of: first)])
        #expect(try bench.status(id).counts.leased == 10)
        #expect(try bench.targets(id).allSatisfy { $0.outcome == nil && $0.attempts == 0 })
        try bench.turn([worker.report(.accepted, of: second)])
        #expect(try bench.status(id).counts.accepted == 10)
    }

    @Test(
        "what was settled by a late fact is still heard of from its present holder, also after a start",
        arguments: [false, true]
    )
    func settledElsewhere(restarts: Bool) throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign())
        let late = try bench.connectedWorker("w1")
        let first = try #require(late.takeGrants().last)
        try bench.turn([late.hello()])
        let holder = try bench.connectedWorker("w2")
        bench.advance(1_000)
        try bench.turn([holder.credit(at: bench.now)])
        let second = try #require(holder.takeGrants().last)
        #expect(second.position == first.position)
        // The first worker had sent one of them after all.
        let fact = ScriptedWorker.Fact(epoch: first.epoch, position: 0, outcome: .accepted)
        try bench.turn([late.report([fact], at: bench.wall)])
        #expect(try bench.status(id).counts.accepted == 1)
        if restarts {
            try bench.restart()
            holder.disconnect()
            let all = second.position.map(Int.init)
            try bench.turn([holder.hello([second.epoch: (running: false, begun: all)])])
        }
        try bench.turn([holder.report(.accepted, of: second)])
        let status = try bench.status(id)
        #expect(status.counts.accepted == 10)
        #expect(status.sentTwice == 1)
        #expect(try bench.targets(id).count == 10)
    }
}
