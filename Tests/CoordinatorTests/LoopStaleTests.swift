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
}
