import Domain
import Engine
import Logging
import Storage
import Telemetry
import UserFiles

/// Passes over all targets of a campaign: doubts after a restore, and what operators decide about doubts and failures.
///
/// A chunk a turn, with its place stored in the turn's transaction: a million targets hold nobody up, and a restart goes on where it was.
extension LoopCore {
    func sweepSome() throws(StoreError) {
        guard self.restored == nil else { return }
        for campaign in self.sortedCampaigns() {
            guard let sweep = campaign.record.sweep, self.maySweep(campaign) else { continue }
            self.blame.work = .campaign(campaign.id)
            try self.take(sweep, of: campaign)
        }
    }

    /// Whether there is something of a sweep to be done now.
    func maySweep(_ campaign: RunningCampaign) -> Bool {
        guard let sweep = campaign.record.sweep, self.restored == nil else { return false }
        // Contacts that were frozen after the backup may have been written to, too: they have to be there first.
        return sweep.act != .doubt || campaign.record.isFrozen
    }

    private func take(_ start: CampaignSweep, of campaign: RunningCampaign) throws(StoreError) {
        var sweep = start
        var changes = LoopLimits.sweptPerTurn
        var positions = LoopLimits.sweepWindow
        while changes > 0, positions > 0, sweep.lane < campaign.lanes.count {
            let end = min(campaign.lanes[sweep.lane].record.audience, sweep.position + positions)
            let rows = try SweepStore(self.connection).rows(
                of: sweep.act,
                campaign: campaign.id,
                lane: sweep.lane,
                positions: sweep.position..<max(sweep.position, end),
                limit: changes
            )
            for row in rows { try self.apply(sweep.act, to: row, lane: sweep.lane, campaign) }
            let next = rows.count < changes ? end : (rows.last?.target.position ?? end) + 1
            // A small lane costs a few statements, too.
            positions -= max(LoopLimits.sweepLaneCost, next - sweep.position)
            changes -= rows.count
            sweep.position = next
            guard next >= campaign.lanes[sweep.lane].record.audience else { continue }
            campaign.lanes[sweep.lane].earliestDue = try self.stores.lanes.earliestDue(
                campaign: campaign.id,
                lane: sweep.lane
            )
            sweep.lane += 1
            sweep.position = 0
        }
        campaign.isDirty = true
        guard sweep.lane >= campaign.lanes.count else {
            campaign.record.sweep = sweep
            return
        }
        campaign.record.sweep = nil
        self.log(
            LoopNote(
                .info,
                .campaignState,
                "\(campaign.id.publicID): the pass over its targets (\(sweep.act.text)) is done",
                [(.campaign, .string(campaign.id.publicID)), (.inDoubt, .number(campaign.counts.inDoubt))]
            )
        )
        if campaign.record.state == .running { self.serve(campaign) }
    }

    private func apply(
        _ act: CampaignSweep.Act,
        to row: SweepStore.Row,
        lane: Int,
        _ campaign: RunningCampaign
    ) throws(StoreError) {
        let key = TargetKey(campaign: campaign.id, lane: lane, position: row.target.position)
        switch act {
        case .doubt: try self.doubtUnknown(row.target, key, campaign)
        case .skip: try SweepStore(self.connection).skip(key)
        case .resend: try self.sendAgain(row, key, due: self.resendDue(of: row), isDoubted: true, campaign)
        case .retry: try self.sendAgain(row, key, due: self.wall, isDoubted: false, campaign)
        }
    }

    /// A target that may have been sent in the time that the database does not know.
    private func doubtUnknown(
        _ target: TargetRecord,
        _ key: TargetKey,
        _ campaign: RunningCampaign
    ) throws(StoreError) {
        // Under an epoch that no grant has: neither an attempt's row nor that of a decision stands in its way.
        var entry = LedgerEntry(
            key: key,
            epoch: self.lostBelow,
            outcome: .inDoubt,
            reason: Reason.restored.rawValue,
            at: self.wall
        )
        _ = try self.stores.targets.append(entry)
        entry.epoch = target.epoch
        try self.stores.targets.settle(entry, variant: target.variant, attempts: target.attempts)
        campaign.move(lane: key.lane, from: target.outcome, to: .inDoubt)
        self.counters.outcomes[.inDoubt, default: 0] += 1
    }

    private func sendAgain(
        _ row: SweepStore.Row,
        _ key: TargetKey,
        due: Timestamp,
        isDoubted: Bool,
        _ campaign: RunningCampaign
    ) throws(StoreError) {
        let target = row.target
        let entry = LedgerEntry(key: key, epoch: target.epoch, outcome: .deferred, reason: "", at: self.wall)
        try self.stores.targets.schedule(
            entry,
            variant: target.variant,
            attempts: target.attempts,
            due: due,
            isDoubted: isDoubted
        )
        campaign.move(lane: key.lane, from: target.outcome, to: .deferred)
        self.comesDue(due, lane: key.lane, of: campaign)
    }

    /// When a doubt may be sent again: once nobody can be sending it any more.
    private func resendDue(of row: SweepStore.Row) -> Timestamp {
        // Who was shut out, or worked for a coordinator that is gone, goes on until its leases run out.
        let mayStillBeSent = [Reason.orphaned, .restored].map(\.rawValue).contains(row.reason)
        guard mayStillBeSent, let at = row.at else { return self.wall }
        return max(
            self.wall,
            at.advanced(byMilliseconds: self.options.leaseOverMilliseconds)
        )
    }

    // What operators ask.

    /// Tries targets with one outcome again.
    ///
    /// - Returns: Where the campaign stands: running, unless it is paused.
    func retry(_ outcome: Outcome, of id: Campaign.ID, by who: String) throws -> CampaignStatus {
        switch outcome {
        case .bounced, .failed, .expired, .deferred: break
        case .inDoubt:
            throw OperationError.invalid([
                Diagnostic(
                    .error,
                    "what is in doubt may have been sent: decide with 'campaign resolve --resend' or '--skip'"
                )
            ])
        case .accepted, .suppressed, .cancelled:
            throw OperationError.invalid([
                Diagnostic(
                    .error,
                    "\(outcome.name) targets are not retried; allowed: bounced, failed, expired, deferred"
                )
            ])
        }
        try self.requireNoSequel(id)
        return try self.sweep(.retry(outcome), id, by: who)
    }

    /// Decides about what is in doubt.
    func resolve(_ decision: DoubtDecision, of id: Campaign.ID, by who: String) throws -> CampaignStatus {
        switch decision {
        case .resend: try self.sweep(.resend, id, by: who)
        case .skip: try self.sweep(.skip, id, by: who)
        }
    }

    private func sweep(_ act: CampaignSweep.Act, _ id: Campaign.ID, by who: String) throws -> CampaignStatus {
        try self.requireAccepted()
        guard let record = try self.campaigns[id]?.record ?? self.stores.campaigns.campaign(id) else {
            throw OperationError.unknown(id)
        }
        try self.requireReadable(record)
        let state = try self.after(act == .skip ? .skip : .retry, record)
        // Asked twice is answered as once.
        guard record.sweep?.act != act else { return try self.status(of: id) }
        if let other = record.sweep {
            throw OperationError.conflict(
                "\(id.publicID) is in the midst of another pass over its targets (\(other.act.text)); try again in a moment"
            )
        }
        guard !record.isCancelling || act == .skip else {
            throw OperationError.conflict("\(id.publicID) has expired and is being settled; try again in a moment")
        }
        guard act == .skip || self.options.relays[record.relay] != nil else {
            throw OperationError.conflict("relay '\(record.relay)' is not configured")
        }
        let campaign = try self.atHand(record)
        if act == .resend { self.payDoubts(of: campaign) }
        campaign.record.sweep = CampaignSweep(act)
        campaign.isDirty = true
        if act != .skip {
            campaign.record.state = state
            campaign.record.finishedAt = nil
            // As long again as the first time: what is due now would else expire at once.
            let expires = self.wall.advanced(byMilliseconds: campaign.plan?.file.expiresAfterMilliseconds ?? 0)
            campaign.record.expiresAt = max(expires, campaign.record.expiresAt ?? expires)
            if state == .running { self.serve(campaign) }
        }
        try self.audit(act.text, campaign.record, by: who)
        self.note(campaign.record, "\(act.text), asked by \(who)")
        return try self.status(of: id)
    }

    /// A campaign in memory, also one that was over.
    private func atHand(_ record: CampaignRecord) throws -> RunningCampaign {
        if let campaign = self.campaigns[record.id] { return campaign }
        let plan: CampaignPlan
        do throws(PlanProblems) {
            try CampaignDigest.check(record)
            plan = try CampaignPlan(record, names: try self.knownNames(), caps: self.options.caps)
        } catch {
            throw OperationError.invalid(error.diagnostics)
        }
        return try self.resume(record, plan: plan, levels: ThrottleLevels(try self.stores.cluster.levels()))
    }

    /// - Throws: ``OperationError/conflict(_:)`` while nothing may be sent.
    func requireAccepted() throws(OperationError) {
        if let text = self.restoredText { throw OperationError.conflict(text) }
    }
}
