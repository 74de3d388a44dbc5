import Domain
import Engine
import Signing
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: wishes of people whose contact moved or is gone")
struct LoopWishTests {
    /// Three people whose first message was accepted, at the same millisecond as all else unless the test moves the clock.
    private static func bench(_ rules: ReturnRules = ReturnRules()) throws -> (LoopBench, Campaign.ID) {
        let bench = try LoopBench {
            $0.returns = ReturnOptions(local: "b", domain: "r.example", key: ReturnPathKey([1]), rules: rules)
        }
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        try bench.turn()
        bench.advance(1_000)
        return (bench, id)
    }

    enum Change: CaseIterable {
        /// By an import that knows the contact by its id.
        case moves
        /// As when an import is undone.
        case goes
        /// Because nobody had to do with it for long.
        case isForgotten
    }

    /// Takes contact 2 away from `p2@example.org`.
    private static func change(_ change: Change, _ bench: LoopBench, to address: String = "new@example.org") throws {
        bench.advance(1_000)
        let at = bench.wall
        try bench.command { core in
            switch change {
            case .moves: try Self.importRow(address, id: "7", into: core, at: at)
            case .goes:
                try core.suppressions.leaves(2, at: at)
                try ContactRemoval(core.connection).remove(2)
            case .isForgotten:
                try core.connection.execute("DELETE FROM list_member WHERE contact = 2")
                let later = at.advanced(byMilliseconds: 1)
                #expect(try core.forget([Contact.ID(2)], untouchedSince: later).count == 1)
            }
        }
        bench.advance(1_000)
    }

    private static func importRow(
        _ address: String,
        id: String,
        into core: LoopCore,
        list: Int64? = nil,
        at: Timestamp
    ) throws {
        let field = Field(name: "external_id", type: .text)
        let fields = try FieldStore(core.connection).define([field])
        if id == "7" {
            try core.connection.execute("UPDATE contact SET external_id = '7', external_key = ':7' WHERE id = 2")
        }
        var rows = ContactRows(fields: fields)
        for cell in [address, address, "example.org", id] { rows.append(cell.utf8) }
        let store = try ContactStore(core.connection, fields: fields, policy: .merge, key: core.options.addressKey)
        for chunk in rows.chunks() { _ = try store.upsert(chunk, list: list, source: nil, at: at) }
    }

    private static func take(
        _ what: ReturnReport.What,
        _ id: Campaign.ID,
        _ bench: LoopBench,
        named: String? = nil
    ) throws -> ReturnEffect {
        let target = TargetKey(campaign: id, lane: 0, position: 1)
        let report = ReturnReport(target: target, what: what, source: "grid", copy: "1", named: named)
        nonisolated(unsafe) var effect = ReturnEffect.unknown
        try bench.command { effect = try $0.takeReturn(report) }
        return effect
    }

    private static func suppressed(_ bench: LoopBench) throws -> Set<String> {
        let names = ["p1@example.org", "p2@example.org", "new@example.org", "third@example.org", "x@example.org"]
        let key = bench.options.addressKey
        return try bench.read { connection throws(StoreError) in
            let store = SuppressionStore(connection, key: key)
            var found: Set<String> = []
            for name in names {
                if try store.record(of: name, on: .email) != nil { found.insert(name) }
            }
            return found
        }
    }

    private static func bounced(_ address: String) -> ReturnReport.What {
        .bounced([.init(address: address, weight: .permanent, detail: "")])
    }

    @Test(
        "a wish about a message counts for the address it went to, and for the one that the person has now",
        arguments: Change.allCases,
        0..<3
    )
    func wishes(change: Change, way: Int) throws {
        let (bench, id) = try Self.bench()
        try Self.change(change, bench)
        switch way {
        case 0: #expect(try Self.take(.complained(type: "abuse"), id, bench) == .suppressed)
        case 1: #expect(try Self.take(.unsubscribed, id, bench) == .suppressed)
        default:
            let target = TargetKey(campaign: id, lane: 0, position: 1)
            try bench.command { _ = try $0.unsubscribe(target, .everything, source: "one_click") }
        }
        let addresses = change == .moves ? ["p2@example.org", "new@example.org"] : ["p2@example.org"]
        #expect(try Self.suppressed(bench) == Set(addresses))
        // Who has the address later is not written to; nor is a contact that took it before the wish came.
        let at = bench.wall
        try bench.command { try Self.importRow("p2@example.org", id: "8", into: $0, at: at) }
        #expect(try bench.integer("SELECT barred FROM contact WHERE email_key = 'p2@example.org'") == 1)
    }

    @Test("a contact that took the address before the wish came is not written to either", arguments: Change.allCases)
    func taken(change: Change) throws {
        let (bench, id) = try Self.bench()
        try Self.change(change, bench)
        let at = bench.wall
        try bench.command { try Self.importRow("p2@example.org", id: "8", into: $0, at: at) }
        #expect(try bench.integer("SELECT barred FROM contact WHERE email_key = 'p2@example.org'") == 0)
        #expect(try Self.take(.unsubscribed, id, bench) == .suppressed)
        #expect(try bench.integer("SELECT barred FROM contact WHERE email_key = 'p2@example.org'") == 1)
    }

    @Test(
        "who was gone and comes back is who it was: messages of before count for caps",
        arguments: [Change.goes, .isForgotten]
    )
    func comesBack(change: Change) throws {
        let (bench, _) = try Self.bench()
        try Self.change(change, bench)
        let at = bench.wall
        try bench.command { core in
            try Self.importRow("x@example.org", id: "8", into: core, list: 1, at: at)
            try Self.importRow("p2@example.org", id: "9", into: core, list: 1, at: at)
        }
        try bench.execute("UPDATE contact SET f_name = 'Somebody'")
        let next = try bench.start(LoopBench.campaign("caps: [1/7d]"))
        for _ in 0..<3 { try bench.turn() }
        // Contacts 1 to 3 had theirs; the one that is new has number 4.
        let targets = try bench.targets(next)
        #expect(targets.filter { $0.reason == "capped" }.map(\.contact) == [1, 2, 3])
        #expect(targets.filter { $0.outcome == nil }.map(\.contact) == [4])
        #expect(try bench.integer("SELECT id FROM contact WHERE email_key = 'p2@example.org'") == 2)
        #expect(try bench.integer("SELECT count(*) FROM written_address") == 0)
    }

    @Test("who leaves a list leaves it at every address", arguments: Change.allCases)
    func lists(change: Change) throws {
        let (bench, id) = try Self.bench()
        try Self.change(change, bench)
        let target = TargetKey(campaign: id, lane: 0, position: 1)
        try bench.command { _ = try $0.unsubscribe(target, .list, source: "page") }
        let count = change == .moves ? 2 : 1
        #expect(try bench.integer("SELECT count(*) FROM list_departure") == count)
        #expect(try Self.suppressed(bench).isEmpty)
    }

    @Test(
        "a bounce is about the address that the message went to, or that it names, and never about another",
        arguments: [
            (Change.moves, "", nil, ["p2@example.org"]), (.moves, "p2@example.org", nil, ["p2@example.org"]),
            (.goes, "p2@example.org", nil, ["p2@example.org"]), (.goes, "", nil, ["p2@example.org"]),
            // Another one behind the mailbox that it went to.
            (.moves, "behind@other.example", nil, ["p2@example.org"]),
            (.moves, "new@example.org", "new@example.org", ["new@example.org"]),
            (.moves, "x@example.org", "x@example.org", ["x@example.org"]),
        ] as [(Change, String, String?, [String])]
    )
    func bounces(change: Change, address: String, named: String?, expected: [String]) throws {
        let (bench, id) = try Self.bench()
        try Self.change(change, bench)
        #expect(try Self.take(Self.bounced(address), id, bench, named: named) == .suppressed)
        #expect(try Self.suppressed(bench) == Set(expected))
    }

    @Test("what a provider says of an address by name is kept for that one, too")
    func named() throws {
        let (bench, id) = try Self.bench()
        #expect(try Self.take(.complained(type: "abuse"), id, bench, named: "x@example.org") == .suppressed)
        #expect(try Self.suppressed(bench) == ["p2@example.org", "x@example.org"])
        // Also when the message was complained of before, and by another copy.
        let target = TargetKey(campaign: id, lane: 0, position: 1)
        let report = ReturnReport(
            target: target,
            what: .complained(type: "abuse"),
            source: "grid",
            copy: "2",
            named: "third@example.org"
        )
        try bench.command { _ = try $0.takeReturn(report) }
        #expect(try Self.suppressed(bench).contains("third@example.org"))
    }

    @Test("news without a return path find the messages of an address that its contact left")
    func guessed() throws {
        let (bench, id) = try Self.bench()
        try Self.change(.goes, bench)
        let report = ProviderReport(
            provider: "grid",
            what: Self.bounced("p2@example.org"),
            address: "p2@example.org",
            target: nil,
            id: "1"
        )
        try bench.command { _ = try $0.takeProvider(report) }
        #expect(try Self.suppressed(bench) == ["p2@example.org"])
        #expect(try bench.integer("SELECT count(*) FROM event WHERE campaign = \(id.rawValue) AND position = 1") == 1)
    }

    @Test("bounces of each address are counted apart")
    func counted() throws {
        let (bench, id) = try Self.bench(ReturnRules(permanentMax: 2))
        let worker = try bench.connectedWorker("w2")
        #expect(try Self.take(Self.bounced(""), id, bench) == .noted)
        try Self.change(.moves, bench)
        let second = try bench.start(LoopBench.campaign())
        try bench.turn([worker.credit(at: bench.now)])
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        bench.advance(1_000)
        #expect(try Self.take(Self.bounced(""), second, bench) == .noted)
        try Self.change(.moves, bench, to: "third@example.org")
        let third = try bench.start(LoopBench.campaign())
        // Once more about the address in the middle, and then of the first.
        #expect(try Self.take(Self.bounced("new@example.org"), third, bench) == .suppressed)
        #expect(try Self.suppressed(bench) == ["new@example.org"])
    }

    @Test("nothing is kept of an address that was never written to; of who is erased only the list of hashes")
    func kept() throws {
        let (bench, _) = try Self.bench()
        try bench.addContacts(1)
        try bench.command { core in
            try core.suppressions.leaves(4, at: core.wall)
            try ContactRemoval(core.connection).remove(4)
        }
        #expect(try bench.integer("SELECT count(*) FROM written_address") == 0)
        try Self.change(.moves, bench)
        #expect(try bench.integer("SELECT count(*) FROM written_address") == 1)
        try bench.command { core in
            var asked = ContactErasure.Traces()
            asked.add(key: "new@example.org", text: "new@example.org")
            let start = try core.beginErasure(of: Contact.ID(2), asked: asked, by: "ann")
            try core.endErasure(of: Contact.ID(2), start)
        }
        #expect(try bench.integer("SELECT count(*) FROM written_address") == 0)
        #expect(try Self.suppressed(bench) == ["p2@example.org", "new@example.org"])
    }
}
