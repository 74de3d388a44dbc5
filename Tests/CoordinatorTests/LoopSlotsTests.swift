import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: a site's connection slots over all workers")
struct LoopSlotsTests {
    private func bench(_ connections: Int, contacts: Int) throws -> LoopBench {
        let bench = try LoopBench { options in
            options.siteLimits = { _ in LoopOptions.SiteOptions(limits: [], connections: connections) }
        }
        try bench.addContacts(contacts)
        return bench
    }

    @Test("a drained worker has no share of a site's slots")
    func drained() throws {
        let bench = try self.bench(1, contacts: 10)
        _ = try bench.connectedWorker("w1")
        let second = try bench.connectedWorker("w2")
        try bench.command { core in try core.drain(worker: "w1") }
        _ = try bench.start(LoopBench.campaign())
        for _ in 0..<2 { try bench.turn([second.credit(at: bench.now)]) }
        #expect(second.grantedTargets == 10)
    }

    @Test("slots that a worker still uses are not given to one that joins, and are once it is through")
    func joins() throws {
        let bench = try self.bench(1, contacts: 200)
        _ = try bench.start(LoopBench.campaign())
        let second = try bench.connectedWorker("w2")
        let held = second.takeGrants()
        #expect(!held.isEmpty)
        let first = try bench.connectedWorker("w1")
        #expect(first.grantedTargets == 0)
        for grant in held { try bench.turn([second.report(.accepted, of: grant)]) }
        try bench.turn([first.credit(at: bench.now), second.credit(at: bench.now)])
        #expect(first.grants.map(\.slots) == [1])
        #expect(second.takeGrants().isEmpty)
    }

    @Test(
        "of several slots a worker that joins gets what others were not told, and its share when their messages of before are over"
    )
    func sharesAnew() throws {
        let bench = try self.bench(4, contacts: 2_000)
        _ = try bench.start(LoopBench.campaign())
        let second = try bench.connectedWorker("w2")
        let held = second.takeGrants()
        #expect(Set(held.map(\.slots)) == [4])
        let first = try bench.connectedWorker("w1")
        #expect(first.grantedTargets == 0)
        // One message is over, and the next grant says two; the others of before may still be under way, four at a time.
        let grant = try #require(held.first)
        try bench.turn([second.report(.accepted, of: grant, only: 0..<1)])
        try bench.turn([first.credit(at: bench.now), second.credit(at: bench.now)])
        #expect(first.grantedTargets == 0)
        try bench.turn([second.report(.accepted, of: grant, only: 1..<grant.position.count)])
        for other in held.dropFirst() { try bench.turn([second.report(.accepted, of: other)]) }
        for _ in 0..<3 { try bench.turn([first.credit(at: bench.now), second.credit(at: bench.now)]) }
        #expect(Set(first.grants.map(\.slots)) == [2])
        #expect(Set(second.takeGrants().suffix(1).map(\.slots)) == [2])
    }

    @Test("a worker that joins gets its share while the other one goes on without a pause")
    func joinsBusy() throws {
        let bench = try self.bench(4, contacts: 4_000)
        _ = try bench.start(LoopBench.campaign())
        let second = try bench.connectedWorker("w2")
        var held = ArraySlice(second.takeGrants())
        let atFirst = held.reduce(0) { $0 + $1.position.count }
        let first = try bench.connectedWorker("w1")
        var reported = 0
        var next = 0
        while first.grantedTargets == 0, reported < 2 * atFirst, let grant = held.first {
            let part = next..<min(next + 4, grant.position.count)
            try bench.turn([second.report(.accepted, of: grant, only: part)])
            try bench.turn([second.credit(at: bench.now), first.credit(at: bench.now)])
            held += second.takeGrants()
            reported += part.count
            next = part.upperBound
            if next == grant.position.count { (held, next) = (held.dropFirst(), 0) }
        }
        #expect(Set(first.grants.map(\.slots)) == [2])
        #expect(held.last?.slots == 2 && held.count > 0)
    }

    @Test("a worker that is gone keeps its slots until its leases have run out")
    func absent() throws {
        let bench = try self.bench(2, contacts: 100)
        let first = try bench.connectedWorker("w1")
        let second = try bench.connectedWorker("w2")
        _ = try bench.start(LoopBench.campaign())
        #expect(first.grantedTargets > 0 && second.grantedTargets > 0)
        #expect(Set((first.grants + second.grants).map(\.slots)) == [1])
        bench.core.peerGone(first.routing)
        for grant in second.takeGrants() { try bench.turn([second.report(.accepted, of: grant)]) }
        try bench.addContacts(20)
        _ = try bench.start(LoopBench.campaign())
        try bench.turn([second.credit(at: bench.now)])
        let held = second.takeGrants()
        #expect(Set(held.map(\.slots)) == [1])
        bench.advance(bench.options.leaseOverMilliseconds + 1_000)
        try bench.turn([second.hello()])
        for _ in 0..<2 { try bench.turn([second.credit(at: bench.now)]) }
        #expect(second.grants.last?.slots == 2)
    }
}
