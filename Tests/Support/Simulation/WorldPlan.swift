import CoordinatorCore
import Domain
import Engine

/// Who takes part in one simulation, and how long the trouble lasts: drawn from the seed.
struct WorldPlan {
    struct Person {
        let address: String
        let site: String
        let isSuppressed: Bool
        /// Whoever makes a message for them dies of it.
        var isPoison = false
    }

    struct Worker {
        let name: String
        let connections: Int
        let clock: MachineClock
    }

    var people: [Person] = []
    var workers: [Worker] = []
    var settings = DrivenLoop.Settings()
    var coordinatorClock: MachineClock
    var relays: [(name: String, port: Int, offersPipelining: Bool, manners: SimulatedRelay.Manners)] = []
    var weather: Weather
    /// How relays behave once nothing goes wrong any more.
    var fairManners = SimulatedRelay.Manners()
    /// How long things go wrong, in milliseconds.
    var troubleMilliseconds: Int64
    /// Campaigns of the first minutes, as lines beyond what all have.
    var campaigns: [String] = []

    /// Hours that end a minute after the simulation begins by a clock that is right.
    static let window = #"window: "00:01-08:01""#
    /// When they end, in milliseconds from ``MachineClock/epoch``, by the coordinator's wall clock.
    static let closingMilliseconds: Int64 = 60_000
    /// What clocks that run differently make of the length of a lease; frames are under way for as long at most.
    static let closingErrorMilliseconds: Int64 = 1_000

    /// Longest delay between two attempts.
    static let retryMilliseconds: Int64 = 8_000

    init(_ random: inout SplitMix64) {
        self.coordinatorClock = Self.clock(&random)
        self.weather = Weather.drawn(&random)
        self.troubleMilliseconds = random.time(8_000...40_000)
        let size = random.pick([12, 40, 40, 100, 180])
        let sites = random.number(1..<6)
        let hasPoison = random.chance(150)
        for index in 0..<size {
            let site = "s\(random.number(0..<sites)).example"
            let isBad = random.chance(40)
            self.people.append(
                Person(
                    address: "\(isBad ? "bad" : "p")\(index + 1)@\(site)",
                    site: site,
                    isSuppressed: random.chance(30),
                    isPoison: hasPoison && random.chance(15)
                )
            )
        }
        for index in 0..<random.pick([1, 1, 2, 2, 3, 4]) {
            self.workers.append(
                Worker(name: "w\(index)", connections: random.number(1..<6), clock: Self.clock(&random))
            )
        }
        self.drawSettings(&random, sites: sites)
        self.drawCaps(&random)
        for _ in 0..<3 { self.campaigns.append(Self.campaign(&random, relays: self.relays.map(\.name))) }
        // Hours are those of the wall clock.
        if self.campaigns.contains(where: { $0.contains(Self.window) }) {
            self.weather.acts.removeAll { $0.act == .jumpWall }
            // So that they end while things go wrong.
            self.coordinatorClock.wallError = random.time(20_000...50_000)
        }
    }

    private mutating func drawSettings(_ random: inout SplitMix64, sites: Int) {
        self.settings.leaseTTLMilliseconds = random.pick([6_000, 10_000, 20_000])
        self.settings.orphanGraceMilliseconds = random.pick([1_000, 5_000, 20_000])
        self.settings.clusterLimits = Self.limits(&random, 250)
        self.settings.otherSites = .init(limits: Self.limits(&random, 300), connections: random.number(1..<9))
        for site in 0..<sites where random.chance(400) {
            self.settings.sites["s\(site).example"] = .init(
                limits: Self.limits(&random, 500),
                connections: random.number(1..<9)
            )
        }
        for index in 0..<(random.chance(400) ? 2 : 1) {
            let name = index == 0 ? "main" : "second"
            self.relays.append((name, 2_500 + index, random.chance(700), SimulatedRelay.Manners.drawn(&random)))
            self.settings.relays.append(
                .init(
                    name: name,
                    url: "smtp://127.0.0.1:\(2_500 + index)",
                    limits: Self.limits(&random, 350),
                    retries: RetryPolicy(delays: [500, 2_000, Self.retryMilliseconds], jitter: 0.2)
                )
            )
        }
    }

    /// Caps look back by the wall clock, so worlds that have them have one that nobody sets.
    private mutating func drawCaps(_ random: inout SplitMix64) {
        guard random.chance(250), let cap = FrequencyCap(random.pick(["1/30d", "2/30d"])) else { return }
        self.settings.caps = [cap]
        self.weather.acts.removeAll { $0.act == .jumpWall }
    }

    private static func limits(_ random: inout SplitMix64, _ chance: Int) -> [Limit] {
        guard random.chance(chance) else { return [] }
        return [
            random.pick([
                Limit(quantity: 20, periodMilliseconds: 1_000),
                Limit(quantity: 10, periodMilliseconds: 1_000, burst: 3),
                Limit(quantity: 600, periodMilliseconds: 60_000, burst: 30),
                Limit(quantity: 50, periodMilliseconds: 5_000),
                Limit(quantity: 100, periodMilliseconds: 1_000, burst: 10),
            ])
        ]
    }

    private static func campaign(_ random: inout SplitMix64, relays: [String]) -> String {
        var lines = ["relay: \(random.pick(relays))", "on_doubt: \(random.pick(["hold", "resend"]))"]
        if random.chance(250) { lines.append("throttles: [\"\(random.pick(["15/s", "30/s,burst=4", "300/min"]))\"]") }
        let expires = random.pick(["15s", "40s"])
        if random.chance(150) {
            lines.append("schedule: {expires_after: \(expires)}")
        } else if random.chance(180) {
            lines.append("schedule: {expires_after: \(expires), timezone: UTC, \(Self.window)}")
        }
        return lines.joined(separator: "\n")
    }

    /// Within a hundredth of the truth: ten times worse than any clock that is sold.
    private static func clock(_ random: inout SplitMix64) -> MachineClock {
        MachineClock(offset: random.time(0...100_000_000), drift: random.time(-10_000...10_000))
    }

    /// A worst case of how long everything may take once nothing goes wrong any more, in milliseconds.
    ///
    /// A worker may be away until its leases end and the grace after them; a relay that failed for long is tried again after 75 s at
    /// most, and a slow reply may still be under way; each target may then need one more attempt, and leaves no sooner than the
    /// slowest limit lets it: a site that asked for patience has a tenth of its rate.
    var patienceMilliseconds: Int64 {
        let leases = 2 * (self.settings.leaseTTLMilliseconds + 5_000 + self.settings.orphanGraceMilliseconds)
        let relays: Int64 = 75_000 + 2 * 90_000
        let retries = 2 * Self.retryMilliseconds
        let sending = Int64(self.people.count * self.campaigns.count) * 1_000
        // Each time about half of the suspects are found innocent, and the worker comes back within seconds.
        let poisoned = Int64(self.people.count { $0.isPoison } * self.campaigns.count) * 12 * (leases + 10_000)
        return leases + relays + retries + sending + poisoned + 60_000
    }
}
