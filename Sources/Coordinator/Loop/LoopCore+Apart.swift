import Domain
import Engine
import Logging
import Storage
import Telemetry
import Wire

/// A worker that ends what it has, to be granted suspects alone.
struct Reservation: Hashable, Sendable {
    let session: UInt64
    /// From then on it is granted them whatever it still has.
    let until: Instant
}

/// Targets that may bring workers down (see ``Quarantine``).
extension LoopCore {
    /// Whether the process that this worker last was ended without having handed back what it held.
    ///
    /// After a start of the coordinator, and of a worker that does not tell its process, that is not known.
    func hasDied(_ name: String, process: UInt64) -> Bool {
        let last = self.processes.updateValue(WorkerProcess(id: process), forKey: name)
        guard let last, last.id != 0, process != 0 else { return false }
        return last.id != process && !last.saidGoodbye
    }

    /// A worker died that held these targets of a lease and had not begun them.
    func died(holding members: [OpenLease.Member], of lease: OpenLease) throws(StoreError) {
        guard !members.isEmpty else { return }
        let held = Quarantine.Group(campaign: lease.campaign, lane: lease.lane, positions: members.map(\.position))
        let verdicts = self.quarantine.died(holding: held, wasApart: lease.isApart)
        for (member, verdict) in zip(members, verdicts) {
            switch verdict {
            case .free: try self.takeBack(member, of: lease)
            case .apart: try self.takeBack(member, of: lease, isApart: true)
            case .poison: try self.poison(member, of: lease)
            }
        }
        let apart = verdicts.count { $0 == .apart }
        guard apart > 0 else { return }
        self.log(
            LoopNote(
                .warning,
                .poison,
                "worker \(lease.holder) died with \(apart) targets that it had not begun, not the first to do so: "
                    + "they go to a worker that has nothing else",
                [
                    (.worker, .string(lease.holder)), (.campaign, .string(lease.campaign.publicID)),
                    (.targets, .number(apart)),
                ]
            )
        )
    }

    /// A target that brought down every worker that had it.
    private func poison(_ member: OpenLease.Member, of lease: OpenLease) throws(StoreError) {
        guard let campaign = self.campaigns[lease.campaign] else { return }
        let fact = LedgerEntry(
            key: lease.key(member.position),
            epoch: lease.epoch,
            outcome: .failed,
            reason: Reason.poison.rawValue,
            at: self.wall,
            worker: lease.holder
        )
        self.release([member], of: lease, asReturned: true)
        try self.settle(fact, member, of: lease, in: campaign, retryAfter: 0)
        self.counters.poisoned += 1
        self.log(
            LoopNote(
                .error,
                .poison,
                "a target brings workers down: it is failed and not tried again",
                [
                    (.campaign, .string(campaign.id.publicID)), (.contact, .number(member.contact.rawValue)),
                    (.worker, .string(lease.holder)),
                ]
            )
        )
        campaign.poisonedInRow += 1
        if campaign.poisonedInRow >= LoopLimits.poisonedInRow { try self.pauseDeadly(campaign) }
    }

    /// One target after the other brings workers down, and nothing comes to an end: then it is not the targets.
    private func pauseDeadly(_ campaign: RunningCampaign) throws(StoreError) {
        guard campaign.record.state == .running else { return }
        let trouble =
            "paused by the coordinator: workers die whatever they are to send of it; see their logs, then resume it"
        campaign.trouble = trouble
        campaign.record.state = .paused
        campaign.isDirty = true
        try self.audit("pause", campaign.record, by: "coordinator")
        self.recall(campaign.id)
        self.log(
            LoopNote(
                .error,
                .campaignState,
                "\(campaign.id.publicID) is \(trouble)",
                [(.campaign, .string(campaign.id.publicID)), (.state, .string(campaign.record.state.rawValue))]
            )
        )
    }

    // Granting them.

    /// Grants groups of suspects to workers that have nothing else, and has a worker become one.
    func grantApart() throws(StoreError) {
        self.nextApart = nil
        guard self.quarantine.hasWaiting else {
            self.reservation = nil
            return
        }
        for session in self.sessions.values.sorted(by: { $0.name < $1.name }) where self.isFree(session) {
            while let group = self.quarantine.next(where: { self.canGrant($0, to: session) }) {
                if try self.grant(group, to: session) { break }
            }
        }
        self.reserve()
    }

    /// Whether a worker has nothing, or had long enough to come to that.
    private func isFree(_ session: WorkerSession) -> Bool {
        guard self.canHaveAlone(session), self.epochReserve.allows(self.epoch.next()) else { return false }
        if let reservation, reservation.session == session.id, reservation.until <= self.now { return true }
        return self.leases.open(of: session.name) == 0
    }

    private func canHaveAlone(_ session: WorkerSession) -> Bool {
        !self.drained.contains(session.name) && session.apart.flatMap { self.leases[$0] } == nil
            && session.room(open: self.leases.open(of: session.name), at: self.now) > 0
    }

    private func canGrant(_ group: Quarantine.Group, to session: WorkerSession) -> Bool {
        guard let campaign = self.campaigns[group.campaign], campaign.record.state == .running,
            !campaign.record.isCancelling, campaign.record.sweep?.act != .doubt,
            campaign.lanes.indices.contains(group.lane), self.options.signing(of: campaign) != nil,
            self.opening(of: campaign) == nil,
            !self.isHeld(LaneKey(campaign: group.campaign, lane: group.lane), campaign)
        else { return false }
        if let problem = session.relayProblems[campaign.record.relay], problem.probeAt > self.now { return false }
        let site = campaign.lanes[group.lane].record.site
        guard self.freeSlots(of: RelayQueue(relay: campaign.record.relay, site: site), besides: session) > 0 else {
            return false
        }
        let wanted = min(group.positions.count, LoopLimits.shardTargets)
        if case .wait = self.permits(for: wanted, lane: campaign.lanes[group.lane], campaign) { return false }
        return true
    }

    /// - Returns: Whether the worker's turn is over: it was granted something, or nothing can be granted now.
    private func grant(_ group: Quarantine.Group, to session: WorkerSession) throws(StoreError) -> Bool {
        guard let campaign = self.campaigns[group.campaign] else { return false }
        let lane = campaign.lanes[group.lane]
        let room = session.room(open: self.leases.open(of: session.name), at: self.now)
        let wanted = min(group.positions.count, room, LoopLimits.shardTargets)
        guard case .permits(let permits) = self.permits(for: wanted, lane: lane, campaign) else {
            self.quarantine.putBack(group)
            return true
        }
        var taken = Array(group.positions.prefix(permits))
        let rows = try campaign.grants.waiting(
            campaign: campaign.id,
            lane: group.lane,
            positions: taken,
            caps: try self.capMoment(campaign),
            on: self.connection
        )
        var shard = ShardDraft(isRetry: true)
        shard.closing = self.closing(of: campaign)
        for row in rows {
            guard shard.byteCount < LoopLimits.shardBytes else {
                taken.removeAll { $0 >= row.target.position }
                break
            }
            try self.consider(row, lane: lane.record, campaign, into: &shard)
        }
        let rest = Array(group.positions.dropFirst(taken.count))
        self.quarantine.putBack(Quarantine.Group(campaign: group.campaign, lane: group.lane, positions: rest))
        guard !shard.members.isEmpty else { return false }
        let key = LaneKey(campaign: group.campaign, lane: group.lane)
        // One open message: so a worker that takes them in order has only the culprit in hand when it dies.
        try self.grant(shard, key, campaign, to: session, slots: 1, isApart: true)
        self.holdProbes(of: session, campaign.record.relay)
        if self.reservation?.session == session.id { self.reservation = nil }
        campaign.lanes[group.lane].earliestDue =
            try self.stores.lanes.earliestDue(campaign: group.campaign, lane: group.lane)
        return true
    }

    /// Keeps one worker from getting more as long as there is a group that it could be granted.
    private func reserve() {
        let able = self.sessions.values.filter { session in
            self.canHaveAlone(session) && self.quarantine.contains { self.canGrant($0, to: session) }
        }
        guard !able.isEmpty else {
            self.reservation = nil
            if self.hasSuspectsToSend { self.nextApart = self.later }
            return
        }
        self.nextApart = self.later
        if let reservation, able.contains(where: { $0.id == reservation.session }) { return }
        let idlest = able.min { left, right in
            (self.leases.open(of: left.name), left.name) < (self.leases.open(of: right.name), right.name)
        }
        self.reservation = idlest.map {
            Reservation(
                session: $0.id,
                until: self.now.advanced(byMilliseconds: LoopLimits.reservationMilliseconds)
            )
        }
    }

    private var later: Instant { self.now.advanced(byMilliseconds: LoopLimits.apartMilliseconds) }

    /// Whether it is worth looking again by itself: whatever else a group waits for brings a turn of its own.
    private var hasSuspectsToSend: Bool {
        self.quarantine.contains { group in
            self.campaigns[group.campaign].map { $0.record.state == .running && !$0.record.isCancelling } ?? false
        }
    }
}
