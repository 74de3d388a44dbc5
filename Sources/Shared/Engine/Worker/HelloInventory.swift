import Domain

/// Puts together what `Hello` says about leases, from all places that know something unacknowledged.
package struct HelloInventory {
    private var held: [Epoch: (running: Bool, begun: [UInt32])] = [:]

    package init() {}

    /// Adds a lease that is still worked on.
    package mutating func add(_ lease: HeldLease) {
        var entry = self.held[lease.epoch] ?? (running: false, begun: [])
        entry.running = entry.running || lease.running
        entry.begun += lease.begun
        self.held[lease.epoch] = entry
    }

    /// Adds a fact that was not acknowledged.
    ///
    /// What was handed back was not begun.
    package mutating func add(_ fact: TargetFact) {
        var entry = self.held[fact.epoch] ?? (running: false, begun: [])
        if fact.fate != .returned { entry.begun.append(fact.position) }
        self.held[fact.epoch] = entry
    }

    /// Ascending, each position once.
    package var leases: [HeldLease] {
        self.held.sorted { $0.key < $1.key }.map { epoch, entry in
            HeldLease(epoch: epoch, running: entry.running, begun: Set(entry.begun).sorted())
        }
    }
}
