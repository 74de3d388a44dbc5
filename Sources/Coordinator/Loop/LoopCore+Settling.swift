import Domain
import Engine
import Storage
import UserFiles

/// What becomes of one target of a lease.
extension LoopCore {
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
        guard campaign.plan?.file.onDoubt == .resend, !member.wasDoubted else { return false }
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
        let policy = campaign.plan?.retries ?? self.options.relays[campaign.record.relay]?.retries ?? .standard
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
