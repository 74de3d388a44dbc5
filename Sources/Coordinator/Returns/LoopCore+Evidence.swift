import Domain
import Engine
import Storage

/// Doubts that what comes back clears: whoever got a message is not sent it again.
extension LoopCore {
    /// Settles a message of which nobody knew whether it was sent, when what came back shows it.
    ///
    /// - Parameters:
    ///   - key: Of the message, which is proved.
    ///   - meaning: What came back about it.
    /// - Throws: What the store throws.
    func clearDoubt(about key: TargetKey, _ meaning: ReturnMeaning) throws(StoreError) {
        guard let evidence = meaning.evidence, let target = try self.stores.targets.target(key) else { return }
        // One that waits to be sent once more is as doubtful.
        guard target.outcome == .inDoubt || (target.outcome == .deferred && target.wasDoubted) else { return }
        let fact = LedgerEntry(
            key: key,
            epoch: try self.stores.targets.doubtedEpoch(key) ?? target.epoch,
            outcome: evidence.outcome,
            reason: evidence.reason.rawValue,
            at: self.wall
        )
        try self.join(fact, in: self.campaigns[key.campaign], holder: "")
    }

    /// A fact from a worker, with what is known besides: news of a message may come before its worker tells that it is in doubt.
    func weighed(_ fact: LedgerEntry) throws(StoreError) -> LedgerEntry {
        guard fact.outcome == .inDoubt else { return fact }
        let notes = try EventStore(self.connection).notes(of: fact.key, since: fact.epoch)
        // That it arrived weighs more than that it came back.
        let found = notes.compactMap { $0.kind.evidence($0.reason) }
        guard let evidence = found.first(where: { $0.outcome == .accepted }) ?? found.first else { return fact }
        var fact = fact
        fact.outcome = evidence.outcome
        fact.reason = evidence.reason.rawValue
        return fact
    }
}
