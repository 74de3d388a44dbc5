import Domain
import Engine
import Signing
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: targets that bring workers down")
struct LoopApartTests {
    /// A worker that sends one after the other and dies of some contacts, while the bench lasts.
    private func run(_ bench: LoopBench, _ worker: ScriptedWorker, deadly: Set<UInt64>, turns: Int) throws -> Int {
        var deaths = 0
        for _ in 0..<turns {
            bench.advance(1_000)
            guard worker.isWelcome else {
                try bench.turn([worker.hello()])
                continue
            }
            try bench.turn([worker.credit(at: bench.now)])
            grants: for grant in worker.takeGrants() {
                for index in grant.position.indices {
                    if deadly.contains(grant.contact[index]) {
                        worker.die()
                        deaths += 1
                        break grants
                    }
                    try bench.turn([worker.report(.accepted, of: grant, only: index..<index + 1)])
                }
            }
        }
        return deaths
    }

    @Test("one target that kills is found in five deaths and failed; everybody else is sent", arguments: [1, 7, 40])
    func found(contact: UInt64) throws {
        let bench = try LoopBench()
        try bench.addContacts(40)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        let deaths = try self.run(bench, worker, deadly: [contact], turns: 60)
        let targets = try bench.targets(id)
        #expect(deaths <= 5)
        #expect(targets.filter { $0.outcome == .failed }.map(\.contact) == [Int64(contact)])
        #expect(targets.first { $0.outcome == .failed }?.reason == "poison")
        #expect(targets.count { $0.outcome == .accepted } == 39)
        #expect(try bench.status(id).state == .finished)
        #expect(bench.core.quarantine.isEmpty && !bench.core.quarantine.hasWaiting)
        #expect(bench.core.counters.poisoned == 1)
        #expect(try bench.integer("SELECT count(*) FROM ledger WHERE outcome = 8 AND reason = 'poison'") == 1)
    }

    /// Suspects of a first campaign, and a worker that is busy with a second one.
    private struct Suspicion {
        let bench: LoopBench
        let first: Campaign.ID
        let second: Campaign.ID
        let busy: ScriptedWorker
        /// What it is busy with.
        let grant: WireGrant
    }

    private func suspicion() throws -> Suspicion {
        let bench = try LoopBench()
        try bench.addContacts(30)
        let busy = try bench.connectedWorker("w2", credit: 10)
        let worker = try bench.connectedWorker("w1", credit: 30)
        let first = try bench.start(LoopBench.campaign())
        #expect(worker.takeGrants().last?.slots == 4)
        let second = try bench.start(LoopBench.campaign())
        let grant = try #require(busy.takeGrants().last)
        try bench.step(.pause, on: second)
        worker.die()
        try bench.turn([worker.hello()])
        #expect(!bench.core.quarantine.isEmpty && !bench.core.quarantine.hasWaiting, "one death says nothing")
        bench.advance(1_000)
        try bench.turn([worker.credit(30, at: bench.now)])
        #expect(worker.takeGrants().last?.position.count == 30)
        worker.die()
        try bench.turn([worker.hello()])
        #expect(bench.core.quarantine.waitingCount == 30)
        try bench.step(.resume, on: second)
        return Suspicion(bench: bench, first: first, second: second, busy: busy, grant: grant)
    }

    @Test("suspects are granted to a worker that has nothing else, with one open message")
    func apart() throws {
        let scene = try self.suspicion()
        let (bench, busy) = (scene.bench, scene.busy)
        try bench.turn([busy.credit(100, at: bench.now)])
        #expect(busy.takeGrants().isEmpty, "it comes to have nothing")
        try bench.turn([busy.report(.accepted, of: scene.grant)])
        let grant = try #require(busy.takeGrants().last)
        #expect(grant.campaign == UInt64(scene.first.rawValue) && grant.position.count == 30)
        #expect(grant.slots == 1)
        bench.advance(1_000)
        try bench.turn([busy.credit(1_024, at: bench.now)])
        #expect(busy.takeGrants().isEmpty, "while it has them it gets nothing else")
        try bench.turn([busy.report(.accepted, of: grant), busy.credit(1_024, at: bench.now)])
        #expect(busy.takeGrants().last?.campaign == UInt64(scene.second.rawValue))
    }

    @Test("a worker that does not come to have nothing is granted them after ten seconds all the same")
    func impatience() throws {
        let scene = try self.suspicion()
        let (bench, busy) = (scene.bench, scene.busy)
        try bench.turn([busy.credit(100, at: bench.now)])
        bench.advance(9_999)
        try bench.turn([busy.credit(100, at: bench.now)])
        #expect(busy.takeGrants().isEmpty)
        bench.advance(1)
        try bench.turn()
        #expect(busy.takeGrants().last?.campaign == UInt64(scene.first.rawValue))
    }

    @Test("suspects that nobody can be granted hold up no worker")
    func held() throws {
        let scene = try self.suspicion()
        let (bench, busy) = (scene.bench, scene.busy)
        try bench.step(.pause, on: scene.first)
        try bench.turn([busy.credit(100, at: bench.now)])
        #expect(busy.takeGrants().last?.campaign == UInt64(scene.second.rawValue))
        #expect(bench.core.nextApart == nil)
    }

    @Test("suspects that nobody would sign are not granted", arguments: [false, true])
    func unsigned(isSigned: Bool) throws {
        let bench = try LoopBench()
        try bench.addContacts(30)
        let id = try bench.start(LoopBench.campaign())
        try bench.turn()
        let domain = isSigned ? "b.example" : "other.example"
        let key = try SigningKey(pem: try SigningKey.makePEM(.ed25519), domain: domain, selector: "s1")
        bench.options.relays["main"]?.signing = .keys([key])
        try bench.restart()
        try bench.execute("UPDATE target SET due = 0")
        bench.core.quarantine.putBack(Quarantine.Group(campaign: id, lane: 0, positions: Array(0..<30)))
        let worker = try bench.connectedWorker("w1")
        #expect(worker.grantedTargets == (isSigned ? 30 : 0))
        #expect(worker.grants.allSatisfy { $0.slots == 1 })
        #expect(worker.contents.allSatisfy { !$0.signing.isEmpty })
    }

    @Test("a worker that hands back, goes in order, reconnects or does not tell its process is not taken for dead")
    func alive() throws {
        let bench = try LoopBench()
        try bench.addContacts(5)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for round in 0..<6 {
            if round.isMultiple(of: 2) {
                try bench.turn([worker.goodbye()])
                worker.die()
            }
            try bench.turn([worker.hello()])
            bench.advance(1_000)
            try bench.turn([worker.credit(at: bench.now)])
            #expect(worker.takeGrants().last?.position.count == 5)
        }
        #expect(bench.core.quarantine.isEmpty)
    }

    @Test("when everything that is sent kills, the campaign is paused instead of failing everybody")
    func everybody() throws {
        let bench = try LoopBench()
        try bench.addContacts(30)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        _ = try self.run(bench, worker, deadly: Set(1...30), turns: 300)
        let status = try bench.status(id)
        #expect(status.state == .paused)
        #expect(status.counts.failed == LoopLimits.poisonedInRow)
        #expect(status.problem?.contains("workers die") == true)
        // The cause is gone.
        try bench.step(.resume, on: id)
        #expect(try bench.status(id).problem == nil)
        _ = try self.run(bench, worker, deadly: [], turns: 40)
        #expect(try bench.status(id).state == .finished)
        #expect(try bench.status(id).counts.accepted == 27)
    }

    @Test("a turn that failed did not see a worker die")
    func failedTurn() throws {
        let bench = try LoopBench()
        try bench.addContacts(5)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        worker.die()
        bench.connection.failsNext = true
        try bench.turn([worker.hello()])
        #expect(bench.core.quarantine.isEmpty)
        try bench.turn([worker.hello()])
        #expect(!bench.core.quarantine.isEmpty)
        #expect(try bench.status(id).counts.pending == 5)
    }

    @Test("what is kept apart when the coordinator ends is granted like anything else after its start")
    func restart() throws {
        let bench = try LoopBench()
        try bench.addContacts(5)
        let id = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<2 {
            worker.die()
            try bench.turn([worker.hello()])
            guard !bench.core.quarantine.hasWaiting else { break }
            bench.advance(1_000)
            try bench.turn([worker.credit(at: bench.now)])
        }
        try bench.restart()
        #expect(!bench.core.quarantine.hasWaiting)
        _ = try self.run(bench, worker, deadly: [], turns: 10)
        #expect(try bench.status(id).counts.accepted == 5)
    }

    @Test("by seed: deadly targets are failed, nobody else is, whatever else dies", arguments: 1...12)
    func simulated(seed: Int) throws {
        let simulation = try LoopSimulation(seed: UInt64(seed), workers: 3)
        let bench = simulation.bench
        try bench.addContacts(300, domain: "large.example")
        for site in 0..<6 { try bench.addContacts(8, domain: "s\(site).example") }
        let deadly = Set([UInt64.random(in: 1...300, using: &simulation.random), 310])
        simulation.deadly = deadly
        // A worker that lost its journal leaves all that it held in doubt, those that are deadly too.
        simulation.weather.forget = 0
        let id = try bench.start(LoopBench.campaign())
        for _ in 0..<150 { try simulation.step() }
        for _ in 0..<5 where try bench.status(id).state != .finished {
            if try bench.status(id).state == .paused { try bench.step(.resume, on: id) }
            try simulation.finish([id], steps: 3_000)
        }
        let targets = try bench.targets(id)
        #expect(try bench.status(id).state == .finished)
        #expect(Set(targets.filter { $0.outcome == .failed }.map { UInt64($0.contact) }) == deadly)
        #expect(targets.allSatisfy { $0.outcome != nil && $0.outcome != .deferred })
        #expect(targets.allSatisfy { simulation.taken[.init(campaign: 1, contact: UInt64($0.contact))] ?? 0 <= 1 })
        #expect(simulation.deaths > 5)
    }
}
