import Domain
import Engine
import Storage
import UserFiles

/// What is going on now, for people who watch.
extension LoopCore {
    /// Reads memory, and of the database the list of workers alone: some hundred microseconds, once a second for each who watches.
    func top(allowed: [String]) throws(StoreError) -> TopAnswer {
        let running = self.campaigns.values.sorted { $0.id < $1.id }
        let statuses = running.map { self.status(of: $0) }
        return TopAnswer(
            at: self.wall,
            build: Build.version,
            restored: self.restoredText,
            campaigns: zip(running, statuses).map { self.top(of: $0, status: $1) },
            lanes: self.topLanes(running),
            relays: self.topRelays(zip(running, statuses).map { ($0, $1) }),
            workers: try self.workers(allowed: allowed)
        )
    }

    private func top(of campaign: RunningCampaign, status: CampaignStatus) -> TopCampaign {
        let counts = status.counts
        let open = counts.pending + counts.leased + counts.deferred
        let tightest = self.tightestLimit(of: campaign, open: open)
        var seconds: Double?
        if !status.freezing, campaign.record.state == .running {
            if open == 0 {
                seconds = 0
            } else if status.ratePerSecond > 0 {
                seconds = max(Double(open) / status.ratePerSecond, tightest?.seconds ?? 0)
            }
        }
        return TopCampaign(
            status: status,
            deferredPerSecond: campaign.deferredRate.perSecond(at: self.now),
            tightest: tightest.map { TightLimit(scope: $0.scope, limit: $0.limit.text) },
            secondsLeft: seconds
        )
    }

    private struct Need {
        let scope: String
        let limit: Limit
        /// Time that what is open takes under this limit alone.
        let seconds: Double
    }

    /// The limit under which what is open takes longest, if it had each limit for itself.
    private func tightestLimit(of campaign: RunningCampaign, open: Int) -> Need? {
        guard open > 0 else { return nil }
        var tightest: Need?
        func consider(_ scope: String, _ limits: [Limit], open: Int, factor: Double = 1) {
            for limit in limits {
                let perSecond = Double(limit.quantity) * 1_000 * factor / Double(limit.periodMilliseconds)
                let seconds = Double(open) / perSecond
                // The first of several equals, so that the answer does not jump.
                if seconds > tightest?.seconds ?? 0 { tightest = Need(scope: scope, limit: limit, seconds: seconds) }
            }
        }
        consider("campaign", campaign.plan?.file.throttles ?? [], open: open)
        let relay = campaign.record.relay
        consider("relay \(relay)", self.options.relays[relay]?.limits ?? [], open: open)
        consider("cluster", self.options.clusterLimits, open: open)
        for lane in campaign.lanes where !lane.record.isTail {
            let site = lane.record.site
            consider(
                "site \(site)",
                self.options.siteLimits(site).limits,
                open: lane.open,
                factor: self.paces[site]?.factor ?? 1
            )
        }
        return tightest
    }

    private func topLanes(_ campaigns: [RunningCampaign]) -> [TopLane] {
        var lanes: [TopLane] = []
        for campaign in campaigns {
            for lane in campaign.lanes where lane.open > 0 {
                lanes.append(
                    TopLane(
                        campaign: campaign.id.publicID,
                        relay: campaign.record.relay,
                        site: lane.record.site,
                        open: lane.open,
                        deferred: lane.record.counts.deferred,
                        pace: self.paces[lane.record.site]?.factor ?? 1
                    )
                )
            }
        }
        // A stable order for equals: by campaign, then by lane.
        let order = lanes.indices.sorted { (lanes[$1].open, $0) < (lanes[$0].open, $1) }
        return order.prefix(TopAnswer.lanesMax).map { lanes[$0] }
    }

    private func topRelays(_ campaigns: [(RunningCampaign, CampaignStatus)]) -> [TopRelay] {
        self.options.relays.keys.sorted().map { name in
            let its = campaigns.filter { $0.0.record.relay == name && $0.0.record.state == .running }
            let problems = self.sortedSessions().compactMap { $0.relayProblems[name]?.text }
            return TopRelay(
                name: name,
                acceptedPerSecond: its.reduce(0) { $0 + $1.1.ratePerSecond },
                open: its.reduce(0) { sum, one in
                    sum + one.1.counts.pending + one.1.counts.leased + one.1.counts.deferred
                },
                workersInTrouble: problems.count,
                problem: problems.first
            )
        }
    }
}

extension RunningLane {
    /// Targets without a final outcome.
    fileprivate var open: Int { self.record.audience - self.record.counts.sum + self.record.counts.deferred }
}
