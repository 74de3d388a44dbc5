package import Domain

extension LeaseBook {
    /// Moves the deadlines of the leases named to a ttl after the progress with this nonce was sent.
    ///
    /// - Returns: What goes back: leases that the progress named and the renewal does not were taken away.
    package mutating func renew(nonce: UInt64, epochs: [UInt64]) -> [HandedBack] {
        guard let progress = self.progresses.find(nonce) else { return [] }
        let deadline = progress.sent.advanced(byMilliseconds: self.ttl)
        var renewed = Set<Int>()
        for epoch in epochs {
            guard let slot = self.slotByEpoch[epoch] else { continue }
            renewed.insert(slot)
            self.leases[slot].deadline = min(max(self.leases[slot].deadline, deadline), self.leases[slot].closing)
            // It may have left its line because too little time was left.
            if self.leases[slot].place == .idle { self.enqueue(slot) }
        }
        let lost = self.leases.indices.filter {
            !self.leases[$0].isFree && self.leases[$0].serial < progress.leaseBound && !renewed.contains($0)
                && !self.leases[$0].recalled
        }
        return lost.compactMap { self.recall(slot: $0) }
    }

    /// Takes leases away: what is begun goes on, the rest goes back.
    package mutating func recall(epochs: [UInt64]) -> [HandedBack] {
        epochs.compactMap { epoch in self.slotByEpoch[epoch].flatMap { self.recall(slot: $0) } }
    }

    /// Takes one target away, whatever becomes of its lease.
    ///
    /// One that waits goes back; one that is with a connection gets no last byte any more; of one whose last byte may be out
    /// nothing changes.
    ///
    /// - Returns: What goes back at once.
    package mutating func withdraw(_ position: UInt32, of epoch: Epoch) -> HandedBack? {
        guard let slot = self.slotByEpoch[epoch.rawValue],
            let index = self.leases[slot].positions.firstIndex(of: position)
        else { return nil }
        switch self.leases[slot].states[index] {
        case .open, .settled: return nil
        case .taken, .intended:
            self.leases[slot].withdrawn.insert(index)
            return nil
        case .waiting:
            // What cannot be journalled cannot be handed back: a connection that takes it will not get to its last byte.
            guard !self.isStalled else {
                self.leases[slot].withdrawn.insert(index)
                return nil
            }
            self.leases[slot].states[index] = .settled
            self.leases[slot].settledAhead += 1
            self.leases[slot].skipSettled()
            return self.settledUnsent([position], slot: slot)
        }
    }

    /// Hands back the waiting targets of leases that ran out.
    package mutating func expire(at now: Instant) -> [HandedBack] {
        guard now >= self.earliestDeadline else { return [] }
        var back: [HandedBack] = []
        self.earliestDeadline = Instant(milliseconds: .max)
        for slot in self.leases.indices where self.leases[slot].waiting > 0 {
            if now >= self.leases[slot].deadline {
                if let handedBack = self.handBack(slot: slot) { back.append(handedBack) }
            } else {
                self.earliestDeadline = min(self.earliestDeadline, self.leases[slot].deadline)
            }
        }
        return back
    }

    /// Notes that a relay as a whole cannot be used, or works again.
    ///
    /// - Returns: Its waiting targets, when it cannot be used.
    package mutating func relayChanged(_ relay: Int, available: Bool) -> [HandedBack] {
        self.relays[relay].unavailable = !available
        guard !available else { return [] }
        return self.handBackAll { $0.relay == relay }
    }

    /// Hands back what was granted for another try with a relay that still cannot be used.
    package mutating func giveUpOnRelays(at now: Instant) -> [HandedBack] {
        guard self.relays.contains(where: \.unavailable) else { return [] }
        let relays = self.relays
        let patience = self.limits.relayPatience
        return self.handBackAll {
            relays[$0.relay].unavailable && now.milliseconds(since: $0.granted) >= patience
        }
    }

    /// The journal refuses: what is recalled from now on goes back once it does not.
    ///
    /// A hand-back that cannot be journalled cannot be told either: the coordinator would take the lease for forgotten.
    package mutating func stall(at now: Instant) {
        guard !self.isStalled else { return }
        self.stalledSince = now
        // That there is no room is said at once.
        self.lastCredit = nil
    }

    /// Gives up what is not begun, when the journal has refused for long: once for each time that it does.
    ///
    /// It cannot be handed back by a fact. But `Hello` lists it as not worked on, and then the coordinator takes it back by itself; when
    /// the journal takes records again, what was given up is handed back before anything else is begun.
    ///
    /// - Returns: Whether `Hello` has to be said.
    package mutating func giveUpOnJournal(at now: Instant) -> Bool {
        guard let since = self.stalledSince, !self.gaveUpOnJournal,
            now.milliseconds(since: since) >= self.limits.journalPatience
        else { return false }
        self.gaveUpOnJournal = true
        let waiting = self.leases.indices.filter { self.leases[$0].waiting > 0 }
        for slot in waiting { self.leases[slot].recalled = true }
        return !waiting.isEmpty
    }

    /// The journal takes records again.
    ///
    /// - Returns: What was recalled meanwhile.
    package mutating func unstall() -> [HandedBack] {
        self.stalledSince = nil
        self.gaveUpOnJournal = false
        self.lastCredit = nil
        return self.handBackAll { $0.recalled }
    }

    /// Begins nothing more, for good.
    package mutating func drain() -> [HandedBack] {
        self.isDraining = true
        return self.handBackAll { _ in true }
    }

    /// What a new session must hear about the leases that are still worked on.
    package func inventory() -> [HeldLease] {
        self.leases.filter { !$0.isFree }.map { lease in
            // A target in the hands of a connection counts as begun: it may be by the time this is read.
            let begun = lease.states.indices.filter { lease.states[$0] != .waiting && lease.states[$0] != .settled }
            return HeldLease(
                epoch: lease.epoch,
                running: !lease.recalled && lease.waiting > 0,
                begun: begun.map { lease.positions[$0] }
            )
        }
    }

    /// Epochs of all leases held.
    package var heldEpochs: [Epoch] { self.leases.filter { !$0.isFree }.map(\.epoch) }

    private mutating func recall(slot: Int) -> HandedBack? {
        self.leases[slot].recalled = true
        return self.isStalled ? nil : self.handBack(slot: slot)
    }

    private mutating func handBackAll(where matches: (LeaseEntry) -> Bool) -> [HandedBack] {
        let slots = self.leases.indices.filter { self.leases[$0].waiting > 0 && matches(self.leases[$0]) }
        return slots.compactMap { self.handBack(slot: $0) }
    }

    /// - Returns: `nil` when nothing waited.
    private mutating func handBack(slot: Int) -> HandedBack? {
        let lease = self.leases[slot]
        guard lease.waiting > 0 else { return nil }
        let waiting = (lease.next..<lease.positions.count).filter { lease.states[$0] == .waiting }
        for index in waiting { self.leases[slot].states[index] = .settled }
        self.leases[slot].next = lease.positions.count
        self.leases[slot].settledAhead = 0
        return self.settledUnsent(waiting.map { lease.positions[$0] }, slot: slot)
    }

    /// Counts targets that go back without having been begun.
    private mutating func settledUnsent(_ positions: [UInt32], slot: Int) -> HandedBack {
        let epoch = self.leases[slot].epoch
        self.leases[slot].unsettled -= positions.count
        self.held -= positions.count
        self.settledSinceCredit += positions.count
        self.timed.removeStale { [leases] in leases[$0.slot].serial == $0.serial && leases[$0.slot].waiting > 0 }
        let ended = self.endIfSettled(slot)
        return HandedBack(epoch: epoch, positions: positions, slot: slot, endedLease: ended)
    }
}
