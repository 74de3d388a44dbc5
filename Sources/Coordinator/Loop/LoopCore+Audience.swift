import Domain
import Engine
import Logging
import Storage
import Telemetry
import Wire

/// Freezing audiences, and settling what will not be sent.
extension LoopCore {
    /// Freezes one window of one campaign's audience; campaigns take turns.
    func freezeSome() throws(StoreError) {
        guard self.restored == nil else { return }
        let waiting = self.sortedCampaigns().filter { $0.isFreezing && $0.record.startedAt != nil }
        guard !waiting.isEmpty else { return }
        self.freezeTurn += 1
        let campaign = waiting[self.freezeTurn % waiting.count]
        guard let plan = campaign.plan else { return }
        self.blame.work = .campaign(campaign.id)
        let bound = campaign.record.freezeBound ?? 0
        let lower = campaign.record.freezeCursor ?? 0
        let upper = min(bound, lower + LoopLimits.freezeWindow)
        for contact in try plan.audience.contacts(after: lower, through: upper, on: self.connection) {
            let lane = self.lane(for: self.options.site(of: contact.domain), contact: contact.id, campaign)
            let position = campaign.lanes[lane].record.audience
            let key = TargetKey(campaign: campaign.id, lane: lane, position: position)
            try self.stores.targets.insert(key, contact: contact.id)
            campaign.lanes[lane].record.audience += 1
            campaign.lanes[lane].isDirty = true
            self.counters.frozen += 1
            // Also when it waits for a retry that comes due much later.
            self.queue.wake(LaneKey(campaign: campaign.id, lane: lane))
        }
        campaign.record.freezeCursor = upper
        campaign.record.isFrozen = upper >= bound
        campaign.isDirty = true
        if campaign.record.isFrozen {
            self.log(
                LoopNote(
                    .info,
                    .audienceFrozen,
                    "the audience of \(campaign.id.publicID) is frozen: \(campaign.audience) targets",
                    [(.campaign, .string(campaign.id.publicID)), (.audience, .number(campaign.audience))]
                )
            )
        }
    }

    /// The lane of a site: its own when it is configured or large, else one that many share.
    private func lane(for site: String, contact: Contact.ID, _ campaign: RunningCampaign) -> Int {
        if let own = campaign.laneOfSite[site] { return own }
        let hash = Self.hash(site)
        let slot = Int(hash % UInt64(RunningCampaign.siteSizesCount))
        campaign.siteSizes[slot] += 1
        let isLarge = campaign.siteSizes[slot] >= LoopLimits.ownLaneTargets || self.options.namedSites.contains(site)
        if isLarge, campaign.laneOfSite.count < LoopLimits.ownLanes {
            let lane = self.addLane(site, isTail: false, campaign)
            campaign.laneOfSite[site] = lane
            return lane
        }
        let name = self.tailName(of: site)
        if let index = campaign.lanes.firstIndex(where: { $0.record.isTail && $0.record.site == name }) { return index }
        return self.addLane(name, isTail: true, campaign)
    }

    /// The lane that a small site shares with others.
    func tailName(of site: String) -> String { "tail-\(Self.hash(site) % UInt64(LoopLimits.tailLanes))" }

    private func addLane(_ site: String, isTail: Bool, _ campaign: RunningCampaign) -> Int {
        let index = campaign.lanes.count
        let record = LaneRecord(campaign: campaign.id, lane: index, site: site, isTail: isTail)
        campaign.lanes.append(RunningLane(record: record, earliestDue: nil, isDirty: true))
        return index
    }

    /// FNV-1a: the same in every process, unlike Swift's own hash.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    // What will not be sent.

    /// The campaign's time is over.
    func expire(_ campaign: RunningCampaign) {
        guard !campaign.record.isCancelling else { return }
        campaign.record.isCancelling = true
        campaign.isDirty = true
        self.recall(campaign.id)
        self.log(
            LoopNote(
                .warning,
                .campaignState,
                "\(campaign.id.publicID) has expired: what is not sent by now will not be",
                [(.campaign, .string(campaign.id.publicID))]
            )
        )
    }

    /// Settles a bounded number of targets of campaigns that are cancelled or expired.
    func settleSome() throws(StoreError) {
        guard self.restored == nil else { return }
        // Also when it is paused, or nobody is there to send it.
        for campaign in self.sortedCampaigns() {
            if let expires = campaign.record.expiresAt, self.wall >= expires { self.expire(campaign) }
            self.endFreezing(of: campaign)
        }
        for campaign in self.sortedCampaigns()
        where campaign.record.isCancelling && campaign.record.isFrozen && campaign.record.sweep == nil {
            self.blame.work = .campaign(campaign.id)
            var budget = LoopLimits.settledPerTurn
            let outcome: Outcome = campaign.record.state == .cancelled ? .cancelled : .expired
            while budget > 0, campaign.settleLane < campaign.lanes.count {
                let lane = campaign.settleLane
                let rows = try self.stores.targets.unsettled(
                    campaign: campaign.id,
                    lane: lane,
                    from: campaign.settlePosition,
                    limit: budget
                )
                for target in rows where !self.isLeased(target, lane: lane, campaign) {
                    try self.decide(outcome, reason: "", about: target, lane: lane, campaign)
                }
                if rows.count < budget {
                    // The lane is done; targets that are still leased come back with a due time.
                    campaign.settleLane += 1
                    campaign.settlePosition = 0
                } else {
                    campaign.settlePosition = (rows.last?.position ?? 0) + 1
                }
                budget -= max(1, rows.count)
            }
            if budget > 0 { try self.settleReturned(campaign, as: outcome) }
        }
    }

    /// Nobody can tell any more who else would be in the audience of a campaign that is to end and cannot be read.
    private func endFreezing(of campaign: RunningCampaign) {
        guard campaign.plan == nil, campaign.record.isCancelling, !campaign.record.isFrozen,
            // Who was frozen in a time that the database does not know may have been written to: that stays open.
            campaign.record.sweep?.act != .doubt
        else { return }
        campaign.record.isFrozen = true
        campaign.isDirty = true
        self.log(
            LoopNote(
                .warning,
                .audienceFrozen,
                "\(campaign.id.publicID) ends with \(campaign.audience) targets: who else was meant cannot be read any more",
                [(.campaign, .string(campaign.id.publicID)), (.audience, .number(campaign.audience))]
            )
        )
    }

    /// Settles targets that came back from workers after their lane was done.
    private func settleReturned(_ campaign: RunningCampaign, as outcome: Outcome) throws(StoreError) {
        for lane in campaign.lanes.indices where campaign.lanes[lane].earliestDue != nil {
            let rows = try campaign.grants.due(
                campaign: campaign.id,
                lane: lane,
                by: Timestamp(milliseconds: .max),
                limit: LoopLimits.settledPerTurn,
                on: self.connection
            )
            for row in rows { try self.decide(outcome, reason: "", about: row.target, lane: lane, campaign) }
            campaign.lanes[lane].earliestDue = try self.stores.lanes.earliestDue(campaign: campaign.id, lane: lane)
        }
    }

    /// Whether a target without an outcome is in a worker's hands.
    func isLeased(_ target: TargetRecord, lane: Int, _ campaign: RunningCampaign) -> Bool {
        guard target.due == nil else { return false }
        // A target that was granted bears its epoch only from the second time on; before that its place in a range tells.
        if target.epoch.rawValue > 0 { return self.leases[target.epoch] != nil }
        return target.position < campaign.lanes[lane].record.cursor
            && self.leases.contains(campaign: campaign.id, lane: lane, position: target.position)
    }

    /// Ends campaigns of which every target is settled.
    func finishCampaigns() throws(StoreError) {
        guard self.restored == nil else { return }
        for campaign in self.sortedCampaigns() where campaign.record.isFrozen && campaign.record.sweep == nil {
            self.blame.work = .campaign(campaign.id)
            let counts = campaign.counts
            guard counts.sum - counts.deferred == campaign.audience, self.leases.open(of: campaign.id).targets == 0
            else { continue }
            try self.finish(campaign)
        }
    }

    private func finish(_ campaign: RunningCampaign) throws(StoreError) {
        let isOver = campaign.record.finishedAt != nil
        if campaign.record.state != .cancelled { campaign.record.state = .finished }
        if campaign.record.finishedAt == nil { campaign.record.finishedAt = self.wall }
        campaign.record.isCancelling = false
        try self.stores.campaigns.save(campaign.record)
        for lane in campaign.lanes where lane.isDirty { try self.stores.lanes.save(lane.record) }
        self.capsFrom = nil
        self.guards.forget(campaign.id)
        self.queue.remove(campaign: campaign.id)
        self.throttles.define(.campaign(campaign.id), limits: [], at: self.now)
        self.campaigns[campaign.id] = nil
        self.unreadable[campaign.id] = nil
        if !self.quarantine.isEmpty { self.quarantine.forget(campaign.id) }
        // In order, so that a replay says it in the same order; so wherever frames or turns come from a dictionary.
        for session in self.sortedSessions() where session.contents.removeValue(forKey: campaign.id) != nil {
            self.say(.forget(filled(WireForget()) { $0.campaign = UInt64(campaign.id.rawValue) }), to: session)
        }
        guard !isOver else { return }
        let counts = campaign.counts
        self.log(
            LoopNote(
                .info,
                .campaignState,
                "\(campaign.id.publicID) is \(campaign.record.state.rawValue): \(counts.accepted) accepted",
                [
                    (.campaign, .string(campaign.id.publicID)), (.audience, .number(campaign.audience)),
                    (.inDoubt, .number(counts.inDoubt)), (.sentTwice, .number(campaign.sentTwice)),
                ]
            )
        )
    }
}
