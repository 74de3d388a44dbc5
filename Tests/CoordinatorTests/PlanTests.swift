import Domain
import Engine
import Storage
import StorageSQLite
import Testing
import UserFiles

@testable import CoordinatorCore

@Suite("What a plan says")
struct PlanTests {
    private func answer(_ source: String, people: Int) throws -> PlanAnswer {
        let bench = try LoopBench { options in options.relays["main"]?.costPerMessage = Money(0.5) }
        try bench.read { connection throws(StoreError) in
            _ = try FieldStore(connection).define([Field(name: "nickname", type: .text)])
        }
        try bench.addContacts(people)
        // Every fourth has no name.
        try bench.execute("UPDATE contact SET f_name = NULL WHERE id % 4 = 0")
        let core = bench.core
        let answer: Result<PlanAnswer, any Error> = try bench.database.access { connection throws(StoreError) in
            Result {
                let plan = try CampaignPlan(
                    source: source,
                    fileName: "c.yaml",
                    files: [:],
                    id: Campaign.ID(1),
                    names: try core.names()
                )
                var fold = AudienceFold(
                    bar: plan.bar,
                    audience: .list(1),
                    conditions: plan.groupConditions,
                    fields: plan.fields,
                    required: plan.groupNeeds
                )
                while try fold.step(on: connection) {}
                let expires = plan.file.expiresAfterMilliseconds
                var hours = PlanHours(start: core.wall, expiresAfterMilliseconds: expires, hours: nil)
                hours.noteAtHome(fold.audience)
                let load = CampaignLoad(
                    plan,
                    fold,
                    sites: ["example.org": fold.audience],
                    relay: "main",
                    groups: hours.groups
                )
                return PlanAnswer(CampaignCheck(plan, fold), load, hours, core.outlook(for: load))
            }
        }
        return try answer.get()
    }

    private static func campaign(_ variants: String, _ more: String = "") -> String {
        """
        name: test
        relay: main
        audience: {list: everyone}
        from: a@b.example
        missing_field: reject
        variants: [\(variants)]
        \(more)
        """
    }

    @Test(
        "of variants that are drawn by weight each leaves out who lacks what it needs itself",
        arguments: [
            // Nobody has a nickname.
            ("{name: a, subject: s, text: '{{nickname}}'}, {name: b, subject: s, text: t}", [100, 100], 100),
            ("{name: a, subject: s, text: '{{name}}'}, {name: b, subject: s, text: t}", [100, 100], 25),
            ("{name: a, weight: 3, subject: s, text: '{{name}}'}, {name: b, subject: s, text: t}", [150, 50], 38),
            (
                "{name: a, subject: s, text: '{{name}}'}, {name: b, subject: s, text: '{{nickname}}'}, "
                    + "{name: c, weight: 2, subject: '{{name}}', text: t}", [50, 50, 100], 88
            ),
            ("{name: a, subject: s, text: '{{name}}'}", [200], 50),
            (
                "{name: a, when: 'name is empty', subject: s, text: '{{name}}'}, {name: b, subject: s, text: '{{name}}'}",
                [50, 150], 50
            ),
        ] as [(String, [Int], Int)]
    )
    func missing(variants: String, targets: [Int], rejected: Int) throws {
        let plan = try self.answer(Self.campaign(variants), people: 200)
        #expect(plan.variants.map(\.targets) == targets)
        #expect(plan.excluded.map(\.reason) == ["missing_field"])
        #expect(plan.excluded.map(\.targets) == [rejected])
        #expect(plan.messages == 200 - rejected)
        #expect(plan.cost == Double(200 - rejected) / 2)
    }

    @Test("messages, cost and rate are those of who is written to before it expires")
    func expires() throws {
        let source = Self.campaign(
            "{name: a, subject: s, text: t}",
            "throttles: ['1/s']\nschedule: {expires_after: 5s}"
        )
        let plan = try self.answer(source, people: 200)
        #expect((4...8).contains(plan.messages))
        #expect(plan.messages + plan.finish.unsent == 200)
        #expect(plan.cost == Double(plan.messages) / 2)
        #expect(plan.finish.perSecond < 2)
        #expect(plan.finish.tightest.contains("1/s"))
    }
}
