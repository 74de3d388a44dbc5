import Domain
import Engine
import Logging
import Storage
import Telemetry
import Wire

/// Workers that an operator drains: what they have not begun goes to others, and they get nothing more until that is undone.
///
/// It outlives restarts of both sides, since what it is done for may need them.
extension LoopCore {
    func drain(worker name: String) throws(StoreError) {
        guard self.drained.insert(name).inserted else { return }
        try self.saveDrained()
        if let session = self.session(of: name) { self.recallAll(of: session) }
        self.log(LoopNote(.info, .draining, "worker \(name) is drained", [(.worker, .string(name))]))
    }

    func undrain(worker name: String) throws(StoreError) {
        guard self.drained.remove(name) != nil else { return }
        try self.saveDrained()
        self.log(LoopNote(.info, .draining, "worker \(name) is not drained any more", [(.worker, .string(name))]))
        self.wakeAll()
    }

    /// Asks back what a worker has not begun, of all its leases.
    func recallAll(of session: WorkerSession) {
        let epochs = self.leases.epochs(of: session.name)
        for epoch in epochs { _ = self.leases.recall(epoch) }
        guard !epochs.isEmpty else { return }
        self.say(.recall(filled(WireRecall()) { $0.epoch = epochs.map(\.rawValue) }), to: session)
    }

    func readDrained() throws(StoreError) {
        let names = try self.stores.cluster.meta(MetaKey.drained) ?? ""
        self.drained = Set(names.split(separator: " ").map { String($0) })
    }

    private func saveDrained() throws(StoreError) {
        // Names of workers have no blanks.
        try self.stores.cluster.setMeta(MetaKey.drained, self.drained.sorted().joined(separator: " "))
    }

    /// A worker's key was taken off the list: what it holds and has not reported is in doubt at once.
    func remove(worker name: String) throws(StoreError) {
        try self.undrain(worker: name)
        if let session = self.session(of: name) {
            // It may hear this, though nothing it says is heard any more.
            let epochs = self.leases.epochs(of: name).map(\.rawValue)
            self.say(.recall(filled(WireRecall()) { $0.epoch = epochs }), to: session)
            self.end(session, saying: "worker \(name) was removed")
        }
        self.log(LoopNote(.info, .workerRemoved, "worker \(name) was removed", [(.worker, .string(name))]))
        for epoch in self.leases.epochs(of: name) {
            guard let lease = self.leases[epoch] else { continue }
            self.logDoubt(lease)
            for member in lease.openMembers { try self.doubt(member, of: lease, reason: .orphaned) }
        }
    }
}
