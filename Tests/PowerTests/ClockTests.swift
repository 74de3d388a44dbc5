import Domain
import Engine
import Storage
import Telemetry
import Testing

@testable import CoordinatorCore

@Suite("The machine's clock is set while campaigns run")
struct ClockTests {
    private static let year: Int64 = 365 * 86_400_000

    enum Moment: CaseIterable {
        /// While the coordinator runs.
        case running
        /// While its process is away.
        case restart
        /// While the machine is off; set back, or right before it came up.
        case reboot
        /// While it runs, and then the machine starts anew.
        case runningThenReboot
        /// There and, later, back.
        case thereAndBack
    }

    @Test(
        "a jump of a year costs nobody a message, brings nobody a second one, and lets no more through than the limits",
        arguments: Moment.allCases,
        [-year, year]
    )
    func jumps(moment: Moment, jump: Int64) throws {
        // After a machine was off, a clock that is ahead cannot be told from a long time.
        if moment == .reboot, jump > 0 { return }
        let bench = try PowerBench(seed: UInt64(abs(jump) % 97) + UInt64(jump > 0 ? 1 : 2), workers: 2, contacts: 240)
        let first = try #require(try bench.start("schedule: {expires_after: 3d}\nthrottles: [\"400/h,burst=100\"]\n"))
        let second = try #require(try bench.start("schedule: {expires_after: 3d}\n"))
        let began = bench.now
        for _ in 0..<20 { try bench.step() }

        switch moment {
        case .running, .thereAndBack: self.set(bench, by: jump)
        case .restart:
            self.set(bench, by: jump)
            try bench.restart(reboots: false)
        case .reboot:
            self.set(bench, by: jump)
            try bench.restart(reboots: true)
        case .runningThenReboot:
            self.set(bench, by: jump)
            for _ in 0..<5 { try bench.step() }
            try bench.restart(reboots: true)
        }
        for _ in 0..<20 { try bench.step() }
        if moment == .thereAndBack { self.set(bench, by: -jump) }

        #expect(try bench.finish([first, second]))
        // 240 at 400 an hour, and retries: nobody waited for a year.
        #expect(bench.now.milliseconds(since: began) < 2 * 3_600_000)
        for id in [first, second] { #expect(try bench.faults(of: id, audience: 240) == []) }
        let limit = PowerBench.relayLimit
        #expect(bench.departures.most(inMilliseconds: limit.periodMilliseconds) <= limit.quantity + limit.burst)
        #expect(bench.departures.most(inMilliseconds: 3_600_000, of: UInt64(first.rawValue)) <= 500)
        // Leases did not notice.
        #expect(!bench.notes.contains { $0.event == .leaseExpired })
        #expect(bench.notes.contains { $0.event == .clockJumped })
    }

    @Test("when no campaign is left, times are the machine's again, and a limit does not forget what it let through")
    func settles() throws {
        let bench = try PowerBench(seed: 5, workers: 2, contacts: 120)
        let first = try #require(try bench.start())
        self.set(bench, by: Self.year)
        #expect(try bench.finish([first]))
        try bench.step()
        #expect(bench.core?.clock.skew == 0)
        #expect(bench.core?.wall == bench.wall)
        try bench.restart(reboots: true)
        let second = try #require(try bench.start())
        #expect(
            try bench.read { connection throws(StoreError) in
                try CampaignStore(connection).campaign(second)?.startedAt ?? Timestamp(milliseconds: 0)
            } >= bench.wall.advanced(byMilliseconds: -60_000)
        )
        #expect(try bench.finish([second]))
        let limit = PowerBench.relayLimit
        #expect(bench.departures.most(inMilliseconds: limit.periodMilliseconds) <= limit.quantity + limit.burst)
    }

    private func set(_ bench: PowerBench, by milliseconds: Int64) {
        bench.wall = bench.wall.advanced(byMilliseconds: milliseconds)
    }
}
