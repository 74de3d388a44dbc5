import Domain
import Engine
import Logging
import Storage
import Telemetry
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
            session.settles(members.count, in: RelayQueue(relay: lease.relay, site: site), asReturned: asReturned)
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
