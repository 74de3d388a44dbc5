import Domain
import Engine
import Logging
import Storage
import Telemetry

/// Workers that went without a word, and leases whose holder is gone.
extension LoopCore {
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

    /// Ends sessions of workers that went without a word: a ROUTER does not say so, and the living would share slots with them.
    private func endSilentSessions() {
        let patience = self.options.leaseOverMilliseconds
        let silent = self.sessions.values.filter { self.now.milliseconds(since: $0.lastHeard) > patience }
        for session in silent.sorted(by: { $0.id < $1.id }) {
            self.end(session, saying: "worker \(session.name) has not been heard of for \(patience / 1_000) s")
        }
    }
}
