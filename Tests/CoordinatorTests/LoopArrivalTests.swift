import Domain
import Engine
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: a session begins with the first frame that is said in it")
struct LoopArrivalTests {
    private func scene() throws -> (LoopBench, ScriptedWorker, Campaign.ID, WireGrant) {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        return (bench, worker, id, try #require(worker.takeGrants().last))
    }

    /// A connection that its worker has left: nothing that is said to it is heard.
    private func leftConnection(_ name: String, of bench: LoopBench) -> ScriptedWorker {
        let connection = bench.worker(name, connection: "/before")
        connection.speaksAtOnce = false
        return connection
    }

    @Test(
        "a Hello that comes late, of a connection or a process of before, takes nothing from its worker",
        arguments: [false, true]
    )
    func late(isOfAnotherProcess: Bool) throws {
        let (bench, worker, id, grant) = try self.scene()
        let other = try bench.connectedWorker("w2")
        let before = self.leftConnection("w1", of: bench)
        if isOfAnotherProcess { before.die() }
        try bench.turn([before.hello()])
        #expect(before.welcomes == 1, "it is answered, since nobody can know")
        #expect(try bench.status(id).counts.leased == 10)
        bench.advance(1_000)
        try bench.turn([other.credit(at: bench.now)])
        #expect(other.grantedTargets == 0)
        try bench.turn([worker.report(.accepted, of: grant)])
        #expect(worker.problems.isEmpty && worker.acknowledged.count == 1)
        #expect(try bench.status(id).counts.accepted == 10)
    }

    @Test("one that speaks after its Welcome has what it did not list taken back")
    func speaks() throws {
        let (bench, worker, id, grant) = try self.scene()
        let now = bench.worker("w1", connection: "/now")
        now.speaksAtOnce = false
        try bench.turn([now.hello()])
        try bench.turn([now.credit(0, at: bench.now)])
        #expect(try bench.status(id).counts.pending == 10)
        // The connection that it has left says nothing any more that counts.
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.problems.map(\.sessionUnknown) == [true] && worker.lastGrant == nil)
        bench.advance(1_000)
        try bench.turn([now.credit(at: bench.now)])
        #expect(now.grantedTargets == 10 && now.lastGrant?.epoch != grant.epoch)
    }

    @Test("with a session all that was said to open others is over, and an answer that nobody took is forgotten")
    func others() throws {
        let (bench, worker, _, _) = try self.scene()
        let first = self.leftConnection("w1", of: bench)
        try bench.turn([first.hello()])
        try bench.turn([worker.hello()])
        // Its own came after: nothing of before opens a session.
        try bench.turn([first.credit(at: bench.now)])
        #expect(first.problems.map(\.sessionUnknown) == [true])
        for _ in 0..<5 { try bench.turn([first.hello()]) }
        #expect(bench.core.arrivals.count == LoopLimits.arrivalsOfWorker)
        bench.core.peerGone(first.routing)
        #expect(bench.core.arrivals.isEmpty)
    }

    @Test("a worker of which three frames in a row cannot be read is not heard for a minute", arguments: [2, 3])
    func unreadable(count: Int) throws {
        let (bench, worker, id, grant) = try self.scene()
        for _ in 0..<count {
            try bench.turn([.frame(routing: worker.routing, principal: worker.name, payload: [1, 2, 3])])
        }
        try bench.turn([worker.report(.accepted, of: grant)])
        #expect(try bench.status(id).counts.accepted == (count < TurnBlame.unreadMax ? 10 : 0))
        bench.advance(TurnBlame.framesMilliseconds)
        try bench.turn([worker.hello([grant.epoch: (false, Array(0..<10))])])
        try bench.turn([worker.report(.accepted, of: grant)])
        #expect(try bench.status(id).counts.accepted == 10)
    }

    @Test("a session whose first frame is missing does not begin")
    func gap() throws {
        let (bench, worker, id, _) = try self.scene()
        let now = bench.worker("w1", connection: "/now")
        now.speaksAtOnce = false
        try bench.turn([now.hello()])
        _ = now.credit(at: bench.now)
        try bench.turn([now.credit(at: bench.now)])
        #expect(now.problems.map(\.sessionUnknown) == [true])
        #expect(try bench.status(id).counts.leased == 10)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.problems.isEmpty)
    }
}
