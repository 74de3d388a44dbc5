import Domain
import Engine
import Storage

/// Which worker gets a lane's next shard.
extension LoopCore {
    func room(of session: WorkerSession) -> Int {
        guard self.reservation?.session != session.id, !self.drained.contains(session.name),
            session.apart.flatMap({ self.leases[$0] }) == nil
        else { return 0 }
        return session.room(open: self.leases.open(of: session.name), at: self.now)
    }

    enum Choice {
        case session(WorkerSession, room: Int, slots: Int)
        case noRoom
        /// Those with room have all slots of this site in use, or all that this relay may have.
        case busy
        case relayDown(until: Instant)
    }

    func chooseWorker(for lane: RunningLane, _ campaign: RunningCampaign) -> Choice {
        let relay = campaign.record.relay
        let queue = RelayQueue(relay: relay, site: lane.record.site)
        let able = self.sessions.values.sorted { $0.name < $1.name }
        var best: (session: WorkerSession, room: Int, targets: Int, slots: Int)?
        var hasRoom = false
        // Those that cannot use the relay take no slots from those that can.
        let healthy = able.filter { $0.relayProblems[relay] == nil }
        let sharers = healthy.filter { self.takesPart($0) }
        var probe: Instant?
        for session in able {
            let room = self.room(of: session)
            guard room > 0 else { continue }
            if let problem = session.relayProblems[relay], problem.probeAt > self.now {
                probe = min(probe ?? problem.probeAt, problem.probeAt)
                continue
            }
            hasRoom = true
            let slots = self.slots(of: queue, for: session, among: sharers)
            let open = session.uses[queue]?.open ?? 0
            let free = room - session.reserved(besides: relay, of: self.options.relays.keys, at: self.now)
            let targets = min(free, slots * LoopLimits.targetsPerSlot - open)
            guard targets > 0, room > (best?.room ?? 0) else { continue }
            best = (session, room, targets, slots)
        }
        if let best {
            self.holdProbes(of: best.session, relay)
            return .session(best.session, room: best.targets, slots: best.slots)
        }
        if hasRoom { return .busy }
        // A worker that can use the relay and is full will have room sooner than the probe comes.
        if let probe, healthy.isEmpty { return .relayDown(until: probe) }
        // Others may still have room for lanes of other relays.
        let retry = self.now.advanced(byMilliseconds: LoopLimits.fullMilliseconds)
        return probe == nil ? .noRoom : .relayDown(until: retry)
    }

    /// A worker whose relay had a problem gets one shard to try it, then waits again.
    func holdProbes(of session: WorkerSession, _ relay: String) {
        guard let problem = session.relayProblems[relay] else { return }
        session.relayProblems[relay]?.probeAt = self.now.advanced(byMilliseconds: problem.probeMilliseconds)
    }
}
