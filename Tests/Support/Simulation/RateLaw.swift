import CoordinatorCore
import Domain

/// Limits hold at the relay: in any window of a limit's period at most quantity + burst messages leave.
struct RateLaw {
    struct Departure {
        let time: Int64
        let campaign: Int64
        let relay: String
        let site: String
    }

    private let departures: [(at: Int64, departure: Departure)]

    /// Time is the coordinator's, which lets permits flow in.
    init(_ departures: [Departure], clock: MachineClock) {
        self.departures = departures.sorted { $0.time < $1.time }.map {
            (clock.boot(at: $0.time).milliseconds, $0)
        }
    }

    func problems(_ settings: DrivenLoop.Settings, campaigns: [(id: Int64, limits: [Limit])]) -> [String] {
        var problems: [String] = []
        func check(_ name: String, _ limits: [Limit], _ matches: (Departure) -> Bool) {
            guard !limits.isEmpty else { return }
            let times = self.departures.filter { matches($0.departure) }.map(\.at)
            for limit in limits {
                let most = Self.most(times, within: limit.periodMilliseconds)
                if most > limit.quantity + limit.burst {
                    problems.append("\(name): \(most) messages left within one period of \(limit)")
                }
            }
        }
        check("cluster", settings.clusterLimits) { _ in true }
        for relay in settings.relays { check("relay \(relay.name)", relay.limits) { $0.relay == relay.name } }
        for campaign in campaigns { check("c\(campaign.id)", campaign.limits) { $0.campaign == campaign.id } }
        for site in Set(self.departures.map(\.departure.site)).sorted() {
            check(site, (settings.sites[site] ?? settings.otherSites).limits) { $0.site == site }
        }
        return problems
    }

    private static func most(_ times: [Int64], within period: Int64) -> Int {
        var most = 0
        var first = 0
        for last in times.indices {
            while times[last] - times[first] >= period { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }
}
