import Domain
import Engine
import Signing
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: what providers tell")
struct LoopProviderTests {
    private static func bench(_ change: (inout LoopOptions) -> Void = { _ in }) throws -> (LoopBench, Campaign.ID) {
        let bench = try LoopBench(change)
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        return (bench, id)
    }

    private static func take(
        _ what: ReturnReport.What,
        _ address: String,
        target: TargetKey? = nil,
        channel: SuppressionChannel = .email,
        id: String = "e1",
        _ bench: LoopBench
    ) throws -> ReturnEffect {
        let report = ProviderReport(
            provider: "grid",
            what: what,
            channel: channel,
            address: address,
            target: target,
            id: id
        )
        nonisolated(unsafe) var effect = ReturnEffect.unknown
        try bench.command { effect = try $0.takeProvider(report) }
        return effect
    }

    /// Gives contacts a telephone number.
    private static func number(_ text: String, _ contacts: [Int64], _ bench: LoopBench) throws {
        try bench.command { core in
            let statement = try core.connection.prepare("UPDATE contact SET phone = ?1 WHERE id = ?2")
            for contact in contacts {
                statement.bind(1, text)
                statement.bind(2, contact)
                try statement.run()
            }
            while try PhoneIndex(core.connection).advance() {}
        }
    }

    private static func address(_ bench: LoopBench, position: Int) throws -> String {
        let id = try bench.integer("SELECT contact FROM target WHERE position = \(position) ORDER BY campaign LIMIT 1")
        return try bench.read { connection throws(StoreError) in
            try SuppressionStore(connection, key: AddressKey([])).address(of: Contact.ID(Int64(id))) ?? ""
        }
    }

    private static let bounced = ReturnReport.What.bounced([.init(address: "", weight: .permanent, detail: "5.1.1")])

    @Test("news without a return path are about the last message that was accepted, and the same news come once")
    func lastMessage() throws {
        let (bench, id) = try Self.bench()
        let address = try Self.address(bench, position: 1)
        #expect(try Self.take(Self.bounced, address, bench) == .suppressed)
        #expect(try bench.integer("SELECT position FROM event WHERE campaign = \(id.rawValue)") == 1)
        #expect(try Self.take(Self.bounced, address, bench) == .repeated)
        // Also when another campaign was sent meanwhile.
        let worker = try bench.connectedWorker("w2")
        _ = try bench.start(LoopBench.campaign())
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        #expect(try Self.take(Self.bounced, address, bench) == .repeated)
        #expect(try bench.integer("SELECT count(*) FROM event") == 1)
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 1)
    }

    @Test("news with a return path are about that message, and known when its returned mail came before")
    func sameAsMail() throws {
        let (bench, id) = try Self.bench()
        let target = TargetKey(campaign: id, lane: 0, position: 2)
        let address = try Self.address(bench, position: 2)
        let mail = ReturnReport(target: target, what: Self.bounced, source: "dsn", copy: "m")
        nonisolated(unsafe) var effect = ReturnEffect.unknown
        try bench.command { effect = try $0.takeReturn(mail) }
        #expect(effect == .suppressed)
        #expect(try Self.take(Self.bounced, address, target: target, bench) == .repeated)
        #expect(try Self.take(.complained(type: "abuse"), address, target: target, bench) == .suppressed)
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE reason = 'complained'") == 1)
        #expect(try bench.integer("SELECT complained FROM guard_count WHERE scope = 'relay:main'") == 1)
    }

    @Test("a delivery is noted and nothing else; leaving suppresses the address")
    func otherNews() throws {
        let (bench, _) = try Self.bench()
        let address = try Self.address(bench, position: 0)
        #expect(try Self.take(.delivered, address, id: "d", bench) == .noted)
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 0)
        #expect(try Self.take(.unsubscribed, address, id: "u", bench) == .suppressed)
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE reason = 'unsubscribed'") == 1)
        #expect(try bench.integer("SELECT count(DISTINCT kind) FROM event") == 2)
    }

    @Test("of somebody whom nobody knows only what that person wished is kept, as a hash")
    func strangers() throws {
        let (bench, _) = try Self.bench()
        #expect(try Self.take(Self.bounced, "x@stranger.example", id: "1", bench) == .noted)
        #expect(try Self.take(.complained(type: "abuse"), "x@stranger.example", id: "2", bench) == .suppressed)
        #expect(try bench.integer("SELECT count(*) FROM event WHERE contact IS NULL AND address_hash IS NOT NULL") == 2)
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 1)
    }

    @Test("a text that says STOP suppresses the number for texts alone, whoever has it, and once")
    func stop() throws {
        let (bench, _) = try Self.bench()
        // Two people of one household.
        try Self.number("+15155550100", [2, 3], bench)
        func suppressed(_ number: String) throws -> SuppressionRecord? {
            nonisolated(unsafe) var found: SuppressionRecord?
            try bench.command { found = try $0.suppressions.record(of: number, on: .sms) }
            return found
        }
        #expect(try Self.take(.unsubscribed, "15155550100", channel: .sms, bench) == .suppressed)
        #expect(try Self.take(.unsubscribed, "15155550100", channel: .sms, bench) == .repeated)
        #expect(try suppressed("15155550100")?.contact == Contact.ID(2))
        #expect(try suppressed("15155550100")?.reason == .unsubscribed)
        // Of a stranger the wish is kept, too.
        #expect(try Self.take(.unsubscribed, "442079460000", channel: .sms, id: "e2", bench) == .suppressed)
        #expect(try suppressed("442079460000")?.contact == nil)
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE channel = 'sms'") == 2)
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE channel = 'email'") == 0)
        #expect(try bench.integer("SELECT count(*) FROM contact WHERE barred <> 0") == 0)
        // No campaign has anything to do with it.
        #expect(try bench.integer("SELECT count(*) FROM event WHERE channel = 'sms' AND campaign IS NULL") == 2)
    }

    @Test("texts and e-mail are counted apart")
    func countedApart() throws {
        let (bench, _) = try Self.bench {
            let rules = ReturnRules(permanentMax: 2)
            $0.returns = ReturnOptions(local: "b", domain: "r.example", key: ReturnPathKey([1]), rules: rules)
        }
        try Self.number("+15155550100", [2], bench)
        let address = try bench.read { connection throws(StoreError) in
            try SuppressionStore(connection, key: AddressKey([])).address(of: Contact.ID(2)) ?? ""
        }
        #expect(try Self.take(Self.bounced, address, id: "1", bench) == .noted)
        #expect(try Self.take(Self.bounced, "15155550100", channel: .sms, id: "2", bench) == .noted)
        #expect(try Self.take(Self.bounced, "15155550100", channel: .sms, id: "3", bench) == .suppressed)
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE channel = 'email'") == 0)
        // A stranger's number that does not work is noted, as an address is.
        #expect(try Self.take(Self.bounced, "442079460000", channel: .sms, id: "4", bench) == .noted)
    }
}
