import Domain
import Engine
import Logging
import Storage
import Telemetry
import Wire

/// A worker that was welcomed and has not spoken in its new session yet.
struct Arrival {
    let session: WorkerSession
    let hello: WireHello
}

/// What follows from a Hello: a session, and what becomes of leases that the worker had.
///
/// A Hello may come late, from a connection that its worker has left: what it lists as held is then no longer all that is held. So
/// nothing follows from it but the answer, until its worker speaks in the session that the answer opens.
extension LoopCore {
    /// Answers a Hello.
    func welcome(_ hello: WireHello, routing: [UInt8], from name: String) throws(StoreError) {
        guard self.sessions.count < LoopLimits.sessions || self.sessionOfWorker[name] != nil else {
            self.answer(
                .problem(filled(WireProblem()) { $0.text = "too many workers" }),
                to: routing,
                session: 0,
                sequence: 0
            )
            return
        }
        guard try self.checkEpochs([hello.highestEpoch] + hello.held.map(\.epoch), of: name) else {
            self.answer(
                .problem(filled(WireProblem()) { $0.text = "an epoch that no coordinator grants" }),
                to: routing,
                session: 0,
                sequence: 0
            )
            return
        }
        self.lastSession += 1
        let session = WorkerSession(
            id: self.lastSession,
            name: name,
            routing: routing,
            build: hello.build,
            connections: Int(clamping: hello.connections),
            at: self.now
        )
        let earlier = self.arrivals.values.filter { $0.session.name == name }.map(\.session.id).sorted()
        for id in earlier.dropLast(LoopLimits.arrivalsOfWorker - 1) { self.arrivals[id] = nil }
        self.arrivals[session.id] = Arrival(session: session, hello: hello)
        let welcome = filled(WireWelcome()) {
            $0.leaseTtl = UInt32(self.options.leaseTTLMilliseconds)
            $0.credit = UInt32(LoopLimits.credit)
            $0.worker = name
            $0.relays = self.options.relays.keys.sorted().compactMap { self.options.relays[$0]?.wire }
        }
        self.say(.welcome(welcome), to: session)
    }

    /// The session that a frame was said in; the first frame of a new one ends the one before.
    ///
    /// - Returns: `nil` when there is no such session.
    func session(_ header: FrameHeader, routing: [UInt8], from name: String) throws(StoreError) -> WorkerSession? {
        if let session = self.sessions[header.session] {
            return session.name == name && session.routing == routing ? session : nil
        }
        guard let arrival = self.arrivals[header.session], arrival.session.name == name,
            arrival.session.routing == routing, header.sequence == 1
        else { return nil }
        try self.admit(arrival)
        return arrival.session
    }

    /// Compares what a worker still knows with what it was granted, and opens its session.
    private func admit(_ arrival: Arrival) throws(StoreError) {
        let (session, name) = (arrival.session, arrival.session.name)
        // What another Hello of this worker lists is older than what this session will bring.
        self.arrivals = self.arrivals.filter { $0.value.session.name != name }
        if let old = self.session(of: name) {
            self.end(old, saying: "worker \(name) came again")
        }
        try self.reconcile(arrival.hello, of: name)
        session.lastHeard = self.now
        self.sessions[session.id] = session
        self.sessionOfWorker[name] = session.id
        for epoch in self.leases.epochs(of: name) { self.countOpen(epoch, in: session) }
        self.departedUses[name] = nil
        self.absentUse = nil
        self.log(
            LoopNote(
                .info,
                .workerConnected,
                "worker \(name) is connected",
                [(.worker, .string(name)), (.build, .string(session.build))]
            )
        )
        if self.drained.contains(name) { self.recallAll(of: session) }
        try self.withdrawAll(of: session)
        self.wakeAll()
    }

    private func reconcile(_ hello: WireHello, of name: String) throws(StoreError) {
        let journal = Array(hello.journal)
        let known = try self.stores.cluster.workers().first { $0.name == name }
        let remembers =
            known.map { $0.journal == journal && ($0.machineBoot == hello.machineBoot || hello.journalDurable) } ?? true
        try self.stores.cluster.save(
            ClusterStore.WorkerRecord(
                name: name,
                journal: journal,
                machineBoot: hello.machineBoot,
                build: hello.build,
                lastSeen: self.wall
            )
        )
        var held: [Epoch: WireHeldLease] = [:]
        for lease in hello.held { held[Epoch(lease.epoch)] = lease }
        let hasDied = self.hasDied(name, process: hello.process)
        var recalled: [UInt64] = []
        for epoch in self.leases.epochs(of: name) {
            guard let lease = self.leases[epoch] else { continue }
            if let known = held[epoch], known.running, remembers {
                if !self.goesOn(lease) {
                    _ = self.leases.recall(epoch)
                    recalled.append(epoch.rawValue)
                }
                continue
            }
            let begun = Set((held[epoch]?.begun ?? []).map { Int($0) })
            guard remembers else {
                for member in lease.openMembers { try self.doubt(member, of: lease, reason: .journalLost) }
                continue
            }
            let notBegun = lease.openMembers.filter { !begun.contains($0.position) }
            if hasDied {
                try self.died(holding: notBegun, of: lease)
            } else {
                for member in notBegun { try self.takeBack(member, of: lease) }
            }
        }
        if !remembers {
            self.log(
                LoopNote(
                    .warning,
                    .journal,
                    "worker \(name) lost its journal or its machine restarted: what it held and did not report is in doubt",
                    [(.worker, .string(name))]
                )
            )
        }
        // Leases it still runs that are not ours to give any more must stop.
        let strange = hello.held.filter { $0.running && self.leases[Epoch($0.epoch)]?.holder != name }
        self.pendingRecalls[name] = recalled + strange.map(\.epoch)
    }

    /// Its holder is back and still works on it.
    ///
    /// - Returns: Whether it may go on. The permits of an overdue lease were taken for used, and others were granted since: it
    ///   needs new ones, and without them its holder hands back what it has not begun.
    private func goesOn(_ lease: OpenLease) -> Bool {
        if lease.isOverdue {
            guard let campaign = self.campaigns[lease.campaign] else { return false }
            var wanted = self.sharedScopes(campaign).map { ($0, lease.openCount) }
            let sites = Dictionary(lease.openMembers.map { ($0.site, 1) }, uniquingKeysWith: +)
            wanted += sites.sorted { $0.key < $1.key }.map { (.site($0.key), $0.value) }
            for site in sites.keys { self.defineSite(site) }
            for (scope, count) in wanted {
                guard case .permits(let room) = self.throttles.room(for: count, in: scope, at: self.now), room >= count
                else { return false }
            }
            for (scope, count) in wanted { self.throttles.debit(count, in: scope) }
        }
        self.leases.resume(lease.epoch, deadline: self.leaseDeadline)
        return true
    }

    private func countOpen(_ epoch: Epoch, in session: WorkerSession) {
        guard let lease = self.leases[epoch], !lease.isOverdue, let campaign = self.campaigns[lease.campaign] else {
            return
        }
        let queue = RelayQueue(relay: lease.relay, site: campaign.lanes[lease.lane].record.site)
        session.takes(lease.openCount, in: queue, slots: self.slotsTold(to: session.name, of: queue))
        if lease.isApart { session.apart = epoch }
    }
}
