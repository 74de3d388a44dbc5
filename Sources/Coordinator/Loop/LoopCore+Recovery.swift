import Domain
import Engine
import Logging
import Storage
import Telemetry
import UserFiles

extension LoopCore {
    /// Begins a new incarnation and reads the state; once, before the first turn.
    func start(now: Instant, wall: Timestamp) throws(StoreError) {
        self.now = now
        try self.startClock(wall)
        try self.beginIncarnation()
        try self.reload()
        try self.reserveFirst()
    }

    /// Reads everything that is kept in memory from the database.
    func reload() throws(StoreError) {
        self.mustReload = true
        try self.reloadRestore()
        self.campaigns.removeAll()
        self.paces.removeAll()
        self.busyLanes.removeAll()
        self.leases = LeaseTable()
        self.throttles = ThrottleTable()
        self.queue = LaneQueue()
        self.orphans = TimerHeap()
        self.unreadable.removeAll()
        self.reservation = nil
        self.capsFrom = nil
        try self.readGuards()
        try self.readDrained()
        let levels = ThrottleLevels(try self.stores.cluster.levels())
        self.defineThrottles(levels)
        let names = try self.names()
        for record in try self.stores.campaigns.active() {
            if let problem = self.blame.halted[record.id] {
                self.unreadable[record.id] = problem
                continue
            }
            var plan: CampaignPlan?
            do throws(PlanProblems) {
                plan = try self.readPlan(record, names)
            } catch {
                self.cannotContinue(record, error.text)
            }
            _ = try self.resume(record, plan: plan, levels: levels)
        }
        try self.readScheduled(names)
        // Of a time that the database does not know all of: its leases may have ended, so nobody's authority counts.
        if self.restored == nil { try self.reopenLeases() }
        self.mustReload = false
    }

    /// Reads a campaign that was started and may go on.
    ///
    /// - Throws: What keeps it from that: it cannot be read any more, is not what was approved, or has links that cannot be made.
    private func readPlan(_ record: CampaignRecord, _ names: ExpressionNames) throws(PlanProblems) -> CampaignPlan {
        let plan = try CampaignPlan(record, names: names, caps: self.options.caps)
        try CampaignDigest.check(record)
        // Its headers were looked at when it was started.
        if plan.usesLink, let problem = plan.linkProblem(hasLinks: self.options.links != nil) {
            throw PlanProblems(diagnostics: [problem])
        }
        return plan
    }

    private func cannotContinue(_ record: CampaignRecord, _ problem: String) {
        self.unreadable[record.id] = problem
        self.log(
            LoopNote(
                .error,
                .storage,
                "\(record.id.publicID) cannot be continued: \(problem)",
                [(.campaign, .string(record.id.publicID)), (.problem, .string(problem))]
            )
        )
    }

    private func defineThrottles(_ levels: ThrottleLevels) {
        self.define(.cluster, limits: self.options.clusterLimits, levels: levels)
        for (name, relay) in self.options.relays { self.define(.relay(name), limits: relay.limits, levels: levels) }
        // Sites are defined when they are first granted; those with stored levels now, while the levels are at hand.
        for site in levels.sites {
            self.define(.site(site), limits: self.options.siteLimits(site).limits, levels: levels)
        }
    }

    /// Defines a scope with what was left in its buckets and what flowed in since.
    private func define(_ scope: ThrottleScope, limits: [Limit], levels: ThrottleLevels) {
        let stored = levels.now(scope, limits) { level in
            // Within one boot the boot clock tells the time that passed whatever happened to the wall clock.
            level.bootID == self.options.machineBoot
                ? self.now.milliseconds(since: level.boot) : self.wall.milliseconds - level.wall.milliseconds
        }
        self.throttles.define(scope, limits: limits, stored: stored, at: self.now)
    }

    /// Takes a campaign with unsettled targets into memory; without its plan it can only be ended.
    func resume(
        _ record: CampaignRecord,
        plan: CampaignPlan?,
        levels: ThrottleLevels
    ) throws(StoreError) -> RunningCampaign {
        let campaign = RunningCampaign(record, plan: plan, lanes: try self.stores.lanes.lanes(of: record.id))
        for index in campaign.lanes.indices {
            campaign.lanes[index].earliestDue = try self.stores.lanes.earliestDue(campaign: record.id, lane: index)
        }
        try self.readBudget(of: campaign)
        if let plan { campaign.hours = self.options.hours(of: plan.file) }
        self.campaigns[record.id] = campaign
        self.define(.campaign(record.id), limits: plan?.file.throttles ?? [], levels: levels)
        if record.state == .running { self.serve(campaign) }
        return campaign
    }

    /// Lets a campaign's lanes take part in granting.
    func serve(_ campaign: RunningCampaign) {
        guard let plan = campaign.plan else { return }
        self.queue.add(campaign: campaign.id, weight: plan.file.weight)
        for lane in campaign.lanes.indices { self.queue.wake(LaneKey(campaign: campaign.id, lane: lane)) }
    }

    /// Rebuilds the leases that were open.
    private func reopenLeases() throws(StoreError) {
        // Deadlines are not stored: no holder can have renewed later than now.
        let deadline = self.leaseDeadline
        for shard in try self.stores.shards.open() {
            guard let campaign = self.campaigns[shard.campaign] else { continue }
            let members = try self.openMembers(of: shard, in: campaign)
            guard !members.isEmpty else {
                try self.stores.shards.close(shard.epoch)
                continue
            }
            let lease = OpenLease(
                epoch: shard.epoch,
                campaign: shard.campaign,
                lane: shard.lane,
                relay: campaign.record.relay,
                holder: shard.holder,
                members: members,
                deadline: deadline
            )
            self.leases.insert(lease)
            // Whether the holder heard of a pause before the start is not known: it hears of it when it asks to renew.
            if campaign.record.state != .running || campaign.record.isCancelling || campaign.plan == nil {
                _ = self.leases.recall(lease.epoch)
            }
            self.holdPermits(for: members, of: lease)
        }
    }

    /// Counts the permits of targets that may still be sent as outstanding, though nobody debits them now.
    func holdPermits(for members: [OpenLease.Member], of lease: OpenLease) {
        guard let campaign = self.campaigns[lease.campaign] else { return }
        for scope in self.sharedScopes(campaign) {
            self.throttles.restore(outstanding: members.count, in: scope, at: self.now)
        }
        for (site, count) in Dictionary(members.map { ($0.site, 1) }, uniquingKeysWith: +) {
            self.defineSite(site)
            self.throttles.restore(outstanding: count, in: .site(site), at: self.now)
        }
    }

    private func openMembers(
        of shard: ShardRecord,
        in campaign: RunningCampaign
    ) throws(StoreError) -> [OpenLease.Member] {
        var members: [OpenLease.Member] = []
        let lane = campaign.lanes[shard.lane].record
        for row in try campaign.grants.leased(shard, on: self.connection) {
            members.append(
                OpenLease.Member(
                    position: row.target.position,
                    contact: row.target.contact,
                    variant: row.target.variant ?? self.variant(of: row, in: campaign),
                    attempts: row.target.attempts,
                    wasDeferred: row.target.outcome == .deferred,
                    wasDoubted: row.target.wasDoubted,
                    // As when it was granted, whatever became of the contact since.
                    site: lane.isTail ? self.options.site(of: row.domain) : lane.site
                )
            )
        }
        return members
    }

    var leaseDeadline: Instant {
        self.now.advanced(byMilliseconds: self.options.leaseOverMilliseconds)
    }

    /// Scopes that every target of a campaign takes a permit of, besides its site's.
    func sharedScopes(_ campaign: RunningCampaign) -> [ThrottleScope] {
        [.cluster, .relay(campaign.record.relay), .campaign(campaign.id)]
    }

    /// Makes sure that a site's limits are known to the throttles.
    func defineSite(_ site: String) {
        guard !self.throttles.isDefined(.site(site)) else { return }
        self.throttles.define(.site(site), limits: self.options.siteLimits(site).limits, at: self.now)
    }
}
