import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: what comes back about doubts")
struct LoopEvidenceTests {
    typealias News = (what: ReturnReport.What, outcome: Outcome, reason: String)

    private static func bounced(_ weight: ReturnRules.Weight) -> ReturnReport.What {
        .bounced([.init(address: "", weight: weight, detail: "")])
    }

    private static var news: [News] {
        [
            (.delivered, .accepted, "evidence"), (.opened, .accepted, "evidence"), (.clicked, .accepted, "evidence"),
            (.complained(type: "abuse"), .accepted, "evidence"), (.unsubscribed, .accepted, "evidence"),
            (Self.bounced(.permanent), .bounced, "mailbox"), (Self.bounced(.policy), .bounced, "policy"),
            // Whoever says that it waits, has it.
            (Self.bounced(.temporary), .accepted, "evidence"),
        ]
    }

    /// A campaign of three, all of them in doubt.
    private static func scene() throws -> (LoopBench, ScriptedWorker, Campaign.ID) {
        let bench = try LoopBench()
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.report(.inDoubt, of: grant, reason: "no_reply")])
        return (bench, worker, id)
    }

    private static func take(
        _ what: ReturnReport.What,
        _ id: Campaign.ID,
        position: Int = 1,
        once: String? = nil,
        _ bench: LoopBench
    ) throws {
        let target = TargetKey(campaign: id, lane: 0, position: position)
        let report = ReturnReport(target: target, what: what, source: "grid", copy: "1", once: once)
        try bench.command { _ = try $0.takeReturn(report) }
    }

    @Test("what comes back about a message in doubt settles it, and it is not sent again", arguments: 0..<8)
    func settles(index: Int) throws {
        let (what, outcome, reason) = Self.news[index]
        let (bench, worker, id) = try Self.scene()
        try bench.turn()
        #expect(try bench.status(id).state == .finished)
        try Self.take(what, id, bench)
        let row = try #require(try bench.targets(id).first { $0.position == 1 })
        #expect(row.outcome == outcome && row.reason == reason)
        #expect(try bench.status(id).counts.inDoubt == 2)
        #expect(try bench.integer("SELECT count(*) FROM ledger WHERE position = 1") == 1)
        #expect(try bench.integer("SELECT outcome FROM ledger WHERE position = 1") == outcome.rawValue)
        try bench.command { _ = try $0.resolve(.resend, of: id, by: "bob") }
        bench.advance(1_000)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.takeGrants().flatMap(\.position) == [0, 2])
    }

    @Test("a doubt that waits to be sent once more is settled, too")
    func waiting() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign("on_doubt: resend"))
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.credit(0, at: bench.now)])
        try bench.turn([worker.report(.inDoubt, of: grant, reason: "no_reply")])
        try Self.take(.delivered, id, bench)
        bench.advance(1_000)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.takeGrants().flatMap(\.position) == [0, 2])
        #expect(try bench.status(id).counts.accepted == 1)
    }

    @Test("what came before the doubt was told settles it; what relays replied to an earlier attempt does not")
    func before() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        try Self.take(.delivered, id, bench)
        try bench.turn([worker.report(.inDoubt, of: grant, only: 1..<2, reason: "no_reply")])
        #expect(try bench.status(id).counts.accepted == 1)
        worker.reply = filled(WireReply()) {
            $0.code = 552
            $0.status = "5.2.2"
            $0.text = "mailbox full"
        }
        try bench.turn([worker.report(.bounced, of: grant, only: 0..<1, reason: "refused")])
        try bench.turn([worker.report(.accepted, of: grant, only: 2..<3)])
        try bench.turn()
        #expect(try bench.integer("SELECT count(*) FROM event WHERE source = 'smtp'") == 1)
        try bench.command { _ = try $0.retry(.bounced, of: id, by: "bob") }
        bench.advance(1_000)
        try bench.turn([worker.credit(at: bench.now)])
        let again = try #require(worker.takeGrants().last)
        #expect(again.position == [0])
        try bench.turn([worker.report(.inDoubt, of: again, reason: "no_reply")])
        #expect(try bench.status(id).counts.inDoubt == 1)
    }

    @Test("a link in the message shows that it arrived; news of which the message is a guess show nothing")
    func proof() throws {
        let (bench, _, id) = try Self.scene()
        try Self.take(.delivered, id, once: "grid:1", bench)
        #expect(try bench.status(id).counts.inDoubt == 3)
        let target = TargetKey(campaign: id, lane: 0, position: 2)
        try bench.command { _ = try $0.unsubscribe(target, .everything, source: "one_click") }
        #expect(try bench.status(id).counts.inDoubt == 2)
        #expect(try bench.targets(id).first { $0.position == 2 }?.outcome == .accepted)
    }

    @Test("nothing that comes back changes what was answered")
    func answered() throws {
        let bench = try LoopBench()
        try bench.addContacts(2)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.report(.deferred, of: grant, only: 0..<1, reason: "temporary")])
        try Self.take(.delivered, id, position: 0, bench)
        // One that its worker has not reported yet.
        try Self.take(.delivered, id, position: 1, bench)
        #expect(try bench.targets(id).map(\.outcome) == [.deferred, nil])
    }
}
