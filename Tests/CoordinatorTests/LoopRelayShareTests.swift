import Domain
import Engine
import Storage
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: one relay's trouble")
struct LoopRelayShareTests {
    /// A loop with these relays, and slots for everything.
    private func bench(_ relays: [String], connections: Int = 100) throws -> LoopBench {
        try LoopBench { options in
            let like = options.relays["main"]
            for name in relays {
                options.relays[name] = like
                options.relays[name]?.wire.name = name
            }
            options.siteLimits = { _ in LoopOptions.SiteOptions(limits: [], connections: connections) }
        }
    }

    private func campaign(over relay: String) -> String {
        LoopBench.campaign().replacing("relay: main", with: "relay: \(relay)")
    }

    private func held(_ worker: ScriptedWorker, _ relay: String) -> Int {
        worker.grants.filter { $0.relay == relay }.map(\.position.count).reduce(0, +)
    }

    @Test("relays that give nothing back leave room for the others", arguments: [1, 2, 3])
    func hanging(count: Int) throws {
        let hanging = (0..<count).map { "hang\($0)" }
        let bench = try self.bench(hanging)
        try bench.addContacts(2_000)
        let worker = try bench.connectedWorker("w1")
        for relay in hanging {
            _ = try bench.start(self.campaign(over: relay), name: "\(relay).yaml")
            for _ in 0..<5 { try bench.turn([worker.credit(at: bench.now)]) }
        }
        let share = LoopLimits.credit / (2 * (count + 1))
        #expect(worker.grantedTargets == LoopLimits.credit - share)
        // Whatever they do, the last one has its share, and all of it again once it settled something.
        _ = try bench.start(self.campaign(over: "main"), name: "main.yaml")
        for _ in 0..<5 { try bench.turn([worker.credit(at: bench.now)]) }
        #expect(self.held(worker, "main") == share)
        for grant in worker.takeGrants() where grant.relay == "main" {
            try bench.turn([worker.report(.accepted, of: grant)])
        }
        for _ in 0..<5 { try bench.turn([worker.credit(at: bench.now)]) }
        #expect(self.held(worker, "main") == share)
    }

    @Test("a site's slots at one relay are not taken by another relay's messages to that site")
    func sameSite() throws {
        let bench = try self.bench(["hang"], connections: 2)
        try bench.addContacts(1_000)
        let worker = try bench.connectedWorker("w1")
        for relay in ["hang", "main"] {
            _ = try bench.start(self.campaign(over: relay), name: "\(relay).yaml")
            for _ in 0..<5 { try bench.turn([worker.credit(at: bench.now)]) }
            // In the site's lane, and in the shared one of those that were frozen before it had one.
            #expect(self.held(worker, relay) == 2 * 2 * LoopLimits.targetsPerSlot)
        }
    }

    @Test("without other relays a relay may have everything")
    func alone() throws {
        let bench = try self.bench([])
        try bench.addContacts(2_000)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        for _ in 0..<5 { try bench.turn([worker.credit(at: bench.now)]) }
        #expect(worker.grantedTargets == LoopLimits.credit)
    }
}
