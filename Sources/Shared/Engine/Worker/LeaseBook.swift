package import Domain

/// The leases a worker holds, and which target of them is sent next.
///
/// A pure machine: times and nonces come in as arguments. Targets are named by ``TargetHandle``; the strings of a shard are not its
/// business. Every call on the way of a message (``next(relay:at:)``, ``intend(_:at:)``, ``mayProceed(_:at:)``, ``settle(_:)``) takes
/// constant time, whatever is held: each relay has a line of the sites that have both a free slot and a target whose time has come.
///
/// Invariants:
/// 1. A target is handed out by `next` at most once, and ends in exactly one fact: by `settle`, or by being handed back.
/// 2. `mayProceed` is never true at or after the lease's deadline.
/// 3. A site never has more open targets than its slots.
/// 4. `intend` and `mayProceed` are never true of a target that was withdrawn before.
/// 5. An epoch is taken on at most once: they rise, so one that is not above the highest seen is a repetition.
package struct LeaseBook {
    /// Bounds of what a worker holds.
    package struct Limits: Sendable {
        /// Targets held at most, whatever the coordinator allows: bounds memory (a target is about half a kilobyte).
        package var targetsMax = 16_384
        /// How often a worker with room offers it again, so that no lease is born old.
        package var creditInterval: Int64 = 5_000
        /// How long targets of a relay that cannot be used wait for a fresh try before they go back.
        package var relayPatience: Int64 = 5_000
        /// How long what is not begun waits for a journal that refuses before the coordinator takes it back.
        package var journalPatience: Int64 = 5_000

        package init() {}
    }

    let limits: Limits
    var leases: [LeaseEntry] = []
    var freeSlots: [Int] = []
    var slotByEpoch: [UInt64: Int] = [:]
    var queues: [SiteQueue] = []
    var queueByName: [QueueName: Int] = [:]
    var relays: [RelayLine] = []
    var timed = TimedLeases()
    var lastSerial: UInt64 = 0
    /// Of all grants that came, this process's and those before it.
    package internal(set) var highestEpoch: UInt64
    /// Targets held that have no fact yet.
    package internal(set) var held = 0
    /// Targets of those that are taken, intended or open.
    package internal(set) var open = 0
    package internal(set) var isDraining = false
    /// Since when nothing can be journalled, so that nothing can be handed back; see ``stall(at:)``.
    var stalledSince: Instant?
    /// The coordinator was to take back what is not begun.
    var gaveUpOnJournal = false
    var isStalled: Bool { self.stalledSince != nil }

    // What Welcome said, and what was last sent.
    var ttl: Int64 = 60_000
    var creditMax = 0
    var credits = SentNonces()
    var progresses = SentNonces()
    var lastCredit: Instant?
    var lastProgress: Instant?
    var settledSinceCredit = 0
    /// No lease with waiting targets has an earlier deadline.
    var earliestDeadline = Instant(milliseconds: .max)

    struct QueueName: Hashable {
        let relay: Int
        let site: String
    }

    struct RelayLine {
        /// Queues that can take, each once.
        var ready = Ring<Int>()
        /// Numbers of queues of this relay that hold no lease.
        ///
        /// Entries of leases that are gone may still be in their rings, and they
        /// may stand in the line: both are skipped, so such a number serves any other site of this relay.
        var freeQueues: [Int] = []
        var unavailable = false
    }

    /// - Parameters:
    ///   - limits: Bounds of memory and waiting.
    ///   - highestEpoch: The highest epoch that a journal of an earlier process names; 0 for none.
    package init(limits: Limits = Limits(), highestEpoch: Epoch = Epoch(0)) {
        self.limits = limits
        self.highestEpoch = highestEpoch.rawValue
    }

    /// Makes room for one more relay.
    ///
    /// - Returns: The relay's number in all later calls; they count from 0.
    package mutating func addRelay() -> Int {
        self.relays.append(RelayLine())
        return self.relays.count - 1
    }

    /// The earliest time at which a target that waits for its time may begin.
    package var nextDue: Instant? { self.timed.first?.due }

    /// Whether it is worth asking for a relay's next target.
    ///
    /// May be `true` where ``next(relay:at:)`` then has none.
    package func mayHaveNext(relay: Int, at now: Instant) -> Bool {
        guard !self.isDraining else { return false }
        return !self.relays[relay].ready.isEmpty || self.timed.first.map { $0.due <= now } ?? false
    }

    // MARK: The way of a message

    /// Takes the next target for a connection of a relay: fair over the relay's sites, and over the leases of one site.
    package mutating func next(relay: Int, at now: Instant) -> TargetHandle? {
        guard !self.isDraining, !self.isStalled else { return nil }
        while let entry = self.timed.popFirst(dueBy: now) {
            guard self.leases[entry.slot].serial == entry.serial else { continue }
            self.enqueue(entry.slot)
        }
        while let queue = self.relays[relay].ready.popFirst() {
            self.queues[queue].isReady = false
            guard let handle = self.take(from: queue, at: now) else { continue }
            self.makeReady(queue)
            return handle
        }
        return nil
    }

    /// Notes that the target's intent goes to the journal.
    ///
    /// - Returns: `false` when the lease has run out meanwhile: no intent is needed, the target is to be withdrawn.
    package mutating func intend(_ target: TargetHandle, at now: Instant) -> Bool {
        guard self.state(of: target) == .taken, now < self.leases[target.slot].deadline, !self.isWithdrawn(target)
        else { return false }
        self.leases[target.slot].states[target.index] = .intended
        return true
    }

    /// The check between the journalled intent and the last byte.
    ///
    /// - Returns: `true` when the last byte may go out now.
    package mutating func mayProceed(_ target: TargetHandle, at now: Instant) -> Bool {
        guard self.state(of: target) == .intended, now < self.leases[target.slot].deadline, !self.isWithdrawn(target)
        else { return false }
        self.leases[target.slot].states[target.index] = .open
        return true
    }

    /// What a fact about a target changed.
    package struct Settled: Hashable, Sendable {
        package let epoch: Epoch
        package let position: UInt32
        /// Whether that was the lease's last target: its slot is free now.
        package let endedLease: Bool
    }

    /// Ends a target that was taken; its slot at the site is free again.
    ///
    /// - Returns: `nil` when the target was settled before.
    package mutating func settle(_ target: TargetHandle) -> Settled? {
        guard let state = self.state(of: target), state != .waiting, state != .settled else { return nil }
        let slot = target.slot
        self.leases[slot].states[target.index] = .settled
        self.leases[slot].unsettled -= 1
        let queue = self.leases[slot].queue
        self.queues[queue].open -= 1
        self.open -= 1
        self.held -= 1
        self.settledSinceCredit += 1
        self.makeReady(queue)
        let epoch = self.leases[slot].epoch
        let position = self.leases[slot].positions[target.index]
        return Settled(epoch: epoch, position: position, endedLease: self.endIfSettled(slot))
    }

    /// Whether it must not be sent any more although it is with a connection.
    private func isWithdrawn(_ target: TargetHandle) -> Bool {
        !self.leases[target.slot].withdrawn.isEmpty && self.leases[target.slot].withdrawn.contains(target.index)
    }

    /// When the right to send the target ends; `nil` when its lease is gone.
    package func deadline(of target: TargetHandle) -> Instant? {
        self.state(of: target) == nil ? nil : self.leases[target.slot].deadline
    }

    // MARK: Lines

    func state(of target: TargetHandle) -> TargetState? {
        let slot = target.slot
        guard slot < self.leases.count, self.leases[slot].serial == target.serial, target.serial != 0 else {
            return nil
        }
        return target.index < self.leases[slot].states.count ? self.leases[slot].states[target.index] : nil
    }

    private mutating func take(from queue: Int, at now: Instant) -> TargetHandle? {
        while self.queues[queue].canTake, let entry = self.queues[queue].leases.popFirst() {
            let slot = entry.slot
            guard self.leases[slot].serial == entry.serial, self.leases[slot].waiting > 0 else { continue }
            guard now.advanced(byMilliseconds: self.beginMargin) < self.leases[slot].deadline else {
                self.leases[slot].place = .idle
                continue
            }
            let due = self.leases[slot].due
            guard due <= now else {
                self.leases[slot].place = .timed
                self.timed.insert(.init(due: due, slot: slot, serial: entry.serial))
                continue
            }
            let index = self.leases[slot].next
            self.leases[slot].states[index] = .taken
            self.leases[slot].next += 1
            self.leases[slot].skipSettled()
            self.queues[queue].open += 1
            self.open += 1
            if self.leases[slot].waiting > 0 {
                self.queues[queue].leases.append(entry)
            } else {
                self.leases[slot].place = .idle
            }
            return TargetHandle(serial: entry.serial, slot: slot, index: index)
        }
        return nil
    }

    /// Nothing is begun so shortly before the deadline: it would be withdrawn at its last byte, and cost a connection.
    var beginMargin: Int64 { min(1_000, self.ttl / 10) }

    mutating func enqueue(_ slot: Int) {
        guard self.leases[slot].place != .queued, self.leases[slot].waiting > 0 else { return }
        self.leases[slot].place = .queued
        let queue = self.leases[slot].queue
        self.queues[queue].leases.append(.init(slot: slot, serial: self.leases[slot].serial))
        self.makeReady(queue)
    }

    mutating func makeReady(_ queue: Int) {
        guard !self.queues[queue].isReady, self.queues[queue].canTake else { return }
        self.queues[queue].isReady = true
        self.relays[self.queues[queue].relay].ready.append(queue)
    }

    /// Frees the lease's slot when nothing of it is left.
    mutating func endIfSettled(_ slot: Int) -> Bool {
        guard self.leases[slot].unsettled == 0 else { return false }
        self.slotByEpoch[self.leases[slot].epoch.rawValue] = nil
        let queue = self.leases[slot].queue
        self.queues[queue].held -= 1
        if self.queues[queue].held == 0 {
            let relay = self.queues[queue].relay
            self.queueByName[QueueName(relay: relay, site: self.queues[queue].site)] = nil
            self.relays[relay].freeQueues.append(queue)
        }
        self.leases[slot] = LeaseEntry()
        self.freeSlots.append(slot)
        return true
    }
}
