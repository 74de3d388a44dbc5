import Domain
import Engine
import Storage
import StorageSQLite
import Testing
import Wire

@testable import CoordinatorCore

@Suite("The loop: targets as they are listed")
struct LoopTargetListTests {
    private func list(_ id: Campaign.ID, _ bench: LoopBench) throws -> [TargetReport] {
        var pages = TargetPages(campaign: id, filter: .all, rollup: [:])
        var rows: [TargetReport] = []
        while let page = try bench.database.access({ connection throws(StoreError) in try pages.next(on: connection) })
        {
            rows += page
        }
        return rows
    }

    @Test("whoever expired or was cancelled after attempts is listed with the last answer", arguments: [false, true])
    func decided(cancels: Bool) throws {
        let bench = try LoopBench()
        try bench.addContacts(10)
        let id = try bench.start(LoopBench.campaign("schedule: {expires_after: 1h}"))
        let worker = try bench.connectedWorker("w1", credit: 4)
        try bench.turn([worker.credit(0, at: bench.now)])
        for text in ["Not yet", "Later"] {
            worker.reply = filled(WireReply()) {
                $0.code = 451
                $0.status = "4.2.0"
                $0.text = text
            }
            for grant in worker.takeGrants() {
                try bench.turn([worker.report(.deferred, of: grant, reason: "temporary")])
            }
            try bench.step(.pause, on: id)
            try bench.execute("UPDATE target SET due = \(bench.wall.milliseconds) WHERE due IS NOT NULL")
            try bench.step(.resume, on: id)
            try bench.restart()
            guard text == "Not yet" else { break }
            try bench.turn([worker.hello()])
            bench.advance(1_000)
            try bench.turn([worker.credit(4, at: bench.now)])
            try bench.turn([worker.credit(0, at: bench.now)])
        }
        if cancels { try bench.step(.cancel, on: id) } else { bench.advance(7_200_000) }
        for _ in 0..<4 { try bench.turn() }
        let rows = try self.list(id, bench)
        #expect(rows.count == 10 && rows.allSatisfy { $0.outcome == (cancels ? .cancelled : .expired) })
        let tried = rows.filter { $0.attempts > 0 }
        #expect(!tried.isEmpty && tried.count < 10)
        for row in rows {
            #expect(row.wasTried == (row.attempts > 0))
            #expect(row.reply?.text == [0: nil, 1: "Not yet", 2: "Later"][row.attempts, default: nil])
        }
        #expect(tried.contains { $0.attempts == 2 } || tried.count == 8)
    }
}
