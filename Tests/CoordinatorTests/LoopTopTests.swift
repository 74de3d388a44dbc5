import Domain
import Storage
import StorageSQLite
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: what is going on now")
struct LoopTopTests {
    private func top(_ bench: LoopBench) throws -> TopAnswer {
        let core = bench.core
        return try bench.database.access { _ throws(StoreError) in try core.top(allowed: ["w1"]) }
    }

    /// Where a limit of 5 a second stands, beside limits of 50 everywhere else.
    @Test(
        "the tightest limit is named, wherever it is",
        arguments: ["cluster", "relay main", "site example.org", "campaign"]
    )
    func tightest(scope: String) throws {
        func limit(_ name: String) -> Limit { Limit(quantity: name == scope ? 5 : 50, periodMilliseconds: 1_000) }
        let bench = try LoopBench { options in
            options.clusterLimits = [limit("cluster")]
            options.relays["main"]?.limits = [limit("relay main")]
            let site = limit("site example.org")
            options.siteLimits = { _ in LoopOptions.SiteOptions(limits: [site], connections: 100) }
            options.namedSites = ["example.org"]
        }
        try bench.addContacts(40)
        _ = try bench.start(LoopBench.campaign("throttles: [\"\(limit("campaign").text)\"]"))
        try bench.turn()
        let top = try self.top(bench)
        #expect(top.campaigns.map(\.tightest) == [TightLimit(scope: scope, limit: "5/s")])
        #expect(top.lanes.map(\.site) == ["example.org"] && top.lanes.map(\.open) == [40])
        #expect(top.relays.map(\.open) == [40])
        #expect(top.workers.map(\.state) == [.away])
        // Nothing moves yet, so nobody knows.
        #expect(top.campaigns.first?.secondsLeft == nil)
    }

    @Test("what is done is not open any more, and a campaign that is over is not shown")
    func done() throws {
        let bench = try LoopBench()
        try bench.addContacts(3)
        _ = try bench.start(LoopBench.campaign())
        let worker = try bench.connectedWorker("w1")
        #expect(try self.top(bench).campaigns.map(\.status.counts.leased) == [3])
        for grant in worker.takeGrants() { try bench.turn([worker.report(.accepted, of: grant)]) }
        try bench.turn()
        let top = try self.top(bench)
        #expect(top.campaigns.isEmpty && top.lanes.isEmpty)
        #expect(top.workers.map(\.state) == [.connected] && top.workers.map(\.accepted) == [3])
    }
}
