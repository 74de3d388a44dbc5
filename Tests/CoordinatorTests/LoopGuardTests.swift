import Domain
import Engine
import Foundation
import Storage
import Telemetry
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: guards")
struct LoopGuardTests {
    /// Bounces above 10 % of 20 tries hold, refusals for what we are above half of the last ten.
    private static let guards = "guards: {bounces: {pause: 10%, after: 20}, policy: {pause: 50%, last: 10}}"

    private func bench(_ contacts: Int, _ change: (inout LoopOptions) -> Void = { _ in }) throws -> LoopBench {
        let bench = try LoopBench {
            $0.namedSites = ["a.example", "b.example"]
            change(&$0)
        }
        try bench.addContacts(contacts, domain: "a.example")
        return bench
    }

    @Test("a campaign of which too much bounces is paused, and goes on only when an approver says so")
    func bounces() throws {
        let bench = try self.bench(600)
        let id = try bench.start(LoopBench.campaign(Self.guards))
        let worker = try bench.connectedWorker("w1", credit: 256)
        let grant = try #require(worker.takeGrants().first)
        try bench.turn([worker.report(.bounced, of: grant, only: 0..<19, reason: "mailbox")])
        #expect(try bench.status(id).state == .running, "19 tries say nothing")
        try bench.turn([worker.report(.bounced, of: grant, only: 19..<20, reason: "mailbox")])
        #expect(try bench.status(id).state == .paused)
        #expect(worker.recalled.contains(grant.epoch))
        let problem = try #require(try bench.status(id).problem)
        #expect(problem.hasPrefix("paused by its guard: 20 of 20 messages bounced, 100 %"))
        #expect(bench.notes.contains { $0.event == .guardHolds })
        #expect(throws: OperationError.self) { try bench.step(.resume, on: id) }
        try bench.turn([worker.report(.returned, of: grant, only: 20..<grant.position.count)])
        // Also after a start.
        try bench.restart()
        #expect(try bench.status(id).problem == problem)
        #expect(throws: OperationError.self) { try bench.step(.resume, on: id) }
        try bench.step(.override, on: id, by: Caller(name: "ann", role: .approver))
        #expect(try bench.status(id).state == .running)
        #expect(try bench.status(id).problem != problem)
        _ = worker.takeGrants()
        try bench.turn([worker.hello()])
        bench.advance(1_000)
        try bench.turn([worker.credit(at: bench.now)])
        #expect(worker.grantedTargets > 0)
        #expect(try bench.integer("SELECT count(*) FROM audit WHERE act = 'override' AND who = 'ann'") == 1)
    }

    @Test("a site that refuses us holds its lane, and the other lanes go on")
    func policy() throws {
        let bench = try self.bench(300)
        try bench.addContacts(300, domain: "b.example")
        let id = try bench.start(LoopBench.campaign("guards: {bounces: off, policy: {pause: 50%, last: 10}}"))
        let worker = try bench.connectedWorker("w1", credit: 600)
        for _ in 0..<4 { try bench.turn([worker.credit(600, at: bench.now)]) }
        let grants = worker.takeGrants()
        let first = try #require(grants.first { $0.site == "a.example" })
        try bench.turn([worker.report(.accepted, of: first, only: 0..<5)])
        try bench.turn([worker.report(.bounced, of: first, only: 5..<10, reason: "policy")])
        #expect(try bench.status(id).state == .running)
        #expect(try bench.status(id).problem?.contains("a.example: 5 of its last 10") == true)
        for grant in grants where grant.site == "a.example" {
            let from = grant.epoch == first.epoch ? 10 : 0
            #expect(worker.recalled.contains(grant.epoch))
            try bench.turn([worker.report(.returned, of: grant, only: from..<grant.position.count)])
        }
        bench.advance(1_000)
        for _ in 0..<4 { try bench.turn([worker.credit(600, at: bench.now)]) }
        #expect(worker.takeGrants().allSatisfy { $0.site == "b.example" })
        #expect(worker.recalled.allSatisfy { epoch in grants.first { $0.epoch == epoch }?.site == "a.example" })
        try bench.step(.override, on: id, by: Caller(name: "ann", role: .approver))
        for _ in 0..<4 { try bench.turn([worker.credit(600, at: bench.now)]) }
        #expect(worker.takeGrants().contains { $0.site == "a.example" })
    }

    @Test("a relay over which too much bounces holds all its campaigns")
    func relay() throws {
        let rules = GuardRules(
            bounces: .init(share: 0.5, after: 10),
            complaintsWarn: nil,
            complaints: nil,
            policy: nil
        )
        let bench = try self.bench(600) { $0.guards = rules }
        let off = "guards: {bounces: off}"
        let first = try bench.start(LoopBench.campaign(off))
        let worker = try bench.connectedWorker("w1", credit: 100)
        let grant = try #require(worker.takeGrants().first)
        try bench.turn([worker.report(.bounced, of: grant, reason: "mailbox"), worker.credit(100, at: bench.now)])
        #expect(try bench.status(first).state == .running)
        let second = try bench.start(LoopBench.campaign(off))
        _ = worker.takeGrants()
        for _ in 0..<3 { try bench.turn([worker.credit(100, at: bench.now)]) }
        #expect(worker.takeGrants().isEmpty)
        #expect(try bench.status(second).problem?.contains("relay main") == true)
    }

    @Test("complaints count against what was accepted: first the log warns, then the campaign is paused")
    func complaints() throws {
        let bench = try self.bench(1_200)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<8 {
            try bench.turn([worker.credit(at: bench.now)])
            for grant in worker.takeGrants() where grant.position.count > 1 {
                try bench.turn([worker.report(.accepted, of: grant, only: 0..<grant.position.count - 1)])
            }
        }
        try #require(try bench.status(id).counts.accepted >= 1_000)
        #expect(try bench.status(id).state == .running)
        let key = TargetKey(campaign: id, lane: 0, position: 0)
        try bench.command { try $0.noteComplaint(about: key) }
        #expect(bench.notes.contains { $0.event == .guardWarns })
        #expect(try bench.status(id).state == .running)
        try bench.command { try $0.noteComplaint(about: key) }
        try bench.command { try $0.noteComplaint(about: key) }
        #expect(try bench.status(id).state == .paused)
        #expect(try bench.status(id).problem?.contains("complained of") == true)
    }

    @Test("deferrals stop nothing, however many")
    func deferrals() throws {
        let bench = try self.bench(600)
        let id = try bench.start(LoopBench.campaign(Self.guards))
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<4 { try bench.turn() }
        for grant in worker.takeGrants() { try bench.turn([worker.report(.deferred, of: grant, reason: "temporary")]) }
        #expect(try bench.status(id).state == .running)
        #expect(try bench.status(id).problem?.contains("guard") != true)
    }
}
