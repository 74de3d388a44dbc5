import Domain
import Engine
import Storage
import UserFiles
import Wire

/// What a campaign would ask of the cluster.
struct CampaignLoad: Sendable {
    let relay: String
    /// Messages that would be sent.
    let messages: Int
    /// People that may be written to, by site.
    let sites: [String: Int]
    let throttles: [Limit]
    let budget: Budget?
    /// When who may be written to.
    let groups: [FinishForecast.Group]

    init(
        _ plan: CampaignPlan,
        _ fold: AudienceFold,
        sites: [String: Int],
        relay: String,
        groups: [FinishForecast.Group] = [FinishForecast.always]
    ) {
        self.relay = relay
        self.groups = groups
        self.throttles = plan.file.throttles
        self.budget = plan.file.budget
        let wanted = AudienceExpectation(plan, fold).messages
        // Those whose hours never come are among all the others.
        let never = groups.reduce(0) { $0 + ($1.times.isEmpty ? $1.share : 0) }
        self.messages = Int((Double(wanted) * (1 - never)).rounded())
        // Who gets nothing because of what they lack is spread over all sites alike.
        let all = sites.values.reduce(0, +)
        let share = all > 0 ? Double(wanted) / Double(all) : 0
        self.sites = sites.mapValues { Int((Double($0) * share).rounded()) }
    }
}

/// What the cluster would do with it.
struct CampaignOutlook: Sendable {
    let forecast: FinishForecast
    /// The time that one site of many small ones takes by its own limit, when that is the longest of them.
    let slowestSmallSite: (seconds: Double, limit: String)?
    let costPerMessage: Money
    /// How long the relay kept a connection busy with a message; `nil` when nothing was measured.
    let messageSeconds: Double?
    let connections: Int
    /// What guards hold of it, and why.
    let holds: [Hold]

    struct Hold: Hashable, Sendable {
        /// `nil`: all of it.
        let site: String?
        let text: String
    }
}

/// How long a relay takes over a message, by what workers measured lately.
struct RelayTime: Sendable {
    private var messages: Double = 0
    private var microseconds: Double = 0

    /// What was measured before counts half once so many more messages were.
    private static let messagesKept: Double = 2_000

    mutating func add(_ timing: WireRelayTiming) {
        guard timing.messages > 0 else { return }
        if self.messages > Self.messagesKept {
            self.messages /= 2
            self.microseconds /= 2
        }
        self.messages += Double(timing.messages)
        self.microseconds += Double(timing.microseconds)
    }

    /// Seconds; `nil` before the first.
    var seconds: Double? { self.messages > 0 ? self.microseconds / self.messages / 1_000_000 : nil }
}

extension LoopCore {
    /// Until workers have measured: what a relay takes that is near.
    private static let assumedMessageSeconds = 0.02
    /// Connections of one worker that is yet to come.
    private static let assumedConnections = 32
    /// What one worker sends at most.
    private static let messagesPerSecondOfWorker: Double = 15_000

    /// Puts together what decides when a campaign would be done, as things are now.
    func outlook(for load: CampaignLoad) -> CampaignOutlook {
        let sessions = self.sortedSessions().filter { !self.drained.contains($0.name) }
        let connections = sessions.reduce(0) { $0 + $1.connections }
        let measured = self.relayTimes[load.relay]?.seconds
        let (queues, slowest) = self.queues(of: load)
        func buckets(_ name: String, _ limits: [Limit]) -> [FinishForecast.Bucket] {
            limits.map { FinishForecast.Bucket(name: name, limit: $0) }
        }
        let relay = self.options.relays[load.relay]
        let cost = relay?.costPerMessage ?? Money(billionths: 0)
        let forecast = FinishForecast(
            queues: self.paid(queues, load, at: cost),
            shared: buckets("cluster", self.options.clusterLimits) + buckets("relay \(load.relay)", relay?.limits ?? [])
                + buckets("campaign", load.throttles),
            connections: sessions.isEmpty ? Self.assumedConnections : connections,
            latencySeconds: measured ?? Self.assumedMessageSeconds,
            messagesPerSecondMax: Self.messagesPerSecondOfWorker * Double(max(1, sessions.count)),
            groups: load.groups
        )
        return CampaignOutlook(
            forecast: forecast,
            slowestSmallSite: slowest,
            costPerMessage: cost,
            messageSeconds: measured,
            connections: sessions.isEmpty ? Self.assumedConnections : connections,
            holds: self.holds(on: load)
        )
    }

    /// The queues, as far as the budget pays for them.
    private func paid(
        _ queues: [FinishForecast.Queue],
        _ load: CampaignLoad,
        at cost: Money
    ) -> [FinishForecast.Queue] {
        guard let paid = load.budget?.messages(at: cost), paid < load.messages else { return queues }
        let share = Double(paid) / Double(max(1, load.messages))
        return queues.map { queue in
            var queue = queue
            queue.messages *= share
            return queue
        }
    }

    /// What guards would hold of it.
    private func holds(on load: CampaignLoad) -> [CampaignOutlook.Hold] {
        if let text = self.guards.hold(.relay(load.relay)) { return [CampaignOutlook.Hold(site: nil, text: text)] }
        return load.sites.keys.sorted().compactMap { site in
            self.guards.hold(.site(site)).map { CampaignOutlook.Hold(site: site, text: $0) }
        }
    }

    /// Lanes as they would be frozen: sites that are named or large, and those that the small ones share.
    private func queues(
        of load: CampaignLoad
    ) -> (queues: [FinishForecast.Queue], slowest: (seconds: Double, limit: String)?) {
        var queues: [FinishForecast.Queue] = []
        var tails: [String: Int] = [:]
        var slowest: (seconds: Double, limit: String)?
        let sites = load.sites.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        for (site, count) in sites where count > 0 {
            let limits = self.options.siteLimits(site)
            let isLarge = count >= Int(LoopLimits.ownLaneTargets) || self.options.namedSites.contains(site)
            if isLarge, queues.count < LoopLimits.ownLanes {
                let pace = self.paces[site]
                queues.append(
                    FinishForecast.Queue(
                        name: "site \(site)",
                        messages: count,
                        slots: pace?.slots(of: limits.connections) ?? limits.connections,
                        buckets: limits.limits.map {
                            FinishForecast.Bucket(name: "site \(site)", limit: $0, factor: pace?.factor ?? 1)
                        }
                    )
                )
                continue
            }
            tails[self.tailName(of: site), default: 0] += count
            for limit in limits.limits {
                let seconds =
                    Double(max(0, count - limit.burst)) * Double(limit.periodMilliseconds) / 1_000
                    / Double(limit.quantity)
                if seconds > slowest?.seconds ?? 0 { slowest = (seconds, "site \(site): \(limit.text)") }
            }
        }
        for (name, count) in tails.sorted(by: { $0.key < $1.key }) {
            let slots = self.options.siteLimits(name).connections
            queues.append(FinishForecast.Queue(name: "small sites", messages: count, slots: slots, buckets: []))
        }
        return (queues, slowest)
    }
}
