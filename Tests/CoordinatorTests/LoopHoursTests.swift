import Domain
import Engine
import Foundation
import Storage
import Testing
import TimeZones
import Wire

@testable import CoordinatorCore

/// The bench's clock begins on 2027-01-15 at 08:00 UTC.
@Suite("The loop: hours, and campaigns that start by themselves")
struct LoopHoursTests {
    private static let hour: Int64 = 3_600_000

    private static func bench(zones: [String], seed: UInt64 = 1) throws -> LoopBench {
        let bench = try LoopBench(seed: seed)
        try bench.addContacts(zones.count)
        for (index, zone) in zones.enumerated() {
            try bench.execute("UPDATE contact SET timezone = '\(zone)' WHERE id = \(index + 1)")
        }
        return bench
    }

    private static func granted(_ worker: ScriptedWorker) -> [UInt64] { worker.grants.flatMap(\.contact).sorted() }

    @Test("a window of one zone holds the whole campaign, and no row is touched while it is closed")
    func home() throws {
        let bench = try LoopBench()
        try bench.addContacts(50)
        let id = try bench.start(LoopBench.campaign(#"schedule: {timezone: UTC, window: "09:00-20:00"}"#))
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<3 { try bench.turn() }
        #expect(worker.grants.isEmpty)
        #expect(try bench.integer("SELECT count(*) FROM target WHERE due IS NOT NULL") == 0)
        let problem = try #require(try bench.status(id).problem)
        #expect(problem == "it is outside its hours, 09:00-20:00 in UTC: it goes on at 2027-01-15T09:00:00.000Z")
        bench.advance(Self.hour - 1)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grants.isEmpty)
        bench.advance(1)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grantedTargets == 50)
        #expect(worker.grants.allSatisfy { $0.sendWithin == 11 * UInt32(Self.hour) })
        #expect(try bench.status(id).problem == nil)
    }

    @Test("each recipient's own clocks count: who is outside their hours waits for them without using up an attempt")
    func recipients() throws {
        // 13:30, 03:00, 09:00, and nobody knows.
        let bench = try Self.bench(zones: ["Asia/Kolkata", "America/New_York", "Europe/Paris", ""])
        let id = try bench.start(
            LoopBench.campaign(#"schedule: {window: "09:00-20:00", home_timezone: Europe/Paris, expires_after: 3d}"#)
        )
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<3 { try bench.turn() }
        #expect(Self.granted(worker) == [1, 3])
        // Until 20:00 in India, which comes first.
        #expect(worker.grants.first?.sendWithin == UInt32(Self.hour) * 13 / 2)
        let waiting = try bench.targets(id)
        #expect(waiting[1].due == LoopBench.start.milliseconds + 6 * Self.hour)
        // 10:00 to 19:00 in Paris, since nothing is known of them.
        #expect(waiting[3].due == LoopBench.start.milliseconds + Self.hour)
        #expect(waiting.allSatisfy { $0.outcome == nil && $0.attempts == 0 })
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        #expect(try bench.status(id).problem?.contains("it goes on at 2027-01-15T09:00:00.000Z") == true)
        var later: [UInt64] = []
        for _ in 0..<12 {
            bench.advance(Self.hour / 2)
            try bench.turn([worker.credit(at: bench.now)])
            for grant in worker.takeGrants() {
                later += grant.contact
                try bench.turn([worker.report(.accepted, of: grant)])
            }
        }
        #expect(later == [4, 2])
        #expect(try bench.status(id).state == .finished)
        #expect(try bench.status(id).counts.accepted == 4)
    }

    @Test("what is handed back because the hours are over waits for the next ones")
    func handedBack() throws {
        let bench = try Self.bench(zones: ["Asia/Kolkata"])
        let id = try bench.start(LoopBench.campaign(#"schedule: {window: "09:00-20:00"}"#))
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().first)
        bench.advance(Int64(grant.sendWithin))
        try bench.turn([worker.credit(at: bench.now), worker.report(.returned, of: grant)])
        bench.advance(LoopLimits.returnedMilliseconds)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grants.isEmpty)
        let target = try #require(try bench.targets(id).first)
        #expect(target.due == LoopBench.start.milliseconds + Int64(grant.sendWithin) + 13 * Self.hour)
        #expect(target.attempts == 0)
        bench.advance(13 * Self.hour)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grantedTargets == 1)
    }

    @Test("nothing is granted so shortly before the hours end that it would come back")
    func closing() throws {
        let bench = try Self.bench(zones: ["Asia/Kolkata"])
        bench.advance(13 * Self.hour / 2 - LoopLimits.closingMilliseconds)
        let id = try bench.start(LoopBench.campaign(#"schedule: {window: "09:00-20:00"}"#))
        let worker = try bench.connectedWorker("w1")
        #expect(worker.grants.isEmpty)
        #expect(try bench.targets(id).first?.due == LoopBench.start.milliseconds + 39 * Self.hour / 2)
    }

    @Test("who cannot be written to before the campaign ends has expired at once, and the reason says so")
    func neverOpen() throws {
        let bench = try Self.bench(zones: ["America/New_York", "Asia/Kolkata"])
        let id = try bench.start(LoopBench.campaign(#"schedule: {window: "09:00-20:00", expires_after: 5h}"#))
        let worker = try bench.connectedWorker("w1")
        let targets = try bench.targets(id)
        #expect(targets.map(\.outcome) == [.expired, nil])
        #expect(targets.map(\.reason) == ["outside_hours", ""])
        #expect(Self.granted(worker) == [2])
    }

    @Test("a retry that comes due outside the hours waits for them, still as a deferral")
    func retries() throws {
        let bench = try Self.bench(zones: ["Asia/Kolkata"])
        let id = try bench.start(LoopBench.campaign(#"schedule: {window: "09:00-14:00"}"#))
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().first)
        bench.advance(Self.hour / 2 - 30_000)
        try bench.turn([worker.report(.deferred, of: grant, reason: "temporary")])
        bench.advance(60_000)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grants.isEmpty)
        let target = try #require(try bench.targets(id).first)
        #expect(target.outcome == .deferred)
        #expect(target.due == LoopBench.start.milliseconds + 39 * Self.hour / 2)
        #expect(try bench.status(id).counts.deferred == 1)
    }

    @Test("what is tried again after the campaign was over still waits for its hours, also over a restart")
    func again() throws {
        let bench = try Self.bench(zones: ["Asia/Kolkata"])
        let id = try bench.start(LoopBench.campaign(#"schedule: {window: "09:00-14:00"}"#))
        let worker = try bench.connectedWorker("w1")
        let grant = try #require(worker.takeGrants().first)
        try bench.turn([worker.report(.bounced, of: grant, reason: "refused")])
        #expect(try bench.status(id).state == .finished)
        bench.advance(Self.hour)
        try bench.command { _ = try $0.retry(.bounced, of: id, by: "bob") }
        for _ in 0..<3 { try bench.turn([worker.credit(at: bench.now)]) }
        #expect(worker.grants.isEmpty)
        try bench.restart()
        let other = try bench.connectedWorker("w2")
        for _ in 0..<3 { try bench.turn([other.credit(at: bench.now)]) }
        #expect(other.grants.isEmpty)
        #expect(try bench.targets(id).first?.due == LoopBench.start.milliseconds + 39 * Self.hour / 2)
    }

    @Test("hours go by the machine's clock also when it was set, unlike what waits")
    func clockWasSet() throws {
        let bench = try Self.bench(zones: ["America/New_York"])
        let id = try bench.start(LoopBench.campaign(#"schedule: {timezone: UTC, window: "09:00-20:00"}"#))
        let worker = try bench.connectedWorker("w1")
        #expect(worker.grants.isEmpty)
        bench.setClock(byMilliseconds: 2 * Self.hour)
        bench.advance(LoopLimits.dueLookMilliseconds)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grantedTargets == 1)
        #expect(try bench.status(id).counts.leased == 1)
    }

    @Test("nobody in any zone of the system is granted outside their hours, over days on which clocks change")
    func everyZone() throws {
        let tab = try String(contentsOfFile: "\(ZoneFolder.path)/zone.tab", encoding: .utf8)
        let zones = tab.split(separator: "\n").filter { !$0.hasPrefix("#") }.map {
            String($0.split(separator: "\t")[2])
        }
        let bench = try Self.bench(zones: zones)
        // To 2027-03-13 12:00 UTC: clocks change in North America on the 14th.
        bench.advance(57 * 24 * Self.hour + 4 * Self.hour)
        let id = try bench.start(LoopBench.campaign(#"schedule: {window: "09:00-10:30", expires_after: 4d}"#))
        let worker = try bench.connectedWorker("w1")
        let window = try #require(DailyWindow("09:00-10:30"))
        var outside: [String] = []
        for _ in 0..<(3 * 24 * 4) {
            for grant in worker.takeGrants() {
                let seconds = bench.wall.milliseconds / 1_000
                for contact in grant.contact {
                    let zone = zones[Int(contact) - 1]
                    let rules = try #require(ZoneFolder.system.rules(of: zone))
                    let local = ((seconds + rules.offset(at: seconds)) % 86_400 + 86_400) % 86_400
                    if !window.contains(secondsOfDay: local) { outside.append(zone) }
                }
                // A third is deferred, so that some are tried on another day.
                let kept = grant.contact.count / 3
                try bench.turn([worker.report(.returned, of: grant, only: 0..<kept)])
                try bench.turn([worker.report(.accepted, of: grant, only: kept..<grant.contact.count)])
            }
            bench.advance(Self.hour / 4)
            try bench.turn([worker.credit(at: bench.now)])
            try bench.turn()
        }
        #expect(outside == [])
        let counts = try bench.status(id).counts
        #expect(counts.accepted == zones.count, "\(counts)")
    }

    // Starting.

    private static let later = "schedule: {start: 2027-01-15T10:30, timezone: Europe/Paris}"

    @Test("an approved campaign starts by itself at its time, also over a restart of the coordinator")
    func scheduled() throws {
        let bench = try LoopBench()
        try bench.addContacts(5)
        let id = try bench.start(LoopBench.campaign(Self.later))
        #expect(try bench.status(id).state == .approved)
        #expect(try bench.status(id).problem == "it starts by itself at 2027-01-15T09:30:00.000Z")
        bench.advance(Self.hour)
        try bench.restart()
        let worker = try bench.connectedWorker("w1")
        #expect(try bench.status(id).state == .approved)
        #expect(bench.core.nextTurn != nil)
        bench.advance(Self.hour / 2)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(try bench.status(id).state == .running)
        #expect(worker.grantedTargets == 5)
        #expect(try bench.integer("SELECT count(*) FROM audit WHERE act = 'start' AND who = 'schedule'") == 1)
    }

    @Test("a start time that has passed is now, and an operator may start earlier")
    func earlier() throws {
        let bench = try LoopBench()
        try bench.addContacts(5)
        let past = try bench.start(LoopBench.campaign("schedule: {start: 2027-01-15T08:59, timezone: Europe/Paris}"))
        #expect(try bench.status(past).state == .running)
        let id = try bench.start(LoopBench.campaign(Self.later))
        try bench.step(.start, on: id)
        #expect(try bench.status(id).state == .running)
        bench.advance(2 * Self.hour)
        try bench.turn()
        #expect(try bench.status(id).state == .finished || bench.status(id).state == .running)
        #expect(try bench.integer("SELECT count(*) FROM audit WHERE act = 'start'") == 2)
    }

    @Test("one that was cancelled or submitted again meanwhile does not start")
    func cancelled() throws {
        let bench = try LoopBench()
        try bench.addContacts(5)
        let first = try bench.start(LoopBench.campaign(Self.later))
        try bench.step(.cancel, on: first)
        let second = try bench.start(LoopBench.campaign(Self.later))
        try bench.execute("UPDATE campaign SET content = content || '# altered' WHERE id = \(second.rawValue)")
        bench.advance(2 * Self.hour)
        try bench.turn()
        #expect(try bench.status(first).state == .cancelled)
        #expect(try bench.status(second).state == .approved)
        #expect(try bench.status(second).problem?.contains("not what was approved") == true)
    }

    @Test("an approval that would have expired by then is refused when it is given")
    func tooFar() throws {
        let bench = try LoopBench()
        let id = try bench.submit(LoopBench.campaign("schedule: {start: 2027-01-17T09:00, timezone: UTC}"))
        #expect(throws: OperationError.self) {
            try bench.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
        }
        #expect(try bench.status(id).state == .submitted)
    }
}
