import Domain
import Engine
import Signing
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: addresses that relays refuse")
struct LoopRefusalTests {
    private static func bench(_ rules: ReturnRules = ReturnRules()) throws -> (LoopBench, ScriptedWorker) {
        let bench = try LoopBench {
            $0.returns = ReturnOptions(local: "b", domain: "r.example", key: ReturnPathKey([1]), rules: rules)
        }
        try bench.addContacts(3)
        return (bench, try bench.connectedWorker("w1"))
    }

    /// Sends a campaign; the relay refuses the message to contact 2, if it gets one.
    private static func campaign(
        _ reply: (Int, String, String),
        _ reason: String,
        _ bench: LoopBench,
        _ worker: ScriptedWorker
    ) throws -> Campaign.ID {
        let id = try bench.start(LoopBench.campaign())
        try bench.turn([worker.credit(at: bench.now)])
        for grant in worker.takeGrants() {
            for (index, contact) in grant.contact.enumerated() {
                worker.reply = filled(WireReply()) { $0.code = 250 }
                guard contact == 2 else {
                    try bench.turn([worker.report(.accepted, of: grant, only: index..<(index + 1))])
                    continue
                }
                worker.reply = filled(WireReply()) {
                    $0.code = UInt32(reply.0)
                    $0.status = reply.1
                    $0.text = reply.2
                }
                try bench.turn([worker.report(.bounced, of: grant, only: index..<(index + 1), reason: reason)])
            }
        }
        try bench.turn()
        return id
    }

    private static func suppressed(_ bench: LoopBench) throws -> Int {
        try bench.integer("SELECT count(*) FROM suppression WHERE reason = 'bounced' AND contact = 2")
    }

    @Test(
        "an address that does not exist is suppressed in the turn that reports it, and by its words alone",
        arguments: [
            ((550, "5.1.1", "User unknown"), "mailbox", "permanent", 1),
            ((550, "5.1.10", "null MX"), "mailbox", "permanent", 1),
            ((550, "5.1.2", "Host not found"), "mailbox", "permanent", 1),
            ((550, "5.1.1", "no"), "mailbox", "permanent", 1),
            // Without an enhanced status.
            ((550, "", "No such user here"), "refused", "permanent", 1),
            ((550, "", "This account was deleted"), "refused", "permanent", 1),
            ((550, "", "The user has moved"), "refused", "permanent", 1),
            // It may come back.
            ((550, "5.2.1", "The account is disabled"), "mailbox", "temporary", 0),
            ((552, "5.2.2", "Mailbox full"), "refused", "temporary", 0),
            // About us, or the message.
            ((550, "5.7.1", "User unknown"), "policy", "", 0), ((550, "5.7.1", "User unknown"), "mailbox", "", 0),
            ((554, "", "Your IP address was found on a blacklist"), "refused", "", 0),
            ((550, "", "Mail from your IP address rejected"), "refused", "", 0),
            ((550, "", "Your domain is not allowed to send mail to this user"), "refused", "", 0),
            ((550, "", "HELO host is not valid"), "refused", "", 0),
            ((550, "", "Mailbox unavailable"), "refused", "", 0),
            ((550, "", "We do not accept mail from this network"), "refused", "", 0),
            ((550, "5.1.1", "Return path: no such user"), "mailbox", "", 0),
            ((521, "5.2.1", "(see our site)"), "mailbox", "temporary", 0),
            ((554, "5.6.0", "Message content rejected"), "refused", "", 0), ((554, "", "No"), "refused", "", 0),
            ((552, "5.3.4", "Message too large"), "refused", "", 0),
        ] as [((Int, String, String), String, String, Int)]
    )
    func words(reply: (Int, String, String), reason: String, weight: String, count: Int) throws {
        let (bench, worker) = try Self.bench()
        let id = try Self.campaign(reply, reason, bench, worker)
        #expect(try bench.status(id).counts.bounced == 1)
        #expect(try Self.suppressed(bench) == count)
        #expect(try bench.integer("SELECT count(*) FROM suppression") == count)
        let isNoted = weight.isEmpty ? 0 : 1
        #expect(try bench.integer("SELECT count(*) FROM event") == isNoted)
        #expect(
            try bench.integer(
                "SELECT count(*) FROM event WHERE kind = 'bounced' AND source = 'smtp' AND reason = '\(weight)'"
            ) == isNoted
        )
        let next = try Self.campaign(reply, reason, bench, worker)
        #expect(try bench.status(next).counts.suppressed == count)
    }

    @Test("as many messages as were configured have to be refused")
    func configured() throws {
        let (bench, worker) = try Self.bench(ReturnRules(permanentMax: 2))
        let reply = (550, "5.1.1", "User unknown")
        _ = try Self.campaign(reply, "mailbox", bench, worker)
        #expect(try Self.suppressed(bench) == 0)
        _ = try Self.campaign(reply, "mailbox", bench, worker)
        #expect(try Self.suppressed(bench) == 1)
    }

    @Test("a refusal that comes late counts, and a returned mail that says the same changes nothing")
    func late() throws {
        let (bench, worker) = try Self.bench()
        let id = try bench.start(LoopBench.campaign())
        try bench.turn([worker.credit(at: bench.now)])
        let grant = try #require(worker.takeGrants().last)
        try bench.turn([worker.report(.inDoubt, of: grant, reason: "no_reply")])
        worker.reply = filled(WireReply()) {
            $0.code = 550
            $0.status = "5.1.1"
            $0.text = "User unknown"
        }
        try bench.turn([worker.report(.bounced, of: grant, only: 1..<2, reason: "mailbox")])
        #expect(try Self.suppressed(bench) == 1)
        let report = ReturnReport(
            target: TargetKey(campaign: id, lane: 0, position: 1),
            what: .bounced([.init(address: "", weight: .permanent, detail: "")]),
            source: "dsn",
            copy: "1"
        )
        nonisolated(unsafe) var effect = ReturnEffect.unknown
        try bench.command { effect = try $0.takeReturn(report) }
        #expect(effect == .repeated)
        #expect(try bench.integer("SELECT count(*) FROM event") == 1)
    }
}
