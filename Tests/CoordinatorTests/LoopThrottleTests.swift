import Domain
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: throttles")
struct LoopThrottleTests {
    /// What a limit can be on; `tail` is a site that shares its lane with others.
    enum Scope: CaseIterable {
        case cluster
        case relay
        case site
        case tail
        case campaign
    }

    @Test("once a bucket is empty nothing is granted, whatever it is on", arguments: Scope.allCases)
    func holds(scope: Scope) throws {
        // What flows in within this test is no whole permit.
        let limit = Limit(quantity: 10, periodMilliseconds: 86_400_000, burst: 10)
        let bench = try LoopBench { options in
            switch scope {
            case .cluster: options.clusterLimits = [limit]
            case .relay: options.relays["main"]?.limits = [limit]
            case .site, .tail:
                options.siteLimits = { _ in LoopOptions.SiteOptions(limits: [limit], connections: 100) }
                if scope == .site { options.namedSites = ["example.org"] }
            case .campaign: break
            }
        }
        try bench.addContacts(40)
        _ = try bench.start(
            scope == .campaign ? LoopBench.campaign("throttles: [\"10/day,burst=10\"]") : LoopBench.campaign()
        )
        let worker = try bench.connectedWorker("w1")
        var granted = 0
        func settle(_ worker: ScriptedWorker) throws {
            for grant in worker.takeGrants() {
                granted += grant.position.count
                try bench.turn([worker.report(.accepted, of: grant)])
            }
        }
        for _ in 0..<5 {
            try settle(worker)
            bench.advance(1_000)
            try bench.turn([worker.credit(at: bench.now)])
        }
        #expect(granted == 10)
        // Nor after a restart.
        try bench.restart()
        try bench.turn([worker.hello()])
        try bench.turn([worker.credit(at: bench.now)])
        try settle(worker)
        #expect(granted == 10)
    }

    @Test("a limit that comes before another one in the list brings no second burst")
    func inserted() throws {
        let daily = Limit(quantity: 10, periodMilliseconds: 86_400_000, burst: 10)
        let bench = try LoopBench { $0.clusterLimits = [daily] }
        try bench.addContacts(40)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        #expect(worker.grantedTargets == 10)
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        bench.options.clusterLimits.insert(Limit(quantity: 100, periodMilliseconds: 1_000), at: 0)
        try bench.restart()
        try bench.turn([worker.hello()])
        for _ in 0..<5 {
            bench.advance(1_000)
            try bench.turn([worker.credit(at: bench.now)])
        }
        #expect(worker.grantedTargets == 0)
    }
}
