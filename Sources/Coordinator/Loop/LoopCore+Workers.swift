import Domain
import Engine
import Logging
import Storage
import Telemetry
import Wire

/// What workers say, apart from Hello and reports, and what they are told.
extension LoopCore {
    func takeFrame(_ payload: [UInt8], routing: [UInt8], from name: String) throws(StoreError) {
        let frame: Framed<WorkerMessage>
        do throws(FrameError) {
            frame = try WorkerMessage.decode(payload)
        } catch {
            self.counters.malformed += 1
            let isLast = self.blame.cannotRead(name, at: self.now)
            self.log(
                LoopNote(
                    isLast ? .error : .warning,
                    .frameRefused,
                    "a frame of worker \(name) was refused: \(error)"
                        + (isLast ? "; nothing is taken from it for a minute" : ""),
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
        guard let session = try self.session(frame.header, routing: routing, from: name) else {
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
        self.arrivals = self.arrivals.filter { $0.value.session.routing != routing }
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
}
