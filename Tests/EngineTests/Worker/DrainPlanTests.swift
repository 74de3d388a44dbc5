import Domain
import Testing

@testable import Engine

@Suite("DrainPlan")
struct DrainPlanTests {
    /// One question: when, what is open, whether all is reported, and the answer.
    typealias Row = (at: Int64, open: Int, isReported: Bool, step: DrainPlan.Step)

    @Test(
        "a worker waits for what is open, then for acknowledgements, and for neither too long",
        arguments: [
            [(0, 0, true, .leave), (1, 0, true, .wait)],
            [(0, 3, false, .wait), (10, 0, false, .wait), (20, 0, true, .leave)],
            [(29_999, 1, false, .wait), (30_000, 1, false, .cut), (30_001, 0, true, .leave)],
            [(30_000, 1, false, .cut), (32_999, 1, false, .wait), (33_000, 1, false, .leave)],
            [(5, 0, false, .wait), (3_004, 0, false, .wait), (3_005, 0, false, .leave)],
        ] as [[Row]]
    )
    func schedule(rows: [Row]) {
        var plan = DrainPlan(at: Instant(milliseconds: 0))
        for row in rows {
            let step = plan.step(open: row.open, isReported: row.isReported, at: Instant(milliseconds: row.at))
            #expect(step == row.step, "at \(row.at)")
        }
    }
}
