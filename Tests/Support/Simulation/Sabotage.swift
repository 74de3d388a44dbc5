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
    /// An incarnation is counted twice.
    case reusesEpochs
    /// Limits are taken for four times what they are.
    case loosensLimits
    /// Nobody is told of the caps.
    case forgetsCaps
    /// Workers are not told when people's hours end.
    case forgetsHours
}

/// Does what the ``Sabotage`` says.
final class Saboteur {
    let kind: Sabotage
    private unowned let world: World

    init(_ kind: Sabotage, in world: World) {
        self.kind = kind
        self.world = world
    }

    func workerDied(_ worker: WorkerHost) {
        guard self.kind == .forgetsJournal else { return }
        worker.executeSQL("DELETE FROM entry")
        worker.witness.journalLost()
    }

    func coordinatorDied(_ database: SQLiteDatabase) {
        guard self.kind == .reusesEpochs else { return }
        self.world.executeSQL("UPDATE meta SET value = CAST(value AS INTEGER) - 1 WHERE key = 'incarnation'")
    }

    /// What the coordinator is told of the limits.
    func settings(_ settings: DrivenLoop.Settings) -> DrivenLoop.Settings {
        if self.kind == .forgetsCaps {
            var uncapped = settings
            uncapped.caps = []
            return uncapped
        }
        guard self.kind == .loosensLimits else { return settings }
        func loosened(_ limits: [Limit]) -> [Limit] {
            limits.map {
                Limit(quantity: 4 * $0.quantity, periodMilliseconds: $0.periodMilliseconds, burst: 4 * $0.burst)
            }
        }
        var loose = settings
        loose.clusterLimits = loosened(settings.clusterLimits)
        loose.otherSites.limits = loosened(settings.otherSites.limits)
        for name in settings.sites.keys { loose.sites[name]?.limits = loosened(settings.sites[name]?.limits ?? []) }
        for index in settings.relays.indices { loose.relays[index].limits = loosened(settings.relays[index].limits) }
        return loose
    }

    /// What reaches a worker of a frame.
    func frame(_ payload: [UInt8]) -> [UInt8] {
        guard self.kind == .forgetsHours, let framed = try? CoordinatorMessage.decode(payload),
            case .grant(var grant) = framed.message
        else { return payload }
        grant.sendWithin = 0
        let changed = CoordinatorMessage.grant(grant)
        return (try? changed.frame(session: framed.header.session, sequence: framed.header.sequence)) ?? payload
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
}
