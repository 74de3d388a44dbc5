import Domain
import Engine
import Logging
import Storage
import Telemetry
import UserFiles
import Wire

/// Facts from workers, and what follows from them.
extension LoopCore {
    func takeReport(_ report: WireReport, from session: WorkerSession) throws(StoreError) {
        for part in report.leases {
            let facts: ReceivedLeaseReport
            do throws(ColumnError) {
                facts = try ReceivedLeaseReport(part)
            } catch {
                // Acknowledged all the same: said again it would be as wrong.
                self.counters.refusedReports += 1
                self.log(
                    LoopNote(
                        .error,
                        .reportRefused,
                        "worker \(session.name) sent a report that cannot be read: \(error)",
                        [(.worker, .string(session.name))]
                    )
                )
                continue
            }
            try self.take(facts, from: session)
        }
        self.say(.acknowledge(filled(WireAcknowledge()) { $0.number = report.number }), to: session)
    }

    private func take(_ facts: ReceivedLeaseReport, from session: WorkerSession) throws(StoreError) {
        guard let lease = self.leases[facts.epoch] else {
            try self.takeStale(facts, from: session)
            return
        }
        guard lease.holder == session.name else {
            self.refuse(facts, from: session)
            return
        }
        guard let campaign = self.campaigns[lease.campaign] else { return }
        var used: [OpenLease.Member] = []
        var returned: [OpenLease.Member] = []
        var accepted = 0
        for (index, position) in facts.positions.enumerated() {
            guard let member = lease.index(of: Int(position)) else {
                self.counters.refusedReports += 1
                continue
            }
            let target = lease.members[member]
            // Read again: an earlier fact of this report may have closed the lease.
            let isOpen = self.leases[facts.epoch].map { $0.isOpen(at: member) } ?? false
            switch facts.outcomes[index] {
            case .returned:
                guard isOpen else { continue }
                returned.append(target)
                try self.takeBack(target, of: lease, releasing: false)
            case .settled(let outcome):
                let fact = facts.fact(index, key: lease.key(target.position), outcome: outcome, worker: session.name)
                guard isOpen else {
                    try self.join(fact, in: campaign, holder: session.name)
                    continue
                }
                used.append(target)
                if outcome == .accepted { accepted += 1 }
                try self.settle(fact, target, of: lease, in: campaign, retryAfter: facts.retryAfterSeconds[index])
            }
        }
        self.account(lease, used: used, returned: returned, accepted: accepted, by: session)
    }

    /// Gives permits back to the throttles, and paces sites.
    private func account(
        _ lease: OpenLease,
        used: [OpenLease.Member],
        returned: [OpenLease.Member],
        accepted: Int,
        by session: WorkerSession
    ) {
        self.release(used, of: lease, asReturned: false)
        self.release(returned, of: lease, asReturned: true)
        if let site = lease.members.first?.site, accepted > 0 { self.paceUp(site, accepted) }
        self.wakeLanes(of: lease)
        var tally = self.tallies[session.name] ?? WorkerTally()
        tally.accepted += accepted
        tally.rate.add(accepted, at: self.now)
        self.tallies[session.name] = tally
    }

    /// Takes targets out of the holder's hands as far as limits are concerned.
    func release(_ members: [OpenLease.Member], of lease: OpenLease, asReturned: Bool) {
        guard !members.isEmpty else { return }
        if let session = self.sessionOfWorker[lease.holder].flatMap({ self.sessions[$0] }) {
            for member in members { session.openBySite[member.site, default: 0] -= 1 }
        }
        // An overdue lease's permits were accounted for when it became so.
        guard !lease.isOverdue, let campaign = self.campaigns[lease.campaign] else { return }
        var sites: [String: Int] = [:]
        for member in members { sites[member.site, default: 0] += 1 }
        let scopes =
            self.sharedScopes(campaign).map { ($0, members.count) }
            + sites.map { (ThrottleScope.site($0.key), $0.value) }
        for (scope, count) in scopes {
            if asReturned { self.throttles.returned(count, in: scope) } else { self.throttles.used(count, in: scope) }
        }
    }

    private func wakeLanes(of lease: OpenLease) {
        self.queue.wakeIfParked(LaneKey(campaign: lease.campaign, lane: lease.lane))
        guard let site = self.campaigns[lease.campaign]?.lanes[lease.lane].record.site else { return }
        for campaign in self.campaigns.values where campaign.id != lease.campaign {
            if let lane = campaign.laneOfSite[site] {
                self.queue.wakeIfParked(LaneKey(campaign: campaign.id, lane: lane))
            }
        }
    }

    // One target.

    /// An outcome under the current lease.
    private func settle(
        _ fact: LedgerEntry,
        _ member: OpenLease.Member,
        of lease: OpenLease,
        in campaign: RunningCampaign,
        retryAfter: UInt32
    ) throws(StoreError) {
        _ = try self.stores.targets.append(fact)
        let attempts = member.attempts + 1
        let before: Outcome? = member.wasDeferred ? .deferred : nil
        self.counters.outcomes[fact.outcome, default: 0] += 1
        switch fact.outcome {
        case .deferred:
            let wait = self.retryDelay(campaign, attempts: attempts, retryAfterSeconds: retryAfter)
            let due = self.wall.advanced(byMilliseconds: wait)
            try self.schedule(
                fact,
                member,
                of: lease,
                in: campaign,
                attempts: attempts,
                due: due,
                isDoubted: member.wasDoubted
            )
            if fact.reason == Reason.throttled.rawValue { self.paceDown(member.site) }
            campaign.deferredRate.add(1, at: self.now)
        case .inDoubt where campaign.plan.file.onDoubt == .resend && !member.wasDoubted:
            try self.schedule(
                fact,
                member,
                of: lease,
                in: campaign,
                attempts: attempts,
                due: self.wall,
                isDoubted: true
            )
        default:
            try self.stores.targets.settle(fact, variant: member.variant, attempts: attempts)
            campaign.move(lane: lease.lane, from: before, to: fact.outcome)
            if fact.outcome == .accepted { campaign.rate.add(1, at: self.now) }
            if fact.outcome == .bounced { campaign.bouncedRate.add(1, at: self.now) }
            if fact.outcome == .accepted, member.wasDoubted { try self.countTwice(fact.key, in: campaign) }
        }
        try self.close(member, of: lease)
    }

    private func schedule(
        _ fact: LedgerEntry,
        _ member: OpenLease.Member,
        of lease: OpenLease,
        in campaign: RunningCampaign,
        attempts: Int,
        due: Timestamp,
        isDoubted: Bool
    ) throws(StoreError) {
        let due = min(due, campaign.record.expiresAt ?? due)
        var deferred = fact
        deferred.outcome = .deferred
        try self.stores.targets.schedule(
            deferred,
            isPending: false,
            variant: member.variant,
            attempts: attempts,
            due: due,
            isDoubted: isDoubted
        )
        campaign.move(lane: lease.lane, from: member.wasDeferred ? .deferred : nil, to: .deferred)
        self.comesDue(due, lane: lease.lane, of: campaign)
    }

    /// Notes that something of a lane comes due, and lets the lane look at it then.
    func comesDue(_ due: Timestamp, lane: Int, of campaign: RunningCampaign) {
        campaign.waits(lane: lane, until: due)
        self.queue.wakeIfParked(LaneKey(campaign: campaign.id, lane: lane))
    }

    private func retryDelay(_ campaign: RunningCampaign, attempts: Int, retryAfterSeconds: UInt32) -> Int64 {
        let policy = campaign.plan.retries ?? self.options.relays[campaign.record.relay]?.retries ?? .standard
        return policy.delay(
            afterAttempts: attempts,
            random: Double.random(in: 0..<1, using: &self.random),
            retryAfterMilliseconds: retryAfterSeconds > 0 ? Int64(retryAfterSeconds) * 1_000 : nil
        )
    }

    /// A target that its holder did not begin: pending again, and its permit too.
    func takeBack(_ member: OpenLease.Member, of lease: OpenLease, releasing: Bool = true) throws(StoreError) {
        guard let campaign = self.campaigns[lease.campaign] else { return }
        let entry = LedgerEntry(
            key: lease.key(member.position),
            epoch: lease.epoch,
            outcome: .deferred,
            reason: "",
            at: self.wall,
            worker: lease.holder
        )
        let due = self.returnedDue(lease)
        try self.stores.targets.schedule(
            entry,
            isPending: !member.wasDeferred,
            variant: member.variant,
            attempts: member.attempts,
            due: due,
            isDoubted: member.wasDoubted
        )
        self.counters.returned += 1
        if releasing { self.release([member], of: lease, asReturned: true) }
        try self.close(member, of: lease)
        self.comesDue(due, lane: lease.lane, of: campaign)
    }

    /// When a target that came back may be granted again: at once, unless the relay refused it to its holder.
    private func returnedDue(_ lease: OpenLease) -> Timestamp {
        let session = self.sessionOfWorker[lease.holder].flatMap { self.sessions[$0] }
        let isRelayDown = session?.relayProblems[lease.relay] != nil
        return isRelayDown ? self.wall.advanced(byMilliseconds: LoopLimits.relayProbeMilliseconds) : self.wall
    }

    /// A target of which nobody knows whether it was sent.
    func doubt(_ member: OpenLease.Member, of lease: OpenLease, reason: Reason) throws(StoreError) {
        guard let campaign = self.campaigns[lease.campaign] else { return }
        let fact = LedgerEntry(
            key: lease.key(member.position),
            epoch: lease.epoch,
            outcome: .inDoubt,
            reason: reason.rawValue,
            at: self.wall,
            worker: lease.holder
        )
        self.release([member], of: lease, asReturned: false)
        try self.settle(fact, member, of: lease, in: campaign, retryAfter: 0)
    }

    private func close(_ member: OpenLease.Member, of lease: OpenLease) throws(StoreError) {
        guard let index = lease.index(of: member.position) else { return }
        if self.leases.settle(index, of: lease.epoch) == .settled(leaseClosed: true) {
            try self.stores.shards.close(lease.epoch)
        }
    }

    // Facts without authority.

    private func refuse(_ facts: ReceivedLeaseReport, from session: WorkerSession) {
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
    private func takeStale(_ facts: ReceivedLeaseReport, from session: WorkerSession) throws(StoreError) {
        guard let shard = try self.stores.shards.shard(facts.epoch), shard.holder == session.name else {
            self.refuse(facts, from: session)
            return
        }
        for (index, position) in facts.positions.enumerated() {
            guard shard.contents.contains(Int(position)) else {
                self.counters.refusedReports += 1
                continue
            }
            guard case .settled(let outcome) = facts.outcomes[index] else { continue }
            let key = TargetKey(campaign: shard.campaign, lane: shard.lane, position: Int(position))
            let fact = facts.fact(index, key: key, outcome: outcome, worker: session.name)
            try self.join(fact, in: self.campaigns[shard.campaign], holder: session.name)
        }
    }

    /// Joins a fact about a target that is not open in its lease: it may raise what is known, never lower it.
    private func join(_ fact: LedgerEntry, in campaign: RunningCampaign?, holder: String) throws(StoreError) {
        // A campaign that is over has its lanes in the store alone.
        var known = campaign
        if known == nil { known = try self.finished(fact.key.campaign) }
        guard let campaign = known else { return }
        guard try self.stores.targets.append(fact) else { return }
        self.counters.staleReports += 1
        guard let known = try self.stores.targets.target(fact.key) else { return }
        if fact.outcome == .accepted, known.outcome == .accepted { try self.countTwice(fact.key, in: campaign) }
        guard fact.outcome != .deferred, OutcomeJoin.replaces(fact.outcome, known: known.outcome) else { return }
        // Whoever holds it now may still send it; what can be done is to settle it there, too.
        if let current = self.leases[known.epoch], let index = current.index(of: fact.key.position),
            current.isOpen(at: index)
        {
            self.release([current.members[index]], of: current, asReturned: false)
            try self.close(current.members[index], of: current)
        }
        try self.stores.targets.settle(fact, variant: known.variant, attempts: max(1, known.attempts))
        campaign.move(lane: fact.key.lane, from: known.outcome, to: fact.outcome)
    }

    private func countTwice(_ key: TargetKey, in campaign: RunningCampaign) throws(StoreError) {
        guard try self.stores.targets.acceptedAttempts(key) > 1 else { return }
        campaign.lanes[key.lane].record.sentTwice += 1
        campaign.lanes[key.lane].isDirty = true
        self.counters.sentTwice += 1
    }

    /// Brings a campaign that is over back into memory, for as long as this turn saves it.
    private func finished(_ id: Campaign.ID) throws(StoreError) -> RunningCampaign? {
        guard let record = try self.stores.campaigns.campaign(id) else { return nil }
        let fields = try self.fields()
        let plan: CampaignPlan
        do throws(PlanProblems) {
            plan = try CampaignPlan(record, fields: fields)
        } catch {
            return nil
        }
        let campaign = RunningCampaign(record, plan: plan, lanes: try self.stores.lanes.lanes(of: id))
        self.campaigns[id] = campaign
        return campaign
    }

    // Pace.

    private func paceDown(_ site: String) {
        guard self.paces[site, default: SitePace()].askedForPatience(at: self.now) else { return }
        self.applyPace(site, "asks for patience")
    }

    private func paceUp(_ site: String, _ accepted: Int) {
        guard self.paces[site] != nil, self.paces[site, default: SitePace()].accepted(accepted) else { return }
        self.applyPace(site, "recovers")
    }

    private func applyPace(_ site: String, _ what: String) {
        let factor = self.paces[site]?.factor ?? 1
        self.throttles.slow(.site(site), to: factor, at: self.now)
        if factor == 1 { self.paces[site] = nil }
        self.log(
            LoopNote(
                .info,
                .laneSlowed,
                "\(site) \(what): \(Int(factor * 100)) % of its rate",
                [(.site, .string(site))]
            )
        )
    }
}

extension OpenLease {
    func key(_ position: Int) -> TargetKey {
        TargetKey(campaign: self.campaign, lane: self.lane, position: position)
    }
}

extension ReceivedLeaseReport {
    func fact(_ index: Int, key: TargetKey, outcome: Outcome, worker: String) -> LedgerEntry {
        LedgerEntry(
            key: key,
            epoch: self.epoch,
            outcome: outcome,
            reason: self.reasons[index]?.rawValue ?? "",
            reply: self.replies[Int(self.replyIndexes[index])],
            at: self.times[index],
            worker: worker
        )
    }
}
