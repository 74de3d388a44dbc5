import Domain
import Storage
import Telemetry
import Testing

@testable import CoordinatorCore

@Suite("A statement that the store refuses each time")
struct RefusedStatementTests {
    private func bench(_ trigger: String) throws -> PowerBench {
        let bench = try PowerBench(seed: 3, workers: 2, contacts: 120)
        for worker in bench.workers { worker.isCalm = true }
        try self.execute(bench, "CREATE TRIGGER refuses \(trigger) BEGIN SELECT RAISE(ABORT, 'refused'); END")
        return bench
    }

    private func execute(_ bench: PowerBench, _ sql: String) throws {
        try bench.read { connection throws(StoreError) in try connection.execute(sql) }
    }

    private func said(_ bench: PowerBench, _ text: String) -> Bool {
        bench.notes.contains { $0.event == .storage && $0.message.contains(text) }
    }

    @Test("what explains an outcome is dropped when it cannot be stored; the outcome is not")
    func bare() throws {
        let bench = try self.bench("BEFORE INSERT ON ledger WHEN NEW.position = 7 AND NEW.code IS NOT NULL")
        let id = try #require(try bench.start())
        #expect(try bench.finish([id]))
        #expect(try bench.faults(of: id, audience: 120) == [])
        #expect(self.said(bench, "is refused by the store"))
        #expect(bench.core?.counters.failedTurns ?? 0 < 40)
    }

    @Test("an outcome that cannot be stored stays with its worker, and all others are recorded")
    func leftOut() throws {
        let bench = try self.bench("BEFORE INSERT ON ledger WHEN NEW.position = 7 AND NEW.lane = 0")
        let id = try #require(try bench.start())
        #expect(try !bench.finish([id], turns: 300))
        let open = try bench.outcomes(id).filter { $0.value.outcome == nil }
        #expect(open.count == 1)
        #expect(open.allSatisfy { bench.departures.taken(UInt64(id.rawValue), $0.key) == 1 })
        // Also when its lease has long run out, and once more after a turn that failed over it: one target is no reason to stop its
        // campaign.
        for _ in 0..<6 {
            bench.advance(1_400_000)
            for _ in 0..<10 { try bench.step(milliseconds: 6_000...6_000) }
        }
        #expect(bench.core?.blame.halted.isEmpty == true)
        #expect(try bench.outcomes(id).filter { $0.value.outcome == nil }.count == 1)
        // Mended, and started again: it is told once more.
        try self.execute(bench, "DROP TRIGGER refuses")
        try bench.restart(reboots: false)
        #expect(try bench.finish([id]))
        #expect(try bench.faults(of: id, audience: 120) == [])
    }

    @Test("a campaign that cannot be continued does not stop another one", arguments: ["shard", "lane"])
    func campaign(table: String) throws {
        let bench = try PowerBench(seed: 3, workers: 2, contacts: 120)
        let first = try #require(try bench.start())
        let other = try #require(try bench.start())
        try self.execute(
            bench,
            """
            CREATE TRIGGER refuses BEFORE INSERT ON \(table) WHEN NEW.campaign = 1
            BEGIN SELECT RAISE(ABORT, 'refused'); END
            """
        )
        #expect(try bench.finish([other]))
        #expect(try bench.faults(of: other, audience: 120) == [])
        #expect(self.said(bench, "c1 cannot be continued"))
        #expect(try bench.status(first).state == .running)
        // Who cancelled it now would leave its people without an outcome.
        #expect(throws: OperationError.self) { try bench.take(.cancel, on: first, leadsTo: .cancelled) }
        #expect(try bench.status(first).state == .running)

        try self.execute(bench, "DROP TRIGGER refuses")
        try bench.restart(reboots: false)
        #expect(try bench.finish([first]))
        #expect(try bench.faults(of: first, audience: 120) == [])
    }

    @Test("a worker whose Hello cannot be stored waits a minute, and the others work")
    func hello() throws {
        let bench = try self.bench("BEFORE INSERT ON worker WHEN NEW.name = 'w0'")
        var id: Campaign.ID?
        for _ in 0..<20 where id == nil { id = try? bench.start() }
        let campaign = try #require(id)
        #expect(try bench.finish([campaign], turns: 600))
        #expect(try bench.faults(of: campaign, audience: 120) == [])
        #expect(self.said(bench, "frames of worker w0"))
        #expect(bench.core?.counters.malformed ?? 0 > 0)

        try self.execute(bench, "DROP TRIGGER refuses")
        bench.advance(TurnBlame.framesMilliseconds)
        for _ in 0..<3 { try bench.step(milliseconds: 6_000...6_000) }
        #expect(bench.core?.sessionOfWorker["w0"] != nil)
    }
}
