import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: ending campaigns that cannot be continued")
struct LoopUnreadableEndTests {
    /// Why a campaign cannot be read after a restart.
    enum Trouble: String, CaseIterable {
        case field, link, content, digest, relay, files

        /// What the store says of it then; `nil` where it is the configuration.
        func change(of id: Campaign.ID) -> String? {
            switch self {
            case .field: "UPDATE field SET retired = 1 WHERE name = 'name'"
            case .link: nil
            case .content:
                "UPDATE campaign SET content = replace(content, 'Hi', 'Yo') WHERE id = \(id.rawValue)"
            case .digest: "UPDATE campaign SET digest = '0' || substr(digest, 2) WHERE id = \(id.rawValue)"
            case .relay: "UPDATE campaign SET relay = 'next' WHERE id = \(id.rawValue)"
            case .files: "UPDATE campaign SET files = '[' WHERE id = \(id.rawValue)"
            }
        }

        var words: String {
            switch self {
            case .field: "unknown field 'name'"
            case .link: "needs coordinator.public_url"
            case .content, .digest, .relay: "was changed in the database"
            case .files: "the files that c.yaml names"
            }
        }
    }

    private let links = UnsubscribeLinks(publicURL: "https://go.example", key: UnsubscribeKey([7]))

    /// A campaign for 50 that cannot be read after a restart: 5 bounced, 3 wait for a retry, and a worker still has the others of its 20.
    private func scene(
        _ trouble: Trouble,
        more: String = ""
    ) throws -> (LoopBench, ScriptedWorker, WireGrant, Campaign.ID) {
        let bench = try LoopBench { $0.links = self.links }
        try bench.addContacts(50)
        let text = trouble == .link ? "Hi {{unsubscribe_url}}" : "Hi {{name}}"
        let id = try bench.start(LoopBench.campaign(more).replacing("Hi {{name}}", with: text))
        let worker = try bench.connectedWorker("w1", credit: 20)
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([
            worker.report(.bounced, of: grant, only: 0..<5),
            worker.report(.deferred, of: grant, only: 5..<8, reason: "temporary"),
        ])
        // What it was granted in their place.
        _ = worker.takeGrants()
        if let change = trouble.change(of: id) { try bench.execute(change) } else { bench.options.links = nil }
        try bench.restart()
        let problem = try #require(try bench.status(id).problem)
        #expect(problem.contains("it cannot be continued: ") && problem.contains(trouble.words))
        #expect(problem.contains("'postrider campaign cancel \(id.publicID)'"))
        return (bench, worker, grant, id)
    }

    private func expectRefused(_ bench: LoopBench, _ trouble: Trouble, _ body: () throws -> Void) {
        let error = #expect(throws: OperationError.self, performing: body)
        guard case .conflict(let text)? = error else {
            Issue.record("not refused for what is there now")
            return
        }
        #expect(text.contains(trouble.words) && text.contains("'postrider campaign cancel "))
    }

    @Test("it is cancelled without its plan, and everyone has an outcome", arguments: Trouble.allCases)
    func cancels(trouble: Trouble) throws {
        let (bench, worker, grant, id) = try self.scene(trouble)
        try bench.step(.cancel, on: id)
        #expect(try bench.status(id).state == .cancelled)
        for _ in 0..<3 { try bench.turn() }
        // What is in a worker's hands is its holder's to tell, as ever.
        #expect(try bench.status(id).finishedAt == nil)
        #expect(try bench.status(id).counts.leased >= 12)
        #expect(throws: OperationError.self) {
            try bench.command { core in _ = try core.draftClone(of: id, CloneChange(isForUnsent: true)) }
        }
        try bench.turn([worker.hello([grant.epoch: (running: true, begun: [8, 9])])])
        try bench.turn([
            worker.report(.accepted, of: grant, only: 8..<10), worker.report(.returned, of: grant, only: 10..<20),
        ])
        try bench.turn([worker.hello()])
        for _ in 0..<3 { try bench.turn() }
        let status = try bench.status(id)
        #expect(status.finishedAt != nil && status.problem == nil)
        #expect(status.counts.accepted == 2 && status.counts.bounced == 5 && status.counts.cancelled == 43)
        #expect(bench.core.campaigns[id] == nil && bench.core.unreadable[id] == nil)
        #expect(bench.core.throttles.room(for: 1, in: .relay("main"), at: bench.now) == .permits(1))
    }

    @Test("what of it nobody reports is in doubt, as of any campaign that is cancelled")
    func lostWorker() throws {
        let (bench, _, _, id) = try self.scene(.content)
        try bench.step(.cancel, on: id)
        for _ in 0..<30 {
            bench.advance(60_000)
            try bench.turn()
        }
        let status = try bench.status(id)
        #expect(status.finishedAt != nil && status.state == .cancelled)
        #expect(status.counts.inDoubt > 0)
        #expect(status.counts.inDoubt + status.counts.bounced + status.counts.cancelled == 50)
    }

    @Test("it expires when its time is over, paused or not", arguments: Trouble.allCases, [false, true])
    func expires(trouble: Trouble, isPaused: Bool) throws {
        let (bench, worker, _, id) = try self.scene(trouble, more: "schedule: {expires_after: 1h}")
        if isPaused { try bench.step(.pause, on: id) }
        try bench.turn([worker.hello()])
        bench.advance(3_500_000)
        for _ in 0..<3 { try bench.turn([worker.credit(at: bench.now)]) }
        #expect(try bench.status(id).finishedAt == nil)
        #expect(worker.takeGrants().isEmpty)
        bench.advance(100_000)
        for _ in 0..<3 { try bench.turn() }
        let status = try bench.status(id)
        #expect(status.state == .finished && status.finishedAt != nil)
        #expect(status.counts.expired == 45 && status.counts.bounced == 5)
    }

    @Test(
        "it is not said to be running: going on is refused with the problem and the remedy, and pausing it holds",
        arguments: Trouble.allCases
    )
    func resumes(trouble: Trouble) throws {
        let (bench, _, _, id) = try self.scene(trouble)
        let steps: [CampaignStep] = [.resume, .start, .override]
        for step in steps { self.expectRefused(bench, trouble) { try bench.step(step, on: id) } }
        try bench.step(.pause, on: id)
        #expect(try bench.status(id).state == .paused)
        for step in [CampaignStep.resume, .override] {
            self.expectRefused(bench, trouble) { try bench.step(step, on: id) }
        }
        #expect(try bench.status(id).state == .paused)
    }

    @Test("those who watch are told of it")
    func top() throws {
        let (bench, _, _, id) = try self.scene(.field)
        let core = bench.core
        let top = try bench.read { _ throws(StoreError) in try core.top(allowed: []) }
        #expect(top.campaigns.map(\.status.id) == [id.publicID])
        #expect(top.campaigns.first?.status.problem?.contains("it cannot be continued: ") == true)
    }

    @Test("once it can be read again it goes on where it was")
    func mended() throws {
        let (bench, worker, _, id) = try self.scene(.link, more: "budget: {max_messages: 50}")
        try bench.turn([worker.hello()])
        bench.options.links = self.links
        try bench.restart()
        #expect(try bench.status(id).problem?.contains("cannot be continued") != true)
        try bench.turn([worker.hello()])
        for _ in 0..<6 {
            bench.advance(200_000)
            try bench.turn([worker.credit(at: bench.now)])
            for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        }
        #expect(try bench.status(id).state == .finished)
        #expect(try bench.status(id).counts.accepted == 45)
    }

    @Test("it ends with those who were in its audience when it could be read last")
    func notFrozen() throws {
        let bench = try LoopBench()
        try bench.addContacts(Int(LoopLimits.freezeWindow) + 100)
        let id = try bench.start(LoopBench.campaign())
        #expect(try bench.status(id).freezing)
        try bench.execute("UPDATE campaign SET files = '[' WHERE id = \(id.rawValue)")
        try bench.restart()
        try bench.turn()
        // It waits without turning round and round.
        #expect(bench.core.nextTurn.map { $0 > bench.now } == true)
        try bench.step(.cancel, on: id)
        for _ in 0..<10 { try bench.turn() }
        let status = try bench.status(id)
        #expect(status.state == .cancelled && status.finishedAt != nil && !status.freezing)
        #expect(status.counts.cancelled == Int(LoopLimits.freezeWindow))
        #expect(bench.notes.contains { $0.message.contains("who else was meant") })
    }
}
