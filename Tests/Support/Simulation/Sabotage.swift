import CoordinatorCore
import Domain
import StorageSQLite
import Wire

/// One rule of the protocol taken away at the edges of the product's code, to prove that the laws notice.
package enum Sabotage: String, CaseIterable, Sendable {
    case none
    /// Reports are acknowledged although the turn was not committed.
    case acknowledgesEarly
    /// The journal of a worker that dies is empty, and nobody says so.
    case forgetsJournal
    /// The worker's clock does not count the time that it stands still.
    case sleepingClock
    /// What an old lease says is taken for what the present one says.
    case believesStale
    /// An incarnation is counted twice.
    case reusesEpochs
    /// A restart forgets how much of each limit was used.
    case forgetsThrottles
}

/// Does what the ``Sabotage`` says.
final class Saboteur {
    let kind: Sabotage
    private unowned let world: World
    private var slept: [String: Int64] = [:]

    init(_ kind: Sabotage, in world: World) {
        self.kind = kind
        self.world = world
    }

    func bootClock(_ worker: WorkerHost) -> Instant {
        let now = worker.clock.boot(at: self.world.now)
        guard self.kind == .sleepingClock else { return now }
        return now.advanced(byMilliseconds: -(self.slept[worker.name] ?? 0))
    }

    func workerSlept(_ worker: WorkerHost, _ milliseconds: Int64) {
        self.slept[worker.name, default: 0] += milliseconds
    }

    func workerDied(_ worker: WorkerHost) {
        guard self.kind == .forgetsJournal else { return }
        worker.executeSQL("DELETE FROM entry")
        worker.witness.journalLost()
    }

    func coordinatorDied(_ database: SQLiteDatabase) {
        switch self.kind {
        case .reusesEpochs:
            self.world.executeSQL("UPDATE meta SET value = CAST(value AS INTEGER) - 1 WHERE key = 'incarnation'")
        case .forgetsThrottles: self.world.executeSQL("DELETE FROM throttle; UPDATE shard SET open = 0")
        default: break
        }
    }

    /// Frames that go out whether or not the turn was committed.
    func answers(
        _ frames: [DrivenLoop.Inbound],
        isCommitted: Bool
    ) -> [(routing: [UInt8], payload: [UInt8])] {
        guard self.kind == .acknowledgesEarly, !isCommitted else { return [] }
        return frames.compactMap { inbound in
            guard let framed = try? WorkerMessage.decode(inbound.payload), case .report(let report) = framed.message,
                let answer = try? CoordinatorMessage.acknowledge(
                    filled(WireAcknowledge()) { $0.number = report.number }
                )
                .frame(session: framed.header.session, sequence: 1 << 40 + UInt64(self.world.nextNumber()))
            else { return nil }
            return (inbound.routing, answer)
        }
    }

    /// A frame on its way to the coordinator.
    func tampered(
        _ frame: [UInt8],
        from worker: WorkerHost,
        leases present: @autoclosure () -> [DrivenLoop.Lease]
    ) -> [UInt8] {
        guard self.kind == .believesStale, let framed = try? WorkerMessage.decode(frame),
            case .report(var report) = framed.message
        else { return frame }
        let leases = present()
        for index in report.leases.indices {
            let part = report.leases[index]
            guard !leases.contains(where: { $0.epoch.rawValue == part.epoch }), let position = part.position.first,
                let key = worker.witness.key(Epoch(part.epoch), position: position),
                let present = leases.first(where: { lease in
                    lease.holder == worker.name && lease.campaign == key.campaign && lease.lane == key.lane
                        && lease.open.contains { $0.position == key.position }
                })
            else { continue }
            report.leases[index].epoch = present.epoch.rawValue
        }
        let message = WorkerMessage.report(report)
        return (try? message.frame(session: framed.header.session, sequence: framed.header.sequence)) ?? frame
    }
}
