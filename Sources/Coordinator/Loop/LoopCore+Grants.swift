import Domain
import Engine
import Storage
import Wire

/// Granting: who gets which targets now.
extension LoopCore {
    /// Grants until no lane can be served, or the turn is full.
    func grantSome() throws(StoreError) {
        var budget = LoopLimits.grantedPerTurn
        self.counters.turnWasFull = false
        guard !self.isClosing, self.restored == nil else { return }
        try self.grantApart()
        guard self.sessions.values.contains(where: { self.room(of: $0) > 0 }) else { return }
        while budget > 0 {
            // Further grants have to wait until the marker is ahead of them.
            guard self.epochReserve.allows(self.epoch.next()) else { return }
            guard let key = self.queue.next(at: self.now) else { return }
            guard let campaign = self.campaigns[key.campaign], campaign.record.state == .running,
                !campaign.record.isCancelling, campaign.record.sweep?.act != .doubt,
                campaign.lanes.indices.contains(key.lane), self.options.signing(of: campaign) != nil
            else {
                self.queue.park(key)
                continue
            }
            self.blame.work = .campaign(key.campaign)
            switch try self.attempt(key, campaign, budget: budget) {
            case .granted(let read, let granted):
                budget -= max(1, read)
                // Rows that were only decided about are work, too: about an eighth of a grant's.
                self.queue.served(key, targets: max(granted, read / 8))
            case .wait(let until): self.queue.wait(key, until: until)
            case .park: self.queue.park(key)
            case .noRoom:
                // Nobody has room; whoever gets some asks again.
                self.queue.park(key)
                self.queue.wake(key)
                return
            }
        }
        self.counters.turnWasFull = true
    }

    private enum Attempt {
        /// `read` rows were looked at, `granted` of them went out.
        case granted(read: Int, granted: Int)
        case wait(until: Instant)
        case park
        case noRoom
    }

    private func attempt(_ key: LaneKey, _ campaign: RunningCampaign, budget: Int) throws(StoreError) -> Attempt {
        let lane = campaign.lanes[key.lane]
        let isRetry = lane.earliestDue.map { $0 <= self.wall } ?? false
        let wanted = min(isRetry ? LoopLimits.shardTargets : lane.fresh, LoopLimits.shardTargets, budget)
        guard wanted > 0 else {
            guard let due = lane.earliestDue else { return .park }
            // Due times are by the wall clock, which may be set meanwhile.
            let wait = min(due.milliseconds - self.wall.milliseconds, LoopLimits.dueLookMilliseconds)
            return .wait(until: self.now.advanced(byMilliseconds: max(1, wait)))
        }
        if self.isHeld(key, campaign) { return .park }
        if let opening = self.opening(of: campaign) { return .wait(until: opening) }
        if campaign.budget != nil, self.budgetLeft(campaign) == 0 {
            if try self.pauseForBudget(campaign) { return .park }
            return .wait(until: self.now.advanced(byMilliseconds: LoopLimits.budgetMilliseconds))
        }
        let permits: Int
        switch self.permits(for: wanted, lane: lane, campaign) {
        case .permits(let count): permits = count
        case .wait(let milliseconds): return .wait(until: self.now.advanced(byMilliseconds: milliseconds))
        }
        switch self.chooseWorker(for: lane, campaign) {
        case .session(let session, let room, let slots):
            return try self.cut(key, campaign, to: session, slots: slots, count: min(permits, room), isRetry: isRetry)
        case .noRoom: return .noRoom
        case .busy:
            self.busyLanes.insert(key)
            return .park
        case .relayDown(let probe): return .wait(until: probe)
        }
    }

    func permits(for wanted: Int, lane: RunningLane, _ campaign: RunningCampaign) -> ThrottleTable.Room {
        var scopes = self.sharedScopes(campaign)
        if !lane.record.isTail {
            self.defineSite(lane.record.site)
            scopes.append(.site(lane.record.site))
        }
        var permits = wanted
        var wait: Int64 = 0
        for scope in scopes {
            switch self.throttles.room(for: wanted, in: scope, at: self.now) {
            case .permits(let count): permits = min(permits, count)
            case .wait(let milliseconds): wait = max(wait, milliseconds)
            }
        }
        if campaign.budget != nil, let left = self.budgetLeft(campaign) {
            permits = min(permits, left)
            if left == 0 { wait = max(wait, LoopLimits.budgetMilliseconds) }
        }
        return wait > 0 ? .wait(wait) : .permits(permits)
    }

    // Which targets.

    /// Cuts a shard and grants it.
    private func cut(
        _ key: LaneKey,
        _ campaign: RunningCampaign,
        to session: WorkerSession,
        slots: Int,
        count: Int,
        isRetry: Bool
    ) throws(StoreError) -> Attempt {
        let lane = campaign.lanes[key.lane].record
        let rows = try self.read(campaign, lane: lane, count: count, isRetry: isRetry)
        var shard = ShardDraft(isRetry: isRetry)
        shard.closing = self.closing(of: campaign)
        var considered = 0
        for row in rows where shard.byteCount < LoopLimits.shardBytes {
            try self.consider(row, lane: lane, campaign, into: &shard)
            considered += 1
        }
        if !isRetry {
            let last = rows.isEmpty ? lane.audience : rows[considered - 1].target.position + 1
            campaign.lanes[key.lane].record.cursor = max(lane.cursor, last)
            campaign.lanes[key.lane].isDirty = true
        }
        if !shard.members.isEmpty { try self.grant(shard, key, campaign, to: session, slots: slots) }
        // Read once the members are leased: else the next look at the lane would be for nothing.
        if isRetry {
            campaign.lanes[key.lane].earliestDue =
                try self.stores.lanes.earliestDue(campaign: key.campaign, lane: key.lane)
        }
        return .granted(read: considered, granted: shard.members.count)
    }

    private func read(
        _ campaign: RunningCampaign,
        lane: LaneRecord,
        count: Int,
        isRetry: Bool
    ) throws(StoreError) -> [GrantRow] {
        guard isRetry else {
            return try campaign.grants.fresh(
                campaign: campaign.id,
                lane: lane.lane,
                from: lane.cursor,
                limit: count,
                caps: try self.capMoment(campaign),
                on: self.connection
            )
        }
        let rows = try campaign.grants.due(
            campaign: campaign.id,
            lane: lane.lane,
            by: self.wall,
            limit: count,
            caps: try self.capMoment(campaign),
            on: self.connection
        )
        return rows.sorted { $0.target.position < $1.target.position }
    }

    /// Decides about one target: into the shard, put aside, or never to be sent.
    func consider(
        _ row: GrantRow,
        lane: LaneRecord,
        _ campaign: RunningCampaign,
        into shard: inout ShardDraft
    ) throws(StoreError) {
        guard let plan = campaign.plan else { return }
        guard let address = row.address, !address.isEmpty else {
            return try self.suppress(row, .erased, lane: lane, campaign)
        }
        if try self.isBarred(row.bars, row.target.contact, in: campaign) {
            return try self.suppress(row, .suppressed, lane: lane, campaign)
        }
        if self.lacksConsent(row, campaign) { return try self.suppress(row, .noConsent, lane: lane, campaign) }
        guard let variant = row.target.variant ?? self.variant(of: row, in: campaign) else {
            return try self.suppress(row, .noVariant, lane: lane, campaign)
        }
        if plan.required[variant].contains(where: { row.isEmpty($0) }) {
            return try self.suppress(row, .missingField, lane: lane, campaign)
        }
        guard try self.isOpen(row, lane: lane, campaign, closing: &shard.closing) else { return }
        if self.isCapped(row, campaign) { return try self.suppress(row, .capped, lane: lane, campaign) }
        let site = lane.isTail ? self.options.site(of: row.domain) : lane.site
        if lane.isTail {
            self.defineSite(site)
            if case .wait(let milliseconds) = self.throttles.room(for: 1, in: .site(site), at: self.now) {
                return try self.putAside(row, for: milliseconds, lane: lane, campaign)
            }
            self.throttles.debit(1, in: .site(site))
        }
        shard.add(row, address: address, variant: variant, site: site, plan: plan)
        if let links = self.options.links {
            let target = TargetKey(campaign: campaign.id, lane: lane.lane, position: row.target.position)
            shard.add(links, for: target)
        }
    }

    /// Whether the campaign's channel needs a basis that the contact did not give.
    private func lacksConsent(_ row: GrantRow, _ campaign: RunningCampaign) -> Bool {
        let need = campaign.consentNeed ?? self.options.consent.need(for: campaign.record.channel)
        campaign.consentNeed = need
        return !need.isEmpty && need.isDisjoint(with: row.consent)
    }

    func variant(of row: GrantRow, in campaign: RunningCampaign) -> Int? {
        campaign.plan?.assignment.variant(for: row.target.contact) { row.holds($0) }
    }

    /// The decision not to write to somebody.
    private func suppress(
        _ row: GrantRow,
        _ reason: Reason,
        lane: LaneRecord,
        _ campaign: RunningCampaign
    ) throws(StoreError) {
        try self.decide(.suppressed, reason: reason.rawValue, about: row.target, lane: lane.lane, campaign)
    }

    /// Records a decision about a target that is in nobody's hands.
    func decide(
        _ outcome: Outcome,
        reason: String,
        about target: TargetRecord,
        lane: Int,
        _ campaign: RunningCampaign
    ) throws(StoreError) {
        var entry = LedgerEntry(
            key: TargetKey(campaign: campaign.id, lane: lane, position: target.position),
            epoch: Epoch(0),
            outcome: outcome,
            reason: reason,
            at: self.wall
        )
        _ = try self.stores.targets.append(entry)
        if !self.quarantine.isEmpty { self.quarantine.settled(entry.key) }
        if target.wasDoubted {
            // Decided is that it is not sent again; whether it was sent before is still not known.
            entry.outcome = .inDoubt
            entry.reason = ""
        }
        try self.stores.targets.settle(entry, variant: target.variant, attempts: target.attempts)
        campaign.move(lane: lane, from: target.outcome, to: entry.outcome)
        self.counters.outcomes[entry.outcome, default: 0] += 1
    }

    /// A target that cannot be sent now, as when its own site in a shared lane has no permit: it waits by itself, the others go on.
    func putAside(
        _ row: GrantRow,
        for milliseconds: Int64,
        lane: LaneRecord,
        _ campaign: RunningCampaign
    ) throws(StoreError) {
        let due = self.wall.advanced(byMilliseconds: milliseconds)
        try self.stores.targets.postpone(
            TargetKey(campaign: campaign.id, lane: lane.lane, position: row.target.position),
            epoch: row.target.epoch,
            variant: row.target.variant,
            until: due
        )
        campaign.waits(lane: lane.lane, until: due)
    }
}
