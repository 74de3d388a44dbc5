import Domain
import Foundation
import Storage
import StorageSQLite
import Testing
import Wire

@testable import CoordinatorCore

/// A campaign to ten people, of whom each had something else happen to them.
private final class WhyScene {
    let bench: LoopBench
    let reads: Reads
    let id: Campaign.ID
    private let folder: String

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appending(path: "why-\(UUID())").path
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: false)
        let path = self.folder + "/ledger.db"
        self.bench = try LoopBench(path: path)
        self.reads = Reads(readers: try ReaderPool(path: path), rollup: [:])
        try self.bench.addContacts(10)
        try Self.suppress(2, at: LoopBench.start.milliseconds - 1, in: self.bench)
        self.id = try self.bench.start(
            LoopBench.campaign().replacingOccurrences(
                of: "{list: everyone}",
                with: #""name like 'Person%' and (name = 'x' or not name = 'y') and name != 'Person 9'""#
            )
        )
        try self.send()
        try self.bench.addContacts(1)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.folder) }

    private static func suppress(_ person: Int, at: Int64, in bench: LoopBench) throws {
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

    private func send() throws {
        let worker = try self.bench.connectedWorker("w1", credit: 100)
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
        try self.bench.turn([worker.report(facts)])
        try Self.suppress(5, at: LoopBench.start.milliseconds + 30_000, in: self.bench)
        self.bench.advance(62_000)
        try self.bench.turn([worker.credit(100, at: self.bench.now)])
        try self.bench.turn()
        // What comes of rules that are asked when a message is granted is stored like this.
        try self.bench.execute("UPDATE target SET state = 4, reason = 'capped' WHERE contact = 6")
        try self.bench.execute("UPDATE target SET state = 0, due = 1800000900000 WHERE contact = 7")
    }

    func why(_ person: Int) async throws -> (answer: WhyAnswer.Campaign, steps: [String: WhyStep]) {
        let answer = try await self.reads.why(WhyQuestion(address: "P\(person)@Example.org", campaign: "c1"))
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
        (7, "pending", "waits until 2027-01-15T08:15:00.000Z"),
        (9, "not_in_audience", "name != 'Person 9' does not hold"),
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
                "name like 'Person%'", "(name = 'x' or not name = 'y')", "name != 'Person 9'",
            ]
        )
        #expect(clauses.map(\.holds) == [true, true, false])
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
        let all = try await scene.reads.why(WhyQuestion(address: "p1@example.org"))
        #expect(all.campaigns.map(\.id) == ["c1"])
        #expect(all.nextCursor == nil)
        try await scene.reads.readers.close()
    }
}
