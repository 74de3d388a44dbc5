import Domain
import Engine
import Signing
import Storage
import StorageSQLite
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: what came back")
struct LoopReturnTests {
    private static func bench(_ rules: ReturnRules = ReturnRules()) throws -> (LoopBench, Campaign.ID) {
        let bench = try LoopBench {
            $0.returns = ReturnOptions(local: "bounces", domain: "r.example", key: ReturnSample.key, rules: rules)
        }
        try bench.addContacts(3)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        return (bench, id)
    }

    private static func bounce(
        _ id: Campaign.ID,
        _ weight: ReturnRules.Weight,
        position: Int = 0,
        copy: String = "1"
    ) -> ReturnReport {
        ReturnReport(
            target: TargetKey(campaign: id, lane: 0, position: position),
            what: .bounced([.init(address: "nobody@x.example", weight: weight, detail: "unknown_mailbox 5.1.1")]),
            source: "dsn",
            copy: copy
        )
    }

    private static func complaint(_ id: Campaign.ID, position: Int = 0, copy: String = "1") -> ReturnReport {
        ReturnReport(
            target: TargetKey(campaign: id, lane: 0, position: position),
            what: .complained(type: "abuse"),
            source: "arf",
            copy: copy
        )
    }

    private static func take(_ report: ReturnReport, _ bench: LoopBench) throws -> ReturnEffect {
        nonisolated(unsafe) var effect = ReturnEffect.unknown
        try bench.command { effect = try $0.takeReturn(report) }
        return effect
    }

    @Test("a permanent bounce suppresses the address, and a repeated one changes nothing")
    func permanent() throws {
        let (bench, id) = try Self.bench()
        #expect(try Self.take(Self.bounce(id, .permanent), bench) == .suppressed)
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE reason = 'bounced'") == 1)
        #expect(try bench.integer("SELECT count(*) FROM event WHERE kind = 'bounced'") == 1)
        #expect(try Self.take(Self.bounce(id, .permanent), bench) == .repeated)
        #expect(try bench.integer("SELECT count(*) FROM event") == 1)
    }

    @Test("as many messages as were configured have to come back for good, and not one fewer")
    func configured() throws {
        let (bench, id) = try Self.bench(ReturnRules(permanentMax: 2))
        #expect(try Self.take(Self.bounce(id, .permanent), bench) == .noted)
        // Of somebody else, and of the same message in other words.
        #expect(try Self.take(Self.bounce(id, .permanent, position: 1, copy: "2"), bench) == .noted)
        #expect(try Self.take(Self.bounce(id, .permanent, copy: "3"), bench) == .repeated)
        let second = try bench.start(LoopBench.campaign())
        #expect(try Self.take(Self.bounce(second, .permanent, copy: "4"), bench) == .suppressed)
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 1)
    }

    @Test("policy bounces never suppress an address")
    func policy() throws {
        let (bench, id) = try Self.bench()
        for index in 0..<10 {
            let next = index == 0 ? id : try bench.start(LoopBench.campaign())
            #expect(try Self.take(Self.bounce(next, .policy, copy: "\(index)"), bench) == .noted)
            bench.advance(86_400_000)
        }
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 0)
    }

    @Test("one message fills nothing up, however many temporary notices somebody makes of it")
    func bounded() throws {
        let (bench, id) = try Self.bench(ReturnRules(temporaryDays: 60))
        for index in 0..<100 { _ = try Self.take(Self.bounce(id, .temporary, copy: "\(index)"), bench) }
        #expect(try bench.integer("SELECT count(*) FROM event") == 64)
    }

    @Test("messages that come back after they were accepted count for guards, once each; temporary ones do not")
    func guards() throws {
        let bench = try LoopBench {
            $0.returns = ReturnOptions(
                local: "bounces",
                domain: "r.example",
                key: ReturnSample.key,
                rules: ReturnRules()
            )
        }
        try bench.addContacts(40)
        let id = try bench.start(LoopBench.campaign("guards: {bounces: {pause: 10%, after: 20}}"))
        let worker = try bench.connectedWorker("w1", credit: 30)
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        for position in 3..<20 {
            #expect(try Self.take(Self.bounce(id, .temporary, position: position), bench) == .noted)
        }
        for position in 0..<2 {
            for copy in ["1", "2", "3"] {
                _ = try Self.take(Self.bounce(id, .permanent, position: position, copy: copy), bench)
                _ = try Self.take(Self.bounce(id, .policy, position: position, copy: copy), bench)
            }
        }
        #expect(try bench.status(id).state == .running)
        #expect(try Self.take(Self.bounce(id, .policy, position: 2), bench) == .noted)
        #expect(try bench.status(id).state == .paused)
        #expect(try bench.status(id).problem?.contains("3 of 30 messages bounced") == true)
    }

    @Test("complaints from outside count for guards, one for each message")
    func complaintGuards() throws {
        let (bench, id) = try Self.bench()
        for copy in 0..<5 {
            _ = try Self.take(Self.complaint(id, copy: "\(copy)"), bench)
        }
        #expect(try bench.integer("SELECT complained FROM guard_count WHERE scope = 'relay:main'") == 1)
    }

    @Test("temporary bounces suppress an address once they came on enough days, within the time")
    func temporary() throws {
        let (bench, id) = try Self.bench(ReturnRules(temporaryDays: 3, temporaryWithinMilliseconds: 4 * 86_400_000))
        for index in 0..<10 { #expect(try Self.take(Self.bounce(id, .temporary, copy: "a\(index)"), bench) == .noted) }
        bench.advance(86_400_000)
        #expect(try Self.take(Self.bounce(id, .temporary, copy: "b"), bench) == .noted)
        bench.advance(4 * 86_400_000)
        #expect(try Self.take(Self.bounce(id, .temporary, copy: "c"), bench) == .noted)
        bench.advance(86_400_000)
        #expect(try Self.take(Self.bounce(id, .temporary, copy: "d"), bench) == .noted)
        bench.advance(86_400_000)
        #expect(try Self.take(Self.bounce(id, .temporary, copy: "e"), bench) == .suppressed)
    }

    @Test("a complaint suppresses the address at once")
    func complaint() throws {
        let (bench, id) = try Self.bench()
        #expect(try Self.take(Self.complaint(id, position: 2), bench) == .suppressed)
        #expect(try bench.integer("SELECT count(*) FROM suppression WHERE reason = 'complained'") == 1)
        #expect(try bench.integer("SELECT count(*) FROM event WHERE kind = 'complained' AND reason = 'abuse'") == 1)
    }

    @Test(
        "who may be written to again and wishes once more not to be is heard; a copy of the first report is not",
        arguments: [
            (ReturnReport.What.complained(type: "abuse"), EventKind.complained), (.unsubscribed, .unsubscribed),
        ]
    )
    func wishedAgain(what: ReturnReport.What, kind: EventKind) throws {
        let (bench, id) = try Self.bench()
        func report(_ copy: String) throws -> ReturnEffect {
            let target = TargetKey(campaign: id, lane: 0, position: 0)
            return try Self.take(ReturnReport(target: target, what: what, source: "arf", copy: copy), bench)
        }
        func remove() throws {
            try bench.command { core in
                let contact = try core.connection.firstInteger("SELECT contact FROM target WHERE position = 0") ?? 0
                let address = try core.suppressions.address(of: Contact.ID(contact)) ?? ""
                _ = try core.unsuppress(address, because: "she asked", by: "ann")
            }
        }
        #expect(try report("1") == .suppressed)
        #expect(try report("2") == .repeated)
        try remove()
        #expect(try report("1") == .repeated)
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 0)
        #expect(try report("3") == .suppressed)
        #expect(try report("3") == .repeated)
        try remove()
        #expect(try report("3") == .repeated)
        #expect(try bench.integer("SELECT count(*) FROM suppression") == 0)
        #expect(try bench.integer("SELECT count(*) FROM event WHERE kind = '\(kind.rawValue)'") == 2)
        // Guards count messages, not reports.
        let complained = kind == .complained ? 1 : 0
        #expect(
            try bench.integer("SELECT sum(complained) FROM guard_count WHERE scope = 'relay:main'") == complained
        )
    }

    @Test("a message that there is not is not acted on")
    func unknown() throws {
        let (bench, id) = try Self.bench()
        #expect(try Self.take(Self.bounce(id, .permanent, position: 99), bench) == .unknown)
        #expect(try Self.take(Self.bounce(Campaign.ID(id.rawValue + 1), .permanent), bench) == .unknown)
        #expect(try bench.integer("SELECT count(*) FROM event") == 0)
    }

    @Test("workers get what makes return paths of one campaign, and nothing that makes others")
    func content() throws {
        let bench = try LoopBench {
            $0.returns = ReturnOptions(
                local: "bounces",
                domain: "r.example",
                key: ReturnSample.key,
                rules: ReturnRules()
            )
        }
        try bench.addContacts(1)
        let id = try bench.start(LoopBench.campaign())
        let content = try #require(try bench.connectedWorker("w1").contents.first)
        let writer = ReturnPathWriter(
            campaign: id,
            key: Array(content.returnPath.key),
            local: content.returnPath.local,
            domain: content.returnPath.domain
        )
        let target = TargetKey(campaign: id, lane: 0, position: 0)
        #expect(ReturnSample.scan.look(at: writer.address(lane: 0, position: 0)) == .target(target))
    }
}
