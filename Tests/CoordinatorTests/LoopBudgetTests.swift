import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: budgets")
struct LoopBudgetTests {
    /// A campaign for 300 people with this budget, and a worker with room for `credit`.
    private func scene(
        _ budget: String,
        credit: Int = 1_024,
        more: String = ""
    ) throws -> (LoopBench, ScriptedWorker, Campaign.ID) {
        let bench = try LoopBench { options in options.relays["main"]?.costPerMessage = Money(0.1) }
        try bench.addContacts(300)
        let id = try bench.start(LoopBench.campaign("budget: \(budget)", more))
        return (bench, try bench.connectedWorker("w1", credit: credit), id)
    }

    /// Lets the worker end all that it gets, until it gets nothing more.
    private func work(
        _ bench: LoopBench,
        _ worker: ScriptedWorker,
        _ outcome: (Int) -> WireOutcomeCode,
        restarts: Bool = false
    ) throws -> Int {
        var sent = 0
        for round in 0..<60 {
            let grants = worker.takeGrants()
            for grant in grants {
                for index in grant.position.indices {
                    let fate = outcome(sent + index)
                    try bench.turn([worker.report(fate, of: grant, only: index..<index + 1)])
                }
                sent += grant.position.count
            }
            if restarts, round % 3 == 1 {
                try bench.restart()
                try bench.turn([worker.hello()])
            }
            bench.advance(1_000)
            try bench.turn([worker.credit(at: bench.now)])
        }
        return sent
    }

    @Test(
        "it stops before a budget is exceeded by one message, also over restarts",
        arguments: ["{max_messages: 7}", "{max_cost: 0.79}", "{max_messages: 100, max_cost: 0.7}"],
        [false, true]
    )
    func stops(budget: String, restarts: Bool) throws {
        let (bench, worker, id) = try self.scene(budget)
        _ = try self.work(bench, worker, { _ in .accepted }, restarts: restarts)
        let status = try bench.status(id)
        #expect(status.counts.accepted == 7)
        #expect(status.counts.pending == 293)
        #expect(status.state == .paused)
        #expect(status.problem?.contains("budget is used up (7 messages)") == true)
        try bench.restart()
        #expect(try bench.status(id).problem?.contains("budget is used up") == true)
        // Going on is no way around it.
        try bench.step(.resume, on: id)
        try bench.turn([worker.hello()])
        _ = try self.work(bench, worker, { _ in .accepted })
        #expect(try bench.status(id).counts.accepted == 7)
        #expect(try bench.status(id).state == .paused)
    }

    @Test("what was not sent goes back into the budget; what may have been does not")
    func unsent() throws {
        let (bench, worker, id) = try self.scene("{max_messages: 20}")
        // Of each four: one sent, one in doubt, one refused, one handed back.
        let fates: [WireOutcomeCode] = [.accepted, .inDoubt, .bounced, .returned]
        _ = try self.work(bench, worker, { fates[$0 % 4] })
        let counts = try bench.status(id).counts
        #expect(counts.accepted + counts.inDoubt == 20)
        #expect(counts.bounced > 0)
        #expect(try bench.status(id).state == .paused)
        #expect(try bench.integer("SELECT used FROM campaign_budget") == 20)
    }

    @Test("who is left of a campaign gets a clone of it, and nobody who got it or may have")
    func left() throws {
        let (bench, worker, first) = try self.scene("{max_messages: 20}")
        let fates: [WireOutcomeCode] = [.accepted, .inDoubt, .bounced, .returned]
        _ = try self.work(bench, worker, { fates[$0 % 4] })
        let had = try bench.status(first).counts
        let problem = try #require(try bench.status(first).problem)
        #expect(problem.contains("'postrider campaign cancel \(first.publicID)'"))
        #expect(problem.contains("'postrider campaign clone \(first.publicID) --unsent --budget N'"))

        let change = CloneChange(isForUnsent: true, messagesMax: 1_000)
        func clone() throws {
            try bench.command { core in
                let (draft, _) = try core.draftClone(of: first, change)
                _ = try core.submit(draft, replacing: nil, by: "bob")
            }
        }
        // It could go on by itself.
        #expect(throws: OperationError.self) { try clone() }
        try bench.step(.cancel, on: first)
        for _ in 0..<8 { try bench.turn() }
        try clone()
        let second = Campaign.ID(first.rawValue + 1)
        #expect(try bench.status(second).digest != bench.status(first).digest)
        try bench.step(.approve, on: second, by: Caller(name: "ann", role: .approver))
        _ = try self.work(bench, worker, { _ in .accepted })
        let status = try bench.status(second)
        #expect(status.state == .finished)
        #expect(status.audience == 300 - had.accepted - had.inDoubt)
        #expect(status.counts.accepted == status.audience)
        // Each person once.
        #expect(try bench.integer("SELECT count(*) FROM target WHERE state IN (1, 5)") == 300)
        #expect(try bench.integer("SELECT count(DISTINCT contact) FROM target WHERE state IN (1, 5)") == 300)
        // Those whom the first one did not reach are the second one's now.
        #expect(throws: OperationError.self) {
            try bench.command { core in _ = try core.retry(.bounced, of: first, by: "bob") }
        }
        try bench.command { core in _ = try core.retry(.bounced, of: second, by: "bob") }
    }

    @Test("what the settings do not allow any more is not cloned either")
    func clonesWhatMayBeSent() throws {
        let bench = try LoopBench { $0.relays["main"]?.costPerMessage = Money(0.01) }
        try bench.addContacts(3)
        let id = try bench.submit(LoopBench.campaign("budget: {max_cost: 1.0}"))
        try bench.command { core in _ = try core.draftClone(of: id) }
        // Its relay is another one's now.
        try bench.execute("UPDATE campaign SET relay = 'gone'")
        let digest = CampaignDigest.of(
            content: LoopBench.campaign("budget: {max_cost: 1.0}"),
            files: "{}",
            relay: "gone"
        )
        try bench.execute("UPDATE campaign SET digest = '\(digest)'")
        let error = #expect(throws: OperationError.self) {
            try bench.command { core in _ = try core.draftClone(of: id) }
        }
        #expect(error == .conflict("relay 'gone' is not configured; configured: main"))
    }

    @Test("a campaign that never started has nobody left")
    func neverStarted() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        let id = try bench.submit(LoopBench.campaign())
        try bench.step(.cancel, on: id)
        #expect(throws: OperationError.self) {
            try bench.command { core in _ = try core.draftClone(of: id, CloneChange(isForUnsent: true)) }
        }
    }

    @Test("a doubt that is sent again is paid for twice")
    func resent() throws {
        let (bench, worker, id) = try self.scene("{max_messages: 10}", more: "on_doubt: resend")
        var departures = 0
        _ = try self.work(bench, worker) { index in
            departures += 1
            return index < 4 ? .inDoubt : .accepted
        }
        #expect(departures == 10)
        #expect(try bench.status(id).state == .paused)
        #expect(try bench.status(id).counts.accepted <= 10)
    }

    @Test("never more is in workers' hands than the budget pays for")
    func inHand() throws {
        let (bench, worker, id) = try self.scene("{max_messages: 50}")
        let other = try bench.connectedWorker("w2")
        let granted = (worker.takeGrants() + other.takeGrants()).reduce(0) { $0 + $1.position.count }
        #expect(granted == 50)
        #expect(try bench.status(id).state == .running)
        #expect(try bench.integer("SELECT used FROM campaign_budget") == 50)
    }

    @Test(
        "a budget that was raised in the database is that of the approved file all the same",
        arguments: [
            ("{max_messages: 20}", "messages_max = 200"), ("{max_messages: 20}", "messages_max = 200, used = 0"),
            ("{max_cost: 2.0}", "messages_max = 200"), ("{max_messages: 90, max_cost: 2.0}", "messages_max = 90"),
        ]
    )
    func raised(budget: String, change: String) throws {
        let (bench, worker, id) = try self.scene(budget, credit: 5)
        try bench.turn([worker.report(.accepted, of: try #require(worker.takeGrants().last))])
        try bench.execute("UPDATE campaign_budget SET \(change)")
        try bench.restart()
        try bench.turn([worker.hello()])
        _ = try self.work(bench, worker, { _ in .accepted }, restarts: true)
        let status = try bench.status(id)
        #expect(status.counts.accepted == 20)
        #expect(status.state == .paused)
        #expect(status.problem?.contains("budget is used up (20 messages)") == true)
        #expect(
            bench.notes.contains { $0.message.contains("20 were approved") } == budget.hasPrefix("{max_messages: 20")
        )
    }

    @Test("a budget that is lower in the database than in the file stays so")
    func lowered() throws {
        let (bench, worker, id) = try self.scene("{max_messages: 20}", credit: 5)
        try bench.turn([worker.report(.accepted, of: try #require(worker.takeGrants().last))])
        try bench.execute("UPDATE campaign_budget SET messages_max = 12")
        try bench.restart()
        try bench.turn([worker.hello()])
        _ = try self.work(bench, worker, { _ in .accepted })
        #expect(try bench.status(id).counts.accepted == 12)
    }

    @Test("a budget that is enough changes nothing")
    func enough() throws {
        let (bench, worker, id) = try self.scene("{max_messages: 300, max_cost: 30.0}")
        _ = try self.work(bench, worker, { _ in .accepted })
        #expect(try bench.status(id).state == .finished)
        #expect(try bench.status(id).counts.accepted == 300)
    }
}
