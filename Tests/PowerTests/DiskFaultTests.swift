import Domain
import Logging
import Storage
import Telemetry
import Testing

@testable import CoordinatorCore

@Suite("The coordinator's disk fails")
struct DiskFaultTests {
    enum Fault: CaseIterable {
        case fullOnce
        case full
        case almostFull
        case readOnly
        case syncOnce
        case sync
        case writeOnce
        case write
        case truncate
        case slowSync

        var isLasting: Bool {
            switch self {
            case .fullOnce, .syncOnce, .writeOnce, .slowSync, .truncate: false
            case .full, .almostFull, .readOnly, .sync, .write: true
            }
        }

        /// A slow disk says nothing.
        var isCounted: Bool { self != .slowSync }

        func strike(_ disk: PowerDisk, after count: Int) {
            switch self {
            case .fullOnce: disk.fail(.write, with: .full, after: count, times: 1)
            case .full: disk.fail(.write, with: .full, after: count)
            // Less than a page of the database with its frame in the log, or little more.
            case .almostFull: disk.leaves(bytes: Int64(count % 8) * 1_024)
            case .readOnly: disk.fail(.change, with: .readOnly, after: count)
            case .syncOnce: disk.fail(.sync, with: .sync, after: count % 12, times: 1)
            case .sync: disk.fail(.sync, with: .sync, after: count % 12)
            case .writeOnce: disk.fail(.write, with: .write, after: count, times: 1)
            case .write: disk.fail(.write, with: .write, after: count)
            case .truncate: disk.fail(.truncate, with: .truncate)
            case .slowSync: disk.slowsSync(microseconds: 500)
            }
        }
    }

    @Test(
        "work stops cleanly, nothing promised is lost, and it goes on by itself when the fault ends",
        arguments: Fault.allCases,
        [UInt64(1), 2, 3]
    )
    func faults(fault: Fault, seed: UInt64) throws {
        var random = SplitMix64(seed)
        let checkpoint = [8, 60, 4_000][random.number(in: 0...2)]
        let bench = try PowerBench(
            seed: seed,
            workers: 2,
            contacts: 180,
            pragmas: ["wal_autocheckpoint=\(checkpoint)"]
        )
        let id = try #require(try bench.start())
        for _ in 0..<random.number(in: 0...6) { try bench.step() }

        fault.strike(bench.disk, after: random.number(in: 0...60))
        var steps = 0
        while steps < 25 || (fault.isCounted && bench.disk.faults == 0 && steps < 400) {
            try bench.step()
            steps += 1
        }
        if fault.isCounted { #expect(bench.disk.faults > 0, "the fault did not strike") }
        if fault.isLasting, bench.core?.counters.failedTurns ?? 0 > 0 { try self.nothingLeaves(bench, id) }
        // A cut in the middle of it, for some.
        if random.chance(50) {
            bench.disk.lift()
            #expect(try bench.cutPower(seed: random.next()) == [])
        }
        bench.disk.lift()
        bench.disk.slowsSync(microseconds: 0)

        #expect(try bench.finish([id]))
        #expect(try bench.faults(of: id, audience: 180) == [])
        #expect(try bench.read { connection throws(StoreError) in try bench.promises.missing(connection) } == [])
        #expect(try bench.cutPower(seed: random.next()) == [])
    }

    /// While nothing can be written, nothing is granted, acknowledged or answered well, and the loop does not spin.
    private func nothingLeaves(_ bench: PowerBench, _ id: Campaign.ID) throws {
        bench.disk.lift()
        bench.disk.fail(.change, with: .full)
        try bench.step()
        let before = (bench.promises.grantCount, bench.promises.factCount)
        for _ in 0..<5 { try bench.step() }
        #expect(bench.promises.grantCount == before.0)
        #expect(bench.promises.factCount == before.1)
        #expect(throws: StoreError.self) { try bench.take(.pause, on: id, leadsTo: .paused) }
        let core = try #require(bench.core)
        let next = try #require(core.nextTurn)
        #expect(next.milliseconds(since: bench.coordinatorNow) == LoopLimits.failedMilliseconds)
        #expect(bench.notes.contains { $0.level == .error && ($0.event == .storage || $0.event == .diskFull) })
    }

    @Test("a turn whose sync failed says nothing, and what was promised before is there after a cut")
    func failedSyncIsLost() throws {
        let bench = try PowerBench(seed: 4, workers: 1, contacts: 60)
        _ = try #require(try bench.start())
        try bench.step()
        bench.disk.fail(.sync, with: .sync, times: 1)
        var before = (grants: 0, facts: 0)
        for _ in 0..<3 where bench.disk.faults == 0 {
            before = (bench.promises.grantCount, bench.promises.factCount)
            try bench.step(milliseconds: 2_000...2_000)
        }
        #expect(bench.disk.faults == 1)
        #expect(bench.core?.counters.failedTurns == 1)
        #expect(bench.promises.grantCount == before.grants)
        #expect(bench.promises.factCount == before.facts)
        #expect(try bench.cutPower(seed: 9) == [])
    }
}
