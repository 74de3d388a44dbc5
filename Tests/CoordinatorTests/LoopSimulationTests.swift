import Domain
import Engine
import Storage
import Testing

@testable import CoordinatorCore

@Suite("The loop: whatever workers and machines do")
struct LoopSimulationTests {
    @Test(
        "nobody is forgotten, nobody is written to twice without a doubt, and no throttle is exceeded",
        arguments: 1...24
    )
    func laws(seed: Int) throws {
        let resends = seed.isMultiple(of: 2)
        let relayLimit = Limit(quantity: 12, periodMilliseconds: 1_000, burst: 20)
        let simulation = try LoopSimulation(seed: UInt64(seed), workers: 3) { $0.relays["main"]?.limits = [relayLimit] }
        let bench = simulation.bench
        try bench.addContacts(400, domain: "large.example")
        for site in 0..<12 { try bench.addContacts(8, domain: "s\(site).example") }
        let policy = resends ? "on_doubt: resend" : "on_doubt: hold"
        let first = try bench.start(LoopBench.campaign(policy, "throttles: [\"900/min,burst=200\"]"))
        for _ in 0..<150 { try simulation.step() }
        let second = try bench.start(LoopBench.campaign(policy))
        for _ in 0..<150 { try simulation.step() }
        try simulation.finish([first, second])

        for id in [first, second] {
            let targets = try bench.targets(id)
            #expect(try bench.status(id).state == .finished)
            #expect(Set(targets.map(\.contact)).count == 496)
            #expect(targets.allSatisfy { $0.due == nil && $0.outcome != nil && $0.outcome != .deferred })
            for target in targets {
                let taken = simulation.taken[
                    .init(campaign: UInt64(id.rawValue), contact: UInt64(target.contact))
                ]
                // What the ledger calls accepted was; what was taken is accepted or in doubt.
                if target.outcome == .accepted { #expect((taken ?? 0) >= 1) }
                let isAdmitted = target.outcome == .accepted || target.outcome == .inDoubt || target.wasDoubted
                if (taken ?? 0) > 0 { #expect(isAdmitted, "\(target)") }
                #expect((taken ?? 0) <= (target.wasDoubted ? 2 : 1), "\(target)")
            }
            if !resends { #expect(targets.allSatisfy { !$0.wasDoubted }) }
        }
        #expect(simulation.most(inMilliseconds: 1_000) <= relayLimit.quantity + relayLimit.burst)
        // It was a simulation of something.
        #expect(simulation.departures.count > 700)
        #expect(try bench.integer("SELECT count(*) FROM shard WHERE open = 1") == 0)
        #expect(bench.core.leases.count == 0)
    }
}
