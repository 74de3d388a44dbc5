import Domain
import Engine
import Foundation
import Logging
import Storage
import Telemetry
import Wire

/// What workers say, apart from reports.
extension LoopCore {
    func takeFrame(_ payload: [UInt8], routing: [UInt8], from name: String) throws(StoreError) {
        let frame: Framed<WorkerMessage>
        do throws(FrameError) {
            frame = try WorkerMessage.decode(payload)
        } catch {
            self.counters.malformed += 1
            self.log(
                LoopNote(
                    .warning,
                    .frameRefused,
                    "a frame of worker \(name) was refused: \(error)",
                    [(.worker, .string(name))]
                )
            )
            self.answer(.problem(filled(WireProblem()) { $0.text = "\(error)" }), to: routing, session: 0, sequence: 0)
            return
        }
        if case .hello(let hello) = frame.message {
            try self.welcome(hello, routing: routing, from: name)
            return
        }
        guard let session = self.sessions[frame.header.session], session.name == name, session.routing == routing else {
            let problem = filled(WireProblem()) {
                $0.text = "unknown session: say Hello"
                $0.sessionUnknown = true
            }
            self.answer(.problem(problem), to: routing, session: frame.header.session, sequence: 0)
            return
        }
        // A copy of what was heard says nothing new.
        guard frame.header.sequence > session.heardSequence else { return }
        guard frame.header.sequence == session.heardSequence + 1 else {
            self.endOverGap(session)
            return
        }
        session.heardSequence = frame.header.sequence
        session.lastHeard = self.now
        switch frame.message {
        case .hello: break
        case .credit(let credit): self.takeCredit(credit, from: session)
        case .progress(let progress): self.takeProgress(progress, from: session)
        case .report(let report): try self.takeReport(report, from: session)
        case .relayState(let state): self.takeRelayState(state, from: session)
        case .goodbye:
            self.processes[name]?.saidGoodbye = true
            self.end(session, saying: "worker \(name) said goodbye")
        }
    }

    /// Compares what the worker still knows with what it was granted, and opens a session.
    private func welcome(_ hello: WireHello, routing: [UInt8], from name: String) throws(StoreError) {
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
        if let old = self.session(of: name) {
            self.end(old, saying: "worker \(name) came again")
        }
        try self.reconcile(hello, of: name)
        self.lastSession += 1
        let session = WorkerSession(
            id: self.lastSession,
            name: name,
            routing: routing,
            build: hello.build,
            connections: Int(clamping: hello.connections),
            at: self.now
        )
        self.sessions[session.id] = session
        self.sessionOfWorker[name] = session.id
        for epoch in self.leases.epochs(of: name) { self.countOpen(epoch, in: session) }
        self.departedUses[name] = nil
        self.absentUse = nil
        let welcome = filled(WireWelcome()) {
            $0.leaseTtl = UInt32(self.options.leaseTTLMilliseconds)
            $0.credit = UInt32(LoopLimits.credit)
            $0.worker = name
            $0.relays = self.options.relays.keys.sorted().compactMap { self.options.relays[$0]?.wire }
        }
        self.say(.welcome(welcome), to: session)
        self.log(
            LoopNote(
                .info,
                .workerConnected,
                "worker \(name) is connected",
                [(.worker, .string(name)), (.build, .string(hello.build))]
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

    private func takeCredit(_ credit: WireCredit, from session: WorkerSession) {
        session.credit = WorkerSession.Credit(nonce: credit.nonce, targets: Int(credit.targets), at: self.now)
        for timing in credit.timing where self.options.relays[timing.relay] != nil {
            self.relayTimes[timing.relay, default: RelayTime()].add(timing)
        }
        // In order, so that a replay wakes them as before.
        for lane in self.busyLanes.sorted(by: { ($0.campaign, $0.lane) < ($1.campaign, $1.lane) }) {
            self.queue.wakeIfParked(lane)
        }
        self.busyLanes.removeAll(keepingCapacity: true)
        if let recalls = self.pendingRecalls.removeValue(forKey: session.name), !recalls.isEmpty {
            self.say(.recall(filled(WireRecall()) { $0.epoch = recalls }), to: session)
        }
    }

    private func takeRelayState(_ state: WireRelayState, from session: WorkerSession) {
        guard self.options.relays[state.relay] != nil else { return }
        if state.available {
            guard session.relayProblems.removeValue(forKey: state.relay) != nil else { return }
            self.log(
                LoopNote(
                    .info,
                    .relayRecovered,
                    "relay \(state.relay) works again for worker \(session.name)",
                    [(.relay, .string(state.relay)), (.worker, .string(session.name))]
                )
            )
            self.wakeAll()
        } else {
            session.relayProblems[state.relay] = WorkerSession.RelayProblem(
                text: state.problem,
                probeAt: self.now.advanced(byMilliseconds: LoopLimits.relayProbeMilliseconds)
            )
        }
    }

    func end(_ session: WorkerSession, saying message: String) {
        self.departs(session)
        self.sessions[session.id] = nil
        if self.sessionOfWorker[session.name] == session.id { self.sessionOfWorker[session.name] = nil }
        self.log(LoopNote(.info, .workerAway, message, [(.worker, .string(session.name))]))
    }

    /// Has a worker begin anew, since a frame of its session was never heard.
    ///
    /// It did not parse, or came while the worker was not on the list. An acknowledgement covers all reports before it, so the worker
    /// has to tell again what was in it.
    private func endOverGap(_ session: WorkerSession) {
        self.end(session, saying: "a frame of worker \(session.name) is missing: it has to say Hello")
        self.say(
            .problem(
                filled(WireProblem()) {
                    $0.text = "a frame of this session is missing: say Hello"
                    $0.sessionUnknown = true
                }
            ),
            to: session
        )
    }

    /// The socket says that this worker's connection is gone.
    func peerGone(_ routing: [UInt8]) {
        for session in self.sessions.values where session.routing == routing {
            self.end(session, saying: "worker \(session.name) cannot be reached")
        }
    }

    // Sending.

    func say(_ message: CoordinatorMessage, to session: WorkerSession) {
        session.sequence += 1
        self.answer(message, to: session.routing, session: session.id, sequence: session.sequence)
    }

    func answer(_ message: CoordinatorMessage, to routing: [UInt8], session: UInt64, sequence: UInt64) {
        do throws(FrameError) {
            let payload = try message.frame(session: session, sequence: sequence)
            self.effects.append(.send(routing: routing, payload: payload))
        } catch {
            self.log(LoopNote(.error, .frameRefused, "a frame could not be made: \(error)"))
        }
    }

    /// Asks holders to hand back what they have not begun of a campaign.
    ///
    /// With `lane` only of that one.
    func recall(_ campaign: Campaign.ID, lane: Int? = nil) {
        var epochs: [String: [UInt64]] = [:]
        for epoch in self.leases.epochs(of: campaign) {
            guard let lease = self.leases[epoch], lane == nil || lease.lane == lane else { continue }
            let holder = lease.holder
            guard self.leases.recall(epoch) else { continue }
            epochs[holder, default: []].append(epoch.rawValue)
        }
        for (holder, recalled) in epochs.sorted(by: { $0.key < $1.key }) {
            guard let session = self.session(of: holder) else { continue }
            self.say(.recall(filled(WireRecall()) { $0.epoch = recalled }), to: session)
        }
    }

    /// Every lane may have something to do: a worker came, or a relay works again.
    func wakeAll() {
        for campaign in self.sortedCampaigns() where campaign.record.state == .running {
            for lane in campaign.lanes.indices { self.queue.wake(LaneKey(campaign: campaign.id, lane: lane)) }
        }
    }

    /// Ends sessions of workers that went without a word: a ROUTER does not say so, and the living would share slots with them.
    private func endSilentSessions() {
        let patience = self.options.leaseOverMilliseconds
        let silent = self.sessions.values.filter { self.now.milliseconds(since: $0.lastHeard) > patience }
        for session in silent.sorted(by: { $0.id < $1.id }) {
            self.end(session, saying: "worker \(session.name) has not been heard of for \(patience / 1_000) s")
        }
    }

    private func countOpen(_ epoch: Epoch, in session: WorkerSession) {
        guard let lease = self.leases[epoch], !lease.isOverdue, let campaign = self.campaigns[lease.campaign] else {
            return
        }
        let queue = RelayQueue(relay: lease.relay, site: campaign.lanes[lease.lane].record.site)
        session.takes(lease.openCount, in: queue, slots: self.slotsTold(to: session.name, of: queue))
        if lease.isApart { session.apart = epoch }
    }

    // Leases whose holder is gone.

    /// Takes note of leases whose deadline passed, and ends those whose grace is over.
    func endLostLeases() throws(StoreError) {
        self.endSilentSessions()
        for lease in self.leases.expire(at: self.now) {
            self.counters.expiredLeases += 1
            // No permit of it can be used any more: the holder stopped before we did.
            self.release(lease.openMembers, of: lease, asReturned: false)
            self.orphans.insert(
                lease.epoch,
                at: self.now.advanced(byMilliseconds: self.options.orphanGraceMilliseconds)
            )
            self.log(
                LoopNote(
                    .warning,
                    .leaseExpired,
                    "worker \(lease.holder) did not renew a lease of \(lease.openCount) targets",
                    [
                        (.worker, .string(lease.holder)), (.campaign, .string(lease.campaign.publicID)),
                        (.targets, .number(lease.openCount)),
                    ]
                )
            )
        }
        while let first = self.orphans.first, first.time <= self.now {
            self.orphans.removeFirst()
            // One that went on meanwhile and is overdue again has a later entry of its own.
            guard let lease = self.leases[first.value], let since = lease.overdueSince,
                self.now.milliseconds(since: since) >= self.options.orphanGraceMilliseconds
            else { continue }
            self.logDoubt(lease)
            for member in lease.openMembers {
                // One that cannot be recorded must not take its campaign along; it stays as it is until the next start.
                guard self.blame.begin(lease.epoch, UInt32(member.position)) != .leftOut else { continue }
                try self.doubt(member, of: lease, reason: .orphaned)
            }
        }
        self.blame.work = nil
    }

    /// Says that nobody will tell any more what became of a lease.
    func logDoubt(_ lease: OpenLease) {
        guard lease.openCount > 0 else { return }
        self.log(
            LoopNote(
                .warning,
                .inDoubt,
                "worker \(lease.holder) is gone with \(lease.openCount) targets that it did not report: they are in doubt",
                [
                    (.worker, .string(lease.holder)), (.campaign, .string(lease.campaign.publicID)),
                    (.targets, .number(lease.openCount)),
                ]
            )
        )
    }
}
