import Domain
import Engine
import Storage
import Testing
import UserFiles
import Wire

@testable import CoordinatorCore

@Suite("What a campaign is refused for before it starts")
struct CampaignLimitTests {
    private func plan(_ source: String, _ files: [String: String] = [:]) throws -> CampaignPlan {
        try CampaignPlan(
            source: source,
            fileName: "c.yaml",
            files: files,
            id: Campaign.ID(1),
            names: ExpressionNames(fields: [Field(name: "name", type: .text)])
        )
    }

    /// A campaign whose arms all have the text of one file.
    private func source(arms: Int) -> String {
        let arms = (0..<arms).map { "{name: a\($0), subject: s, text_file: body.txt}" }.joined(separator: ", ")
        return """
            name: test
            relay: main
            audience: {list: everyone}
            from: a@b.example
            variants: [\(arms)]
            """
    }

    private func submit(_ source: String, _ files: [String: String], on bench: LoopBench) throws -> Campaign.ID {
        let plan = try self.plan(source, files)
        let upload = CoordinatorCore.CampaignFile(file: "c.yaml", source: source, files: files)
        try bench.command { core in
            let draft = try CampaignDraft(upload: upload, plan: plan, relay: "main")
            _ = try core.submit(draft, replacing: nil, by: "bob")
        }
        return Campaign.ID(1)
    }

    @Test(
        "texts that are told to workers in one frame have to fit into it, all variants together",
        arguments: [(1, 1_000, true), (8, 510_000, true), (9, 460_000, false), (9, 500_000, false)]
    )
    func size(arms: Int, bytes: Int, fits: Bool) throws {
        let source = self.source(arms: arms)
        let files = ["body.txt": String(repeating: "x", count: bytes)]
        for hasLinks in [false, true] {
            let problem = try self.plan(source, files).sizeProblem(hasLinks: hasLinks)
            #expect((problem == nil) == fits)
            if let problem {
                #expect(problem.line == 5 && problem.message.contains("at most 4128768"))
            }
        }
        // However it came in.
        let bench = try LoopBench()
        try bench.addContacts(3)
        let id = try self.submit(source, files, on: bench)
        let worker = try bench.connectedWorker("w1")
        if fits {
            try bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
            #expect(worker.grantedTargets == 3 && worker.contents.count == 1)
        } else {
            #expect(throws: OperationError.self) {
                try bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
            }
            #expect(try bench.status(id).state == .submitted)
        }
    }

    @Test(
        "a budget in money needs a relay with a price",
        arguments: [
            ("{max_cost: 1.0}", 0, false), ("{max_cost: 1.0, max_messages: 5}", 0, false),
            ("{max_messages: 5}", 0, true),
            ("{max_cost: 1.0}", 0.01, true), ("{max_cost: 0.009}", 0.01, false), ("{max_cost: 0.01}", 0.01, true),
        ]
    )
    func price(budget: String, cost: Double, isAllowed: Bool) throws {
        let source = self.source(arms: 1) + "\nbudget: \(budget)"
        let files = ["body.txt": "Hello"]
        let problem = try self.plan(source, files).priceProblem(relay: "main", costPerMessage: Money(cost))
        #expect((problem == nil) == isAllowed)
        if let problem {
            let text = cost > 0 ? "0.009 does not pay for one message" : "relay main has no cost_per_message"
            #expect(problem.message.contains(text))
        }
        // The price may be gone by the time it starts.
        let bench = try LoopBench { $0.relays["main"]?.costPerMessage = Money(cost) }
        try bench.addContacts(3)
        let id = try self.submit(source, files, on: bench)
        let approve = { try bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver)) }
        if isAllowed { try approve() } else { #expect(throws: OperationError.self) { try approve() } }
        #expect(try bench.status(id).state == (isAllowed ? .running : .submitted))
    }
}
