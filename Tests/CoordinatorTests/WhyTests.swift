import Domain
import Foundation
import Storage
import StorageSQLite
import Testing
import Wire

@testable import CoordinatorCore

/// A campaign to twelve people, of whom each had something else happen to them.
private final class WhyScene {
    let bench: LoopBench
    let reads: Reads
    let id: Campaign.ID
    private let folder: String

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "why-\(UUID())").path
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: false)
        let path = self.folder + "/ledger.db"
        let bench = try LoopBench(path: path)
        self.bench = bench
        try bench.addContacts(10)
        try bench.execute(
            """
            UPDATE contact SET timezone = 'UTC';
            UPDATE contact SET timezone = 'America/New_York' WHERE id = 7;
            UPDATE contact SET f_name = NULL WHERE id = 8
            """
        )
        try Self.suppress(2, at: LoopBench.start.milliseconds - 1, in: bench)
        let worker = try bench.connectedWorker("w1", credit: 100)
        // What counts for the cap.
        _ = try bench.start(LoopBench.campaign().replacing("{list: everyone}", with: #""name = 'Person 6'""#))
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        self.id = try bench.start(
            LoopBench.campaign(#"schedule: {window: "07:00-20:00"}"#, "caps: [1/7d]").replacing(
                "{list: everyone}",
                with: #""(name like 'Person%' or name is empty) and (name is empty or name != 'Person 9')""#
            )
        )
        try Self.send(bench, worker)
        try bench.addContacts(1)
        let now = bench.wall
        let rules = WhyRules(homeZone: "UTC", addressKey: bench.options.addressKey, now: { now })
        self.reads = Reads(readers: try ReaderPool(path: path), rollup: [:], rules: rules)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.folder) }

    static func suppress(_ person: Int, at: Int64, in bench: LoopBench) throws {
        try bench.command { core in
            _ = try core.suppress(
                "p\(person)@example.org",
                reason: .unsubscribed,
                evidence: "asked",
                by: "ann",
                at: Timestamp(milliseconds: at)
            )
        }
    }

    private static func send(_ bench: LoopBench, _ worker: ScriptedWorker) throws {
        try bench.turn([worker.credit(100, at: bench.now)])
        let grant = try #require(worker.takeGrants().last)
        // Contact 9 has no place, so contact n is at position n - 1.
        let facts = grant.position.map { position in
            let (outcome, reason): (WireOutcomeCode, String) =
                switch position {
                case 2: (.bounced, "mailbox")
                case 3: (.inDoubt, "no_reply")
                case 4: (.deferred, "temporary")
                default: (.accepted, "")
                }
            return ScriptedWorker.Fact(epoch: grant.epoch, position: Int(position), outcome: outcome, reason: reason)
        }
        try bench.turn([worker.report(facts)])
        try Self.suppress(5, at: LoopBench.start.milliseconds + 30_000, in: bench)
        bench.advance(62_000)
        try bench.turn([worker.credit(100, at: bench.now)])
        try bench.turn()
    }

    /// A question about whatever campaign is the newest.
    func why(_ person: Int) async throws -> (answer: WhyAnswer.Campaign, steps: [String: WhyStep]) {
        let answer = try await self.reads.why(
            WhyQuestion(address: "P\(person)@Example.org", campaign: self.id.publicID)
        )
        let campaign = try #require(answer.campaigns.first)
        return (campaign, Dictionary(campaign.steps.map { ($0.what, $0) }) { first, _ in first })
    }
}

@Suite("Why somebody did or did not get a message")
struct WhyTests {
    static let verdicts: [(person: Int, verdict: String, text: String)] = [
        (1, "accepted", "sent: the relay took it at"), (2, "suppressed", "the address is suppressed"),
        (3, "bounced", "the mailbox does not exist"), (4, "in_doubt", "nobody knows whether it was sent"),
        (5, "suppressed", "the address is suppressed"), (6, "suppressed", "one message too many"),
        (7, "pending", "not sent yet: outside 07:00-20:00 in America/New_York"),
        (8, "suppressed", "a field that the text needs is empty"),
        (9, "not_in_audience", "(name is empty or name != 'Person 9') does not hold"),
        (11, "not_in_audience", "came after the audience was frozen"),
    ]

    @Test("everyone's answer says what came of it, and why")
    func verdicts() async throws {
        let scene = try WhyScene()
        for (person, verdict, text) in Self.verdicts {
            let (answer, _) = try await scene.why(person)
            #expect(answer.verdict == verdict, "contact \(person): \(answer.text)")
            #expect(answer.text.contains(text), "contact \(person): \(answer.text)")
        }
        try await scene.reads.readers.close()
    }

    @Test("the steps name the clause, tell a suppression before from one during, and attempts have the relay's words")
    func steps() async throws {
        let scene = try WhyScene()
        let (outside, outsideSteps) = try await scene.why(9)
        #expect(outside.attempts.isEmpty)
        let clauses = try #require(outsideSteps["segment"]).clauses
        #expect(
            clauses.map(\.expression) == [
                "(name like 'Person%' or name is empty)", "(name is empty or name != 'Person 9')",
            ]
        )
        #expect(clauses.map(\.holds) == [true, false])
        let before = try #require(try await scene.why(2).steps["suppression"])
        #expect(before.allows == false)
        #expect(before.text.contains("before the campaign started"))
        let (during, duringSteps) = try await scene.why(5)
        #expect(try #require(duringSteps["suppression"]).text.contains("after the campaign started"))
        #expect(during.attempts.map(\.outcome) == ["deferred", "suppressed"])
        let (sent, sentSteps) = try await scene.why(1)
        #expect(sent.attempts.first?.reply?.code == 250)
        #expect(sent.attempts.first?.worker == "w1")
        #expect(sentSteps["suppression"]?.allows == true)
        #expect(sentSteps["variant"]?.text.contains("variant a") == true)
        try await scene.reads.readers.close()
    }

    /// What the steps of one person say.
    static let rules: [(person: Int, step: String, text: String)] = [
        (6, "caps", "cap 1/7d is reached, 1 of 1: c1 test (2027-01-15T08:00:00.000Z)"),
        (
            7, "hours",
            "outside 07:00-20:00 in America/New_York (their field timezone); they begin at 2027-01-15T12:00:00.000Z"
        ), (7, "waiting", "waits until 2027-01-15T12:00:00.000Z"), (7, "caps", "cap 1/7d is not reached, 0 of 1"),
        (8, "fields", "name is empty, and variant a needs it"),
        (4, "doubt", "'campaign resolve c2 --resend' sends it again, '--skip' leaves it"),
    ]

    @Test("caps name the campaigns that used them, hours the zone and what it was taken from, and fields what is empty")
    func namesRules() async throws {
        let scene = try WhyScene()
        for (person, what, text) in Self.rules {
            let step = try await scene.why(person).steps[what]
            #expect(step?.text == text, "contact \(person)")
        }
        // What was decided needs no reasons that did not decide.
        for what in ["caps", "hours", "fields", "doubt", "state"] {
            #expect(try await scene.why(1).steps[what] == nil, "\(what)")
        }
        try await scene.reads.readers.close()
    }

    @Test("a place that cannot be read is said to be, and the hours are narrower")
    func unread() async throws {
        let scene = try WhyScene()
        try scene.bench.execute("UPDATE contact SET timezone = 'Nowhere/Land' WHERE id = 7")
        let step = try #require(try await scene.why(7).steps["hours"])
        #expect(step.text.contains("08:00-19:00 (07:00-20:00, narrowed) in UTC"))
        #expect(step.text.contains("nothing says where they are"))
        #expect(step.text.contains("; their timezone 'Nowhere/Land' cannot be read)"))
        try await scene.reads.readers.close()
    }

    @Test("where the configuration asks for consent, what it needs is said beside what there is")
    func consent() async throws {
        let scene = try WhyScene()
        var rules = scene.reads.rules
        rules.consent = .gdpr
        let reads = Reads(readers: scene.reads.readers, rollup: [:], rules: rules)
        let marks = ConsentMarks(.legitimateInterests, "email").rawValue
        try scene.bench.execute("UPDATE contact SET consent = \(marks) WHERE id = 7")
        let text = "profile gdpr needs consent or contract for email; known for email: legitimate_interests"
        let question = WhyQuestion(address: "p7@example.org", campaign: scene.id.publicID)
        let campaign = try #require(try await reads.why(question).campaigns.first)
        let step = try #require(campaign.steps.first { $0.what == "consent" })
        #expect(step.allows == false)
        #expect(step.text == text)
        #expect(campaign.text == "not sent yet: \(text)")
        #expect(try await scene.why(7).steps["consent"] == nil)
        try await scene.reads.readers.close()
    }

    @Test("a campaign that waits, and a guard that holds a site, are said to those who wait for them")
    func held() async throws {
        let scene = try WhyScene()
        try scene.bench.step(.pause, on: scene.id)
        let (paused, steps) = try await scene.why(7)
        #expect(steps["state"]?.text == "the campaign is paused")
        #expect(paused.text == "not sent yet: the campaign is paused")
        try scene.bench.execute(
            "INSERT OR REPLACE INTO guard_count VALUES ('relay:main', 1000, 200, 0, '200 of 1000 messages bounced, 20 %')"
        )
        let held = try #require(try await scene.why(7).steps["guards"])
        #expect(held.allows == false)
        #expect(held.text.hasPrefix("relay main is held by a guard: 200 of 1000 messages bounced, 20 %; an approver"))
        #expect(try await scene.why(1).steps["guards"] == nil)
        try await scene.reads.readers.close()
    }

    @Test("what came back later is told with the message that it is about, and with the person when that is not known")
    func events() async throws {
        let scene = try WhyScene()
        let found = try scene.bench.read { connection throws(StoreError) in
            try PersonQueries(connection).place(of: Contact.ID(1), in: scene.id)
        }
        let place = try #require(found)
        let key = TargetKey(campaign: scene.id, lane: place.lane.lane, position: place.target.position)
        try scene.bench.read { connection throws(StoreError) in
            let events = EventStore(connection)
            for (index, target) in [key, nil].enumerated() {
                _ = try events.append(
                    EventRecord(
                        kind: .complained,
                        at: LoopBench.start,
                        target: target,
                        contact: Contact.ID(1),
                        source: "arf",
                        reason: "abuse",
                        once: "\(index)"
                    )
                )
            }
        }
        let answer = try await scene.reads.why(WhyQuestion(address: "p1@example.org", campaign: scene.id.publicID))
        #expect(answer.campaigns.first?.events.map(\.kind) == ["complained"])
        #expect(answer.events.map(\.reason) == ["abuse"])
        // Whom the relay refused.
        #expect(try await scene.why(3).answer.events.map(\.kind) == ["bounced"])
        #expect(try await scene.why(4).answer.events.isEmpty)
        try await scene.reads.readers.close()
    }

    @Test("a person or campaign that nobody knows is said to be so, and what is no address, too")
    func unknown() async throws {
        let scene = try WhyScene()
        let questions: [(String, String?)] = [
            ("nobody@example.org", nil), ("p1@example.org", "c9"), ("p1@example.org", "x"),
        ]
        for (address, campaign) in questions {
            let error = await #expect(throws: OperationError.self) {
                try await scene.reads.why(WhyQuestion(address: address, campaign: campaign))
            }
            guard case .notFound = error else {
                Issue.record("\(address): \(String(describing: error))")
                continue
            }
        }
        await #expect(throws: OperationError.self) { try await scene.reads.why(WhyQuestion(address: "no address")) }
        try WhyScene.suppress(99, at: LoopBench.start.milliseconds, in: scene.bench)
        let gone = await #expect(throws: OperationError.self) {
            try await scene.reads.why(WhyQuestion(address: "P99@example.org"))
        }
        guard case .notFound(let text) = gone else { throw try #require(gone) }
        #expect(
            text
                == "nobody with this address is known; the address is suppressed since 2027-01-15T08:00:00.000Z: unsubscribed"
        )
        let all = try await scene.reads.why(WhyQuestion(address: "p1@example.org"))
        #expect(all.campaigns.map(\.id) == ["c2", "c1"])
        #expect(all.nextCursor == nil)
        try await scene.reads.readers.close()
    }
}
