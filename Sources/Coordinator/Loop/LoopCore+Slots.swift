import Engine
import Storage

/// A site's connection slots, over all workers.
///
/// Whoever was told a number may use it until its messages are over, also when it is away, so that others get what is left of the site's
/// number, whatever their share is.
extension LoopCore {
    /// Slots that a worker may have of a lane's site.
    ///
    /// - Parameters:
    ///   - queue: The site, over one relay.
    ///   - session: The worker.
    ///   - sharers: Those that share the site's slots, in order; one that only tries the relay is not among them, and gets one.
    /// - Returns: Its share, and no more than others leave.
    func slots(of queue: RelayQueue, for session: WorkerSession, among sharers: [WorkerSession]) -> Int {
        let all = self.allSlots(of: queue.site)
        let free = all - self.slotsInUse(of: queue, besides: session)
        let index = sharers.firstIndex { $0 === session }
        // Whole slots, the odd ones to the first workers.
        let share = index.map { all / sharers.count + ($0 < all % sharers.count ? 1 : 0) } ?? 1
        return max(0, min(share, free))
    }

    /// Whether a worker is given messages at all, and so has a share of what there is.
    func takesPart(_ session: WorkerSession) -> Bool {
        !self.drained.contains(session.name) && session.apart.flatMap { self.leases[$0] } == nil
            && self.reservation?.session != session.id && session.hasCredit(at: self.now)
    }

    /// Slots that nobody but this worker uses.
    func freeSlots(of queue: RelayQueue, besides session: WorkerSession) -> Int {
        self.allSlots(of: queue.site) - self.slotsInUse(of: queue, besides: session)
    }

    private func allSlots(of site: String) -> Int {
        let configured = self.options.siteLimits(site).connections
        return self.paces[site]?.slots(of: configured) ?? configured
    }

    private func slotsInUse(of queue: RelayQueue, besides session: WorkerSession) -> Int {
        var count = self.absentSlots()[queue] ?? 0
        for other in self.sessions.values where other !== session { count += other.uses[queue]?.slots ?? 0 }
        return count
    }

    /// Slots of workers that are not connected and have leases that still run; asked once a turn.
    private func absentSlots() -> [RelayQueue: Int] {
        if let known = self.absentUse { return known }
        var open: [String: [RelayQueue: Int]] = [:]
        for lease in self.leases.all where !lease.isOverdue && self.sessionOfWorker[lease.holder] == nil {
            guard let queue = self.queue(of: lease) else { continue }
            open[lease.holder, default: [:]][queue, default: 0] += lease.openCount
        }
        var slots: [RelayQueue: Int] = [:]
        for (holder, queues) in open {
            for (queue, count) in queues {
                slots[queue, default: 0] += min(count, self.slotsTold(to: holder, of: queue))
            }
        }
        self.absentUse = slots
        return slots
    }

    /// What a worker without a session was told; before this process, at most all that the site has.
    func slotsTold(to worker: String, of queue: RelayQueue) -> Int {
        self.departedUses[worker]?[queue]?.slots ?? self.options.siteLimits(queue.site).connections
    }

    func queue(of lease: OpenLease) -> RelayQueue? {
        guard let campaign = self.campaigns[lease.campaign] else { return nil }
        return RelayQueue(relay: lease.relay, site: campaign.lanes[lease.lane].record.site)
    }

    /// Keeps what a worker may go on using although its session is over.
    func departs(_ session: WorkerSession) {
        self.departedUses[session.name] = session.uses.isEmpty ? nil : session.uses
        self.absentUse = nil
    }
}
