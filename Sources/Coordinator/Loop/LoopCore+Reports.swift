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
        self.counters.reports += 1
        for part in report.leases {
            let facts: ReceivedLeaseReport
            do throws(ColumnError) {
                facts = try ReceivedLeaseReport(part)
            } catch {
                // Acknowledged all the same: said again it would be as wrong. Then its worker forgets what it said, so that nobody
                // knows any more.
                self.counters.refusedReports += 1
                self.log(
                    LoopNote(
                        .error,
                        .reportRefused,
                        "worker \(session.name) sent a report that cannot be read: \(error)",
                        [(.worker, .string(session.name))]
                    )
                )
                try self.doubtUnread(part, from: session)
                continue
            }
            try self.take(facts, from: session)
        }
        // What the store refuses stays with the worker: one that was told to forget it might be granted it again.
        guard !session.hasLeftOut else { return }
        self.say(.acknowledge(filled(WireAcknowledge()) { $0.number = report.number }), to: session)
    }

    /// What a part that cannot be read was about may have been sent: all of its lease, when it does not even name targets.
    private func doubtUnread(_ part: WireLeaseReport, from session: WorkerSession) throws(StoreError) {
        guard let lease = self.leases[Epoch(part.epoch)], lease.holder == session.name else { return }
        let named = Set(part.position.map { Int($0) })
        for member in lease.openMembers where named.isEmpty || named.contains(member.position) {
            try self.doubt(member, of: lease, reason: .orphaned)
        }
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
        guard let campaign = self.campaigns[lease.campaign] else {
            try self.takeStale(facts, from: session)
            return
        }
        var used: [OpenLease.Member] = []
        var returned: [OpenLease.Member] = []
        var accepted = 0
        var acceptedBySite: [String: Int] = [:]
        var tries: [GuardTry] = []
        for (index, position) in facts.positions.enumerated() {
            guard let member = lease.index(of: Int(position)) else {
                // A lease that was read again after a start or a failed turn has only what was open then; its holder may
                // well know more of the rest, such as that it sent what another worker's late fact had settled.
                try self.takeClosed(facts, index, from: session)
                continue
            }
            let care = self.blame.begin(facts.epoch, position)
            guard care != .leftOut else {
                session.hasLeftOut = true
                continue
            }
            let target = lease.members[member]
            // Read again: an earlier fact of this report may have closed the lease.
            let isOpen = self.leases.isOpen(member, of: facts.epoch)
            switch facts.outcomes[index] {
            case .returned:
                guard isOpen else { continue }
                returned.append(target)
                try self.takeBack(target, of: lease, releasing: false)
                if facts.reasons[index] == .throttled { self.paceDown(target.site) }
            case .settled(let outcome):
                var fact = facts.fact(index, key: lease.key(target.position), outcome: outcome, worker: session.name)
                if care == .bare { fact = fact.bare(at: self.wall) }
                guard isOpen else {
                    try self.join(fact, in: campaign, holder: session.name)
                    continue
                }
                used.append(target)
                if let seen = GuardTry(outcome, facts.reasons[index]) { tries.append(seen) }
                if outcome == .accepted {
                    accepted += 1
                    // Sites are told apart only when one of them was slowed.
                    if !self.paces.isEmpty { acceptedBySite[target.site, default: 0] += 1 }
                }
                try self.settle(fact, target, of: lease, in: campaign, retryAfter: facts.retryAfterSeconds[index])
            }
        }
        for (site, count) in acceptedBySite.sorted(by: { $0.key < $1.key }) { self.paceUp(site, count) }
        if !used.isEmpty { self.moves(lease, of: campaign, in: session) }
        try self.watch(tries, of: lease, in: campaign)
        self.account(lease, used: used, returned: returned, accepted: accepted, by: session)
    }

    private func takeClosed(
        _ facts: ReceivedLeaseReport,
        _ index: Int,
        from session: WorkerSession
    ) throws(StoreError) {
        guard let shard = try self.stores.shards.shard(facts.epoch) else { return }
        try self.takeStale(facts, index, of: shard, from: session)
    }

    /// Gives permits back to the throttles.
    private func account(
        _ lease: OpenLease,
        used: [OpenLease.Member],
        returned: [OpenLease.Member],
        accepted: Int,
        by session: WorkerSession
    ) {
        self.release(used, of: lease, asReturned: false)
        self.release(returned, of: lease, asReturned: true)
        self.wakeLanes(of: lease)
        var tally = self.tallies[session.name] ?? WorkerTally()
        tally.accepted += accepted
        tally.rate.add(accepted, at: self.now)
        self.tallies[session.name] = tally
    }

    /// Takes targets out of the holder's hands as far as limits are concerned.
    func release(_ members: [OpenLease.Member], of lease: OpenLease, asReturned: Bool) {
        // An overdue lease's permits and slots were accounted for when it became so.
        guard !members.isEmpty, !lease.isOverdue else { return }
        guard let campaign = self.campaigns[lease.campaign] else { return }
        if let session = self.session(of: lease.holder) {
            let site = campaign.lanes[lease.lane].record.site
            session.settles(members.count, in: RelayQueue(relay: lease.relay, site: site))
        }
        var sites: [String: Int] = [:]
        for member in members { sites[member.site, default: 0] += 1 }
        let scopes =
            self.sharedScopes(campaign).map { ($0, members.count) }
            + sites.map { (ThrottleScope.site($0.key), $0.value) }
        for (scope, count) in scopes {
            if asReturned {
                self.throttles.returned(count, in: scope, at: self.now)
            } else {
                self.throttles.used(count, in: scope, at: self.now)
            }
        }
    }

    private func wakeLanes(of lease: OpenLease) {
        self.queue.wakeIfParked(LaneKey(campaign: lease.campaign, lane: lease.lane))
        guard let site = self.campaigns[lease.campaign]?.lanes[lease.lane].record.site else { return }
        for campaign in self.sortedCampaigns() where campaign.id != lease.campaign {
            if let lane = campaign.laneOfSite[site] {
                self.queue.wakeIfParked(LaneKey(campaign: campaign.id, lane: lane))
            }
        }
    }

    // One target.

    /// An outcome under the current lease.
    func settle(
        _ told: LedgerEntry,
        _ member: OpenLease.Member,
        of lease: OpenLease,
        in campaign: RunningCampaign,
        retryAfter: UInt32
    ) throws(StoreError) {
        let fact = try self.weighed(told)
        _ = try self.stores.targets.append(fact)
        if !self.quarantine.isEmpty { self.quarantine.settled(fact.key) }
        let attempts = member.attempts + 1
        let before: Outcome? = member.wasDeferred ? .deferred : nil
        self.counters.outcomes[fact.outcome, default: 0] += 1
        // What may have left stays paid for.
        if fact.outcome != .accepted, fact.outcome != .inDoubt { campaign.budget?.credit(1) }
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
        case .inDoubt where try self.isResent(fact, member, in: campaign):
            try self.schedule(
                fact,
                member,
                of: lease,
                in: campaign,
                attempts: attempts,
                due: self.resendDue(fact, lease),
                isDoubted: true
            )
        default:
            try self.stores.targets.settle(fact, variant: member.variant, attempts: attempts)
            campaign.move(lane: lease.lane, from: before, to: fact.outcome)
            if fact.outcome == .accepted { campaign.rate.add(1, at: self.now) }
            if fact.outcome == .bounced { campaign.bouncedRate.add(1, at: self.now) }
            if fact.outcome == .accepted, member.wasDoubted { try self.countTwice(fact.key, in: campaign) }
            if fact.outcome == .bounced { try self.takeRefusal(fact, of: member.contact) }
        }
        try self.close(member, of: lease)
    }

    /// Whether a doubt is followed by another attempt: once a target, and never after a decision not to send.
    private func isResent(
        _ fact: LedgerEntry,
        _ member: OpenLease.Member,
        in campaign: RunningCampaign
    ) throws(StoreError) -> Bool {
        guard campaign.plan.file.onDoubt == .resend, !member.wasDoubted else { return false }
        // A late doubt about an earlier attempt may have come while this one was under way.
        return try self.stores.targets.target(fact.key)?.wasDoubted == false
    }

    /// When a doubtful target may be sent again: once its holder can send it no more.
    private func resendDue(_ fact: LedgerEntry, _ lease: OpenLease) -> Timestamp {
        // A worker that was removed and does not know it sends until its leases run out.
        guard fact.reason == Reason.orphaned.rawValue, !lease.isOverdue else { return self.wall }
        return self.wall.advanced(
            byMilliseconds: self.options.leaseOverMilliseconds
        )
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
        let key = LaneKey(campaign: campaign.id, lane: lane)
        // What comes due before anything else of the lane must not wait for that.
        if campaign.waits(lane: lane, until: due) { self.queue.wake(key) } else { self.queue.wakeIfParked(key) }
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
    ///
    /// With `isApart` it is granted again by itself, and only when that never comes like others.
    func takeBack(
        _ member: OpenLease.Member,
        of lease: OpenLease,
        releasing: Bool = true,
        isApart: Bool = false
    ) throws(StoreError) {
        guard let campaign = self.campaigns[lease.campaign] else { return }
        let due =
            isApart
            ? self.wall.advanced(byMilliseconds: LoopLimits.apartMillisecondsMax) : self.returnedDue(lease)
        try self.stores.targets.postpone(
            lease.key(member.position),
            epoch: lease.epoch,
            variant: member.variant,
            until: due
        )
        self.counters.returned += 1
        campaign.budget?.credit(1)
        if releasing { self.release([member], of: lease, asReturned: true) }
        try self.close(member, of: lease)
        self.comesDue(due, lane: lease.lane, of: campaign)
    }

    /// When a target that came back may be granted again: soon, or later when the relay refused it to its holder.
    private func returnedDue(_ lease: OpenLease) -> Timestamp {
        let session = self.session(of: lease.holder)
        let isRelayDown = session?.relayProblems[lease.relay] != nil
        return self.wall.advanced(
            byMilliseconds: isRelayDown ? LoopLimits.relayProbeMilliseconds : LoopLimits.returnedMilliseconds
        )
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

    func close(_ member: OpenLease.Member, of lease: OpenLease) throws(StoreError) {
        guard let index = lease.index(of: member.position) else { return }
        if self.leases.settle(index, of: lease.epoch) == .settled(leaseClosed: true) {
            try self.stores.shards.close(lease.epoch)
        }
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
