import Domain
import Engine
import Logging
import Storage
import Telemetry
import UserFiles
import Wire

/// Facts about targets that are not open in the lease they come from: joined, never believed about what should happen next.
extension LoopCore {
    func refuse(_ facts: ReceivedLeaseReport, from session: WorkerSession) {
        self.counters.refusedReports += facts.positions.count
        self.log(
            LoopNote(
                .error,
                .reportRefused,
                "worker \(session.name) reported on a lease that it never held",
                [(.worker, .string(session.name)), (.leaseEpoch, .number(facts.epoch.rawValue))]
            )
        )
    }

    /// A report on a lease that is over: what is true of the world is recorded, nothing is scheduled.
    func takeStale(_ facts: ReceivedLeaseReport, from session: WorkerSession) throws(StoreError) {
        guard let shard = try self.stores.shards.shard(facts.epoch), shard.holder == session.name else {
            _ = try self.checkEpochs([facts.epoch.rawValue], of: session.name)
            self.refuse(facts, from: session)
            return
        }
        guard self.blame.halted[shard.campaign] == nil else {
            // It could not be written; its worker tells it again to the next process.
            session.hasLeftOut = true
            return
        }
        for index in facts.positions.indices { try self.takeStale(facts, index, of: shard, from: session) }
    }

    /// One fact of a report about a target that is not open in the lease it comes from.
    func takeStale(
        _ facts: ReceivedLeaseReport,
        _ index: Int,
        of shard: ShardRecord,
        from session: WorkerSession
    ) throws(StoreError) {
        let position = facts.positions[index]
        guard shard.contents.contains(Int(position)) else {
            self.counters.refusedReports += 1
            return
        }
        guard case .settled(let outcome) = facts.outcomes[index] else { return }
        let care = self.blame.begin(facts.epoch, position)
        guard care != .leftOut else {
            session.hasLeftOut = true
            return
        }
        let key = TargetKey(campaign: shard.campaign, lane: shard.lane, position: Int(position))
        var fact = facts.fact(index, key: key, outcome: outcome, worker: session.name)
        if care == .bare { fact = fact.bare(at: self.wall) }
        try self.join(fact, in: self.campaigns[shard.campaign], holder: session.name)
    }

    /// Joins a fact about a target that is not open in its lease: it may raise what is known, never lower it.
    ///
    /// - Parameters:
    ///   - told: The fact.
    ///   - campaign: `nil` when it is not in memory.
    ///   - holder: The worker that tells it; empty when it is known otherwise.
    /// - Throws: What the store throws.
    func join(_ told: LedgerEntry, in campaign: RunningCampaign?, holder: String) throws(StoreError) {
        let fact = try self.weighed(told)
        // A campaign that is over has its lanes in the store alone.
        var known = campaign
        if known == nil { known = try self.finished(fact.key.campaign) }
        guard let campaign = known else { return try self.record(fact) }
        guard try self.stores.targets.append(fact) else { return }
        if !holder.isEmpty { self.counters.staleReports += 1 }
        guard let known = try self.stores.targets.target(fact.key) else { return }
        if fact.outcome == .accepted, known.outcome == .accepted { try self.countTwice(fact.key, in: campaign) }
        guard fact.outcome != .deferred, OutcomeJoin.replaces(fact.outcome, known: known.outcome) else { return }
        if fact.outcome == .inDoubt, try self.resendsStale(fact, known, campaign) { return }
        // Whoever holds it now may still send it; what can be done is to settle it there, too.
        if let current = self.leases[known.epoch], let index = current.index(of: fact.key.position),
            current.isOpen(at: index)
        {
            self.release([current.members[index]], of: current, asReturned: false)
            try self.close(current.members[index], of: current)
        }
        try self.stores.targets.settle(fact, variant: known.variant, attempts: max(1, known.attempts))
        campaign.move(lane: fact.key.lane, from: known.outcome, to: fact.outcome)
        if fact.outcome == .bounced, !holder.isEmpty { try self.takeRefusal(fact, of: known.contact) }
    }

    /// A doubt about an attempt that is over, under the rule that doubts are sent again.
    ///
    /// - Returns: Whether the target is, or will be, with a worker once more.
    private func resendsStale(
        _ fact: LedgerEntry,
        _ known: TargetRecord,
        _ campaign: RunningCampaign
    ) throws(StoreError) -> Bool {
        guard campaign.plan?.file.onDoubt == .resend, !known.wasDoubted,
            known.outcome == nil || known.outcome == .deferred,
            !campaign.record.isCancelling, self.restored == nil, campaign.record.sweep?.act != .doubt
        else { return false }
        if self.isLeased(known, lane: fact.key.lane, campaign) {
            // The attempt that is under way is the other one.
            try SweepStore(self.connection).markDoubted(fact.key)
            return true
        }
        var deferred = fact
        deferred.outcome = .deferred
        try self.stores.targets.schedule(
            deferred,
            variant: known.variant,
            attempts: max(1, known.attempts),
            due: self.wall,
            isDoubted: true
        )
        campaign.move(lane: fact.key.lane, from: known.outcome, to: .deferred)
        self.comesDue(self.wall, lane: fact.key.lane, of: campaign)
        return true
    }

    /// Records a fact of a campaign that cannot be read any more: it is acknowledged, so it must not be lost.
    private func record(_ fact: LedgerEntry) throws(StoreError) {
        guard try self.stores.targets.append(fact) else { return }
        guard let target = try self.stores.targets.target(fact.key) else { return }
        var isSecond = false
        if fact.outcome == .accepted, target.outcome == .accepted {
            isSecond = try self.stores.targets.acceptedAttempts(fact.key) == 2
        }
        let counts = fact.outcome != .deferred && OutcomeJoin.replaces(fact.outcome, known: target.outcome)
        guard isSecond || counts else { return }
        let lanes = try self.stores.lanes.lanes(of: fact.key.campaign)
        guard var lane = lanes.first(where: { $0.lane == fact.key.lane }) else { return }
        if isSecond { lane.sentTwice += 1 }
        if counts {
            try self.stores.targets.settle(fact, variant: target.variant, attempts: max(1, target.attempts))
            if let before = target.outcome { lane.counts[before] -= 1 }
            lane.counts[fact.outcome] += 1
        }
        try self.stores.lanes.save(lane)
    }

    func countTwice(_ key: TargetKey, in campaign: RunningCampaign) throws(StoreError) {
        // Targets are counted, not attempts: a third one is no second target.
        guard try self.stores.targets.acceptedAttempts(key) == 2 else { return }
        campaign.lanes[key.lane].record.sentTwice += 1
        campaign.lanes[key.lane].isDirty = true
        self.counters.sentTwice += 1
        self.log(
            LoopNote(
                .error,
                .sentTwice,
                "a target of \(key.campaign.publicID) was accepted twice",
                [(.campaign, .string(key.campaign.publicID)), (.lane, .number(key.lane))]
            )
        )
    }

    /// Brings a campaign that is over back into memory, for as long as this turn saves it.
    private func finished(_ id: Campaign.ID) throws(StoreError) -> RunningCampaign? {
        // One that is not over and not in memory could not be read: it comes back whole, with its leases, or not at all.
        guard let record = try self.stores.campaigns.campaign(id), record.finishedAt != nil else { return nil }
        let names = try self.names()
        let plan: CampaignPlan
        do throws(PlanProblems) {
            plan = try CampaignPlan(record, names: names, caps: self.options.caps)
        } catch {
            return nil
        }
        let campaign = RunningCampaign(record, plan: plan, lanes: try self.stores.lanes.lanes(of: id))
        // It may be tried again in the same turn.
        campaign.hours = self.options.hours(of: plan.file)
        self.campaigns[id] = campaign
        return campaign
    }
}
