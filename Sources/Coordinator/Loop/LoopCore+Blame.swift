import Domain
import Engine
import Logging
import Storage
import Telemetry
import Wire

/// What the store refuses each time it is tried must not stop everything else.
extension LoopCore {
    /// A turn failed.
    ///
    /// - Returns: What to say of it.
    func blame(_ error: StoreError) -> [LoopEffect] {
        guard case .statement(let text) = error, let work = self.blame.failed(text, at: self.now) else {
            self.blame.work = nil
            return []
        }
        let what: String
        var fields: [(key: LogKey, value: Logger.MetadataValue)] = [(.problem, .string(text))]
        switch work {
        case .fact(let epoch, let position):
            what = "what was reported of target \(position) of lease \(epoch.rawValue) is refused by the store"
            fields.append((.leaseEpoch, .number(epoch.rawValue)))
        case .frames(let name):
            what = "frames of worker \(name) cannot be taken; they are tried again in a minute"
            fields.append((.worker, .string(name)))
        case .campaign(let id):
            what = "\(id.publicID) cannot be continued until the coordinator is started again"
            fields.append((.campaign, .string(id.publicID)))
        }
        return [.log(LoopNote(.error, .storage, "\(what): \(text)", fields))]
    }

    /// Whether this worker's frames are taken now; says so to it when not.
    func takesFrames(of name: String, routing: [UInt8]) -> Bool {
        guard !self.blame.takesFrames(of: name, at: self.now) else { return true }
        self.counters.malformed += 1
        let problem = filled(WireProblem()) {
            $0.text = "the coordinator takes nothing from this worker for a minute; see its log"
        }
        self.answer(.problem(problem), to: routing, session: 0, sequence: 0)
        return false
    }
}

extension LedgerEntry {
    /// What it says, without what only explains it.
    func bare(at now: Timestamp) -> LedgerEntry {
        LedgerEntry(
            key: self.key,
            epoch: self.epoch,
            outcome: self.outcome,
            reason: self.reason,
            at: now,
            worker: self.worker
        )
    }
}
