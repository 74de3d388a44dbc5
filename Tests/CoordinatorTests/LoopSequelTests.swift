import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: campaigns for those whom others did not reach")
struct LoopSequelTests {
    private static let approver = Caller(name: "ann", role: .approver)

    /// A campaign for 100 people that was cancelled after 20 of them had it.
    private func cancelled() throws -> (LoopBench, ScriptedWorker, Campaign.ID) {
        let bench = try LoopBench()
        try bench.addContacts(100)
        let id = try bench.start(LoopBench.campaign("budget: {max_messages: 20}"))
        let worker = try bench.connectedWorker("w1")
        try self.work(bench, worker)
        try self.cancel(id, on: bench)
        return (bench, worker, id)
    }

    private func work(_ bench: LoopBench, _ worker: ScriptedWorker, _ outcome: WireOutcomeCode = .accepted) throws {
        for _ in 0..<4 {
            for grant in worker.takeGrants() { try bench.turn([worker.report(outcome, of: grant)]) }
            bench.advance(1_000)
            try bench.turn([worker.credit(at: bench.now)])
        }
    }

    private func cancel(_ id: Campaign.ID, on bench: LoopBench) throws {
        try bench.step(.cancel, on: id)
        for _ in 0..<4 { try bench.turn() }
    }

    private func clone(_ id: Campaign.ID, budget: Int, on bench: LoopBench) throws {
        try bench.command { core in
            let (draft, _) = try core.draftClone(of: id, CloneChange(isForUnsent: true, messagesMax: budget))
            _ = try core.submit(draft, replacing: nil, by: "bob")
        }
    }

    private func approve(_ id: Campaign.ID, on bench: LoopBench) throws {
        try bench.step(.approve, on: id, by: Self.approver)
    }

    private func expectOnce(_ bench: LoopBench, _ people: Int64) throws {
        #expect(try bench.integer("SELECT count(*) FROM target WHERE state = 1") == people)
        #expect(try bench.integer("SELECT count(DISTINCT contact) FROM target WHERE state = 1") == people)
    }

    @Test("of two campaigns for those who are left nobody gets both")
    func twice() throws {
        let (bench, worker, first) = try self.cancelled()
        // Both are handed in before either starts.
        try self.clone(first, budget: 30, on: bench)
        try self.clone(first, budget: 200, on: bench)
        let (second, third) = (Campaign.ID(first.rawValue + 1), Campaign.ID(first.rawValue + 2))
        try self.approve(second, on: bench)
        try self.work(bench, worker)
        #expect(try bench.status(second).counts.accepted == 30)
        // It could go on.
        #expect(throws: OperationError.self) { try self.approve(third, on: bench) }
        #expect(throws: OperationError.self) { try self.clone(first, budget: 200, on: bench) }
        #expect(try bench.status(third).state == .submitted)
        try self.cancel(second, on: bench)
        try bench.restart()
        try bench.turn([worker.hello()])
        try self.approve(third, on: bench)
        try self.work(bench, worker)
        #expect(try bench.status(third).audience == 50)
        try self.expectOnce(bench, 100)
        for id in [first, second] {
            #expect(throws: OperationError.self) {
                try bench.command { core in _ = try core.retry(.bounced, of: id, by: "bob") }
            }
        }
        try bench.command { core in _ = try core.retry(.bounced, of: third, by: "bob") }
    }

    @Test(
        "however an audience names those who are left, they are one campaign's people",
        arguments: ["unsent('test')", "not not unsent(c1)", "segment(left)", "name is empty or unsent(c1)", "unsent()"]
    )
    func named(audience: String) throws {
        let (bench, worker, first) = try self.cancelled()
        try bench.command { core in _ = try core.define(segment: "left", as: "unsent(c1)", by: "bob") }
        let source = LoopBench.campaign("budget: {max_messages: 30}")
            .replacing("audience: {list: everyone}", with: "audience: \"\(audience)\"")
            .replacing("name: test", with: "name: other")
        let second = try bench.start(source)
        try self.work(bench, worker)
        #expect(try bench.status(second).counts.accepted == 30)
        #expect(throws: OperationError.self) {
            try bench.command { core in _ = try core.retry(.bounced, of: first, by: "bob") }
        }
        #expect(throws: OperationError.self) { try self.clone(first, budget: 200, on: bench) }
        try self.cancel(second, on: bench)
        try self.clone(first, budget: 200, on: bench)
        try self.approve(Campaign.ID(second.rawValue + 1), on: bench)
        try self.work(bench, worker)
        try self.expectOnce(bench, 100)
    }

    @Test("who is not meant by those who are left makes no difference to them")
    func negated() throws {
        let (bench, _, first) = try self.cancelled()
        let source = LoopBench.campaign()
            .replacing("audience: {list: everyone}", with: "audience: \"not unsent(c1)\"")
        _ = try bench.start(source)
        try self.clone(first, budget: 200, on: bench)
    }

    @Test("who may have got it before it was sent again, and refused it then, is not left")
    func doubted() throws {
        let (bench, worker, first) = try self.cancelled()
        try bench.execute("UPDATE target SET doubted = 1 WHERE state = 7 AND position < 10")
        let left = try bench.integer("SELECT count(*) FROM target WHERE state = 7 AND doubted = 0")
        try self.clone(first, budget: 200, on: bench)
        let second = Campaign.ID(first.rawValue + 1)
        try self.approve(second, on: bench)
        try self.work(bench, worker)
        #expect(Int64(try bench.status(second).audience) == left)
    }
}
