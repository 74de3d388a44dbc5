import CoordinatorCore
import Domain
import Engine
import Storage

/// Compares what a plan predicts with what happens, in virtual time and fair weather.
///
/// A first campaign lets the workers measure the relay; then the second one is planned, and sent.
package struct ForecastRun {
    /// What holds the campaign up.
    package enum Bottleneck: String, Sendable, CaseIterable {
        case siteLimit
        case relayLimit
        case slowRelay
        /// Sending begins when the window does, and a limit counts from then.
        case window
    }

    /// What came of it.
    package struct Outcome: Sendable {
        /// Seconds from start to finish, as predicted.
        package let predicted: Double
        package let tightest: String
        /// As it was.
        package let actual: Double
        package let violation: String?
    }

    private static let people = 500
    /// The world begins at 08:00, and the first campaign takes half a minute.
    private static let opening = "08:01"

    /// Runs one set-up.
    package static func run(_ bottleneck: Bottleneck, seed: UInt64) throws -> Outcome {
        let world = try World(seed: seed, sabotage: .none, keepsTrace: false) { plan in
            Self.calm(&plan)
            Self.limit(&plan, bottleneck)
        }
        var forecast: Result<(seconds: Double, tightest: String), any Error>?
        world.whenOver = { [unowned world] in
            guard forecast == nil, let loop = world.coordinator.loop else { return false }
            forecast = Result { try world.askLoop { try loop.forecast(world.operators.source(1)) } }
            world.operators.want(2)
            return true
        }
        world.run()
        let found = try forecast?.get() ?? (0, "never planned")
        let times = world.books.rows("SELECT finished_at - started_at FROM campaign WHERE name = 'n1'") {
            Double($0.integer(0)) / 1_000
        }
        return Outcome(
            predicted: found.0,
            tightest: found.1,
            actual: times.first ?? 0,
            violation: world.laws.violation
        )
    }

    private static func calm(_ plan: inout WorldPlan) {
        plan.coordinatorClock = MachineClock(offset: 1_000, drift: 0)
        plan.weather = Weather()
        plan.troubleMilliseconds = 100
        plan.people = (0..<Self.people).map { index in
            let site = "s\(index % 2).example"
            return WorldPlan.Person(address: "p\(index + 1)@\(site)", site: site, isSuppressed: false)
        }
        plan.workers = (0..<2).map { index in
            WorldPlan.Worker(name: "w\(index)", connections: 4, clock: MachineClock(offset: 5_000, drift: 0))
        }
        plan.settings.clusterLimits = []
        plan.settings.caps = []
        plan.settings.sites = [:]
        plan.settings.otherSites = .init(limits: [], connections: 100)
        plan.settings.leaseTTLMilliseconds = 60_000
        plan.relays = [("main", 2_500, true, SimulatedRelay.Manners())]
        plan.settings.relays = [
            .init(
                name: "main",
                url: "smtp://127.0.0.1:2500",
                limits: [],
                retries: RetryPolicy(delays: [500, 2_000], jitter: 0.2)
            )
        ]
        plan.campaigns = ["relay: main", "relay: main"]
    }

    private static func limit(_ plan: inout WorldPlan, _ bottleneck: Bottleneck) {
        switch bottleneck {
        case .siteLimit:
            plan.settings.sites["s0.example"] = .init(
                limits: [Limit(quantity: 10, periodMilliseconds: 1_000)],
                connections: 8
            )
        case .relayLimit: plan.settings.relays[0].limits = [Limit(quantity: 20, periodMilliseconds: 1_000)]
        case .window:
            plan.settings.relays[0].limits = [Limit(quantity: 20, periodMilliseconds: 1_000)]
            plan.campaigns[1] += "\nschedule: {timezone: UTC, window: \"\(Self.opening)-23:59\"}"
        case .slowRelay:
            plan.fairManners.isSlow = 1_000
            plan.fairManners.slowMilliseconds = 1_001
            plan.relays[0].manners = plan.fairManners
        }
    }
}
