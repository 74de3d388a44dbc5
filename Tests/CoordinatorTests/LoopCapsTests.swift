import Domain
import Engine
import Foundation
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: frequency caps")
struct LoopCapsTests {
    private static let hour: Int64 = 3_600_000

    /// Sends a campaign to everybody and reports what came of it.
    private func send(
        _ bench: LoopBench,
        _ worker: ScriptedWorker,
        _ outcome: WireOutcomeCode,
        _ more: String...
    ) throws
        -> Campaign.ID
    {
        let id = try bench.start(LoopBench.campaign(more.joined(separator: "\n")))
        // After a day of silence it is a stranger.
        try bench.turn([worker.hello()])
        for _ in 0..<3 {
            try bench.turn([worker.credit(at: bench.now)])
            for grant in worker.takeGrants() {
                try bench.turn([
                    worker.report(
                        grant.position.map { .init(epoch: grant.epoch, position: Int($0), outcome: outcome) },
                        at: bench.wall
                    )
                ])
            }
        }
        return id
    }

    @Test("who has had as many messages as they may is not written to, and may be again once the period is over")
    func capped() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let worker = try bench.connectedWorker("w1")
        _ = try self.send(bench, worker, .accepted)
        bench.advance(24 * Self.hour)
        let second = try self.send(bench, worker, .accepted, "caps: [2/7d]")
        #expect(try bench.status(second).counts.accepted == 10)
        let third = try self.send(bench, worker, .accepted, "caps: [2/7d, 10/30d]")
        #expect(try bench.status(third).counts.suppressed == 10)
        #expect(try bench.targets(third).allSatisfy { $0.reason == "capped" && $0.attempts == 0 })
        #expect(try bench.status(third).state == .finished)
        // The first is more than seven days ago then, the second is not.
        bench.advance(6 * 24 * Self.hour)
        let fourth = try self.send(bench, worker, .accepted, "caps: [2/7d]")
        #expect(try bench.status(fourth).counts.accepted == 10)
    }

    @Test("a doubt counts as a message, a bounce does not", arguments: [(WireOutcomeCode.inDoubt, 0), (.bounced, 10)])
    func whatCounts(outcome: WireOutcomeCode, accepted: Int) throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let worker = try bench.connectedWorker("w1")
        _ = try self.send(bench, worker, outcome)
        let second = try self.send(bench, worker, .accepted, "caps: [1/7d]")
        #expect(try bench.status(second).counts.accepted == accepted)
        #expect(try bench.status(second).counts.suppressed == 10 - accepted)
    }

    @Test("what is in a worker's hands counts, also when two campaigns are granted in one turn")
    func held() throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let first = try bench.start(LoopBench.campaign("caps: [1/7d]"))
        let second = try bench.start(LoopBench.campaign("caps: [1/7d]"))
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<3 { try bench.turn([worker.credit(at: bench.now)]) }
        let contacts = worker.grants.flatMap(\.contact)
        #expect(contacts.count == 10)
        #expect(Set(contacts).count == 10)
        let suppressed = try [first, second].map { try bench.status($0).counts.suppressed }
        #expect(suppressed.reduce(0, +) == 10)
    }

    @Test("the configuration's caps hold for every campaign")
    func configured() throws {
        let bench = try LoopBench { $0.caps = [FrequencyCap("1/7d")].compactMap { $0 } }
        try bench.addContacts(3)
        let worker = try bench.connectedWorker("w1")
        _ = try self.send(bench, worker, .accepted)
        let second = try self.send(bench, worker, .accepted)
        #expect(try bench.targets(second).allSatisfy { $0.reason == "capped" })
    }
}
