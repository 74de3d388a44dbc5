import Domain
import Engine
import Logging
import Telemetry
import Wire

/// What workers say of the leases they hold: those that move run on, those that do not come back.
extension LoopCore {
    func takeProgress(_ progress: WireProgress, from session: WorkerSession) {
        let rest = LoopLimits.stillTTLs * self.options.leaseTTLMilliseconds
        let limits = LeaseTable.Stillness(
            restMilliseconds: rest,
            patienceMilliseconds: LoopLimits.stillBegunMilliseconds
        )
        var renewed: [UInt64] = []
        var recalled: [UInt64] = []
        for (index, epoch) in progress.epoch.enumerated() {
            let judgement = self.leases.progress(
                Epoch(epoch),
                by: session.name,
                settled: progress.settled.indices.contains(index) ? progress.settled[index] : 0,
                begun: progress.begun.indices.contains(index) ? Int(progress.begun[index]) : 0,
                at: self.now,
                deadline: self.leaseDeadline,
                limits: limits
            )
            if judgement.isRenewed { renewed.append(epoch) }
            if judgement.mustRecall { recalled.append(epoch) }
            if judgement.isStill, let lease = self.leases[Epoch(epoch)] {
                self.noteStill(lease, in: session, for: rest)
            }
        }
        let answer = filled(WireRenew()) {
            $0.nonce = progress.nonce
            $0.epoch = renewed
        }
        self.say(.renew(answer), to: session)
        if !recalled.isEmpty { self.say(.recall(filled(WireRecall()) { $0.epoch = recalled }), to: session) }
    }

    /// Nothing of a lease was settled for too long: what is not begun comes back, and when nothing at all comes through that relay,
    /// its worker gets only single shards for it.
    private func noteStill(_ lease: OpenLease, in session: WorkerSession, for milliseconds: Int64) {
        self.counters.stillLeases += 1
        self.log(
            LoopNote(
                .warning,
                .leaseStill,
                "nothing of a lease of \(lease.openCount) targets moved at worker \(session.name) for "
                    + "\(milliseconds / 1_000) s: what is not begun comes back",
                [
                    (.worker, .string(session.name)), (.campaign, .string(lease.campaign.publicID)),
                    (.relay, .string(lease.relay)), (.targets, .number(lease.openCount)),
                ]
            )
        )
        if let heard = session.heardFromRelay[lease.relay], self.now.milliseconds(since: heard) < milliseconds {
            return
        }
        guard session.relayProblems[lease.relay] == nil else { return }
        session.relayProblems[lease.relay] = WorkerSession.RelayProblem(
            text: "nothing has come to an end for \(milliseconds / 1_000) s",
            probeAt: self.now.advanced(byMilliseconds: LoopLimits.stillProbeMilliseconds),
            isStill: true
        )
    }

    /// Something of a lease came to an end.
    func moves(_ lease: OpenLease, of campaign: RunningCampaign, in session: WorkerSession) {
        campaign.poisonedInRow = 0
        session.heardFromRelay[lease.relay] = self.now
        guard session.relayProblems[lease.relay]?.isStill == true else { return }
        session.relayProblems[lease.relay] = nil
        self.wakeAll()
    }
}
