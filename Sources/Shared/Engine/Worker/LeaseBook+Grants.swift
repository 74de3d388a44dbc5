package import Domain

/// The part of a grant that decides about time and order.
package struct ShardOffer: Sendable {
    package var nonce: UInt64
    package var epoch: Epoch
    /// From ``LeaseBook/addRelay()``.
    package var relay: Int
    package var site: String
    /// Messages of this relay and site that may be open at once, at least 1.
    package var slots: Int
    /// 1 to 256, ascending.
    package var positions: [UInt32]
    /// The targets begin evenly over this time.
    package var spreadMilliseconds: Int64
    /// The lease ends so long after its credit was sent, however often it is renewed: its recipients' hours are over then.
    package var sendWithinMilliseconds: Int64?

    /// Targets in one grant at most, as the protocol says.
    package static let targetsMax = 256

    package init(
        nonce: UInt64,
        epoch: Epoch,
        relay: Int,
        site: String,
        slots: Int,
        positions: [UInt32],
        spreadMilliseconds: Int64,
        sendWithinMilliseconds: Int64? = nil
    ) {
        self.nonce = nonce
        self.epoch = epoch
        self.relay = relay
        self.site = site
        self.slots = slots
        self.positions = positions
        self.spreadMilliseconds = spreadMilliseconds
        self.sendWithinMilliseconds = sendWithinMilliseconds
    }
}

/// What becomes of a grant.
package enum GrantAnswer: Hashable, Sendable {
    /// Taken on; the lease has this slot until it ends.
    case held(slot: Int)
    /// Seen before: nothing is to be done, least of all handed back.
    case repeated
    /// Cannot be worked on: all its targets are to be handed back.
    case refused(Refusal)

    /// Why a grant is not taken on.
    package enum Refusal: Hashable, Sendable {
        case draining
        /// It answers no credit that is still known, so nobody can tell when it ends.
        case unknownNonce
        /// More targets than the worker has room for.
        case noRoom
        /// Not 1 to 256 targets.
        case wrongSize
    }
}

/// Targets that go back without having been begun.
package struct HandedBack: Hashable, Sendable {
    package let epoch: Epoch
    package let positions: [UInt32]
    package let slot: Int
    /// Whether the lease ended with it: its slot is free now.
    package let endedLease: Bool
}

extension LeaseBook {
    /// Notes a new session.
    ///
    /// - Parameters:
    ///   - ttl: How long a lease lasts after its credit or progress was sent, in milliseconds.
    ///   - credit: Targets the coordinator lets a worker hold.
    package mutating func welcome(ttl: Int64, credit: Int) {
        self.ttl = max(1, ttl)
        self.creditMax = min(max(1, credit), self.limits.targetsMax)
        // Answers to what was asked in the last session do not come any more, and must not count if they do.
        self.credits.removeAll()
        self.progresses.removeAll()
        self.lastCredit = nil
        self.lastProgress = nil
    }

    /// Takes a shard on, or refuses it whole.
    package mutating func grant(_ offer: ShardOffer, at now: Instant) -> GrantAnswer {
        guard offer.epoch.rawValue > self.highestEpoch else { return .repeated }
        self.highestEpoch = offer.epoch.rawValue
        let count = offer.positions.count
        guard (1...ShardOffer.targetsMax).contains(count) else { return .refused(.wrongSize) }
        guard !self.isDraining else { return .refused(.draining) }
        guard let credit = self.credits.find(offer.nonce) else { return .refused(.unknownNonce) }
        // Twice the credit: the coordinator may count as settled what is still on its way here.
        guard self.held + count <= 2 * self.creditMax else { return .refused(.noRoom) }

        self.lastSerial += 1
        var lease = LeaseEntry()
        lease.serial = self.lastSerial
        lease.epoch = offer.epoch
        lease.relay = offer.relay
        lease.queue = self.queue(relay: offer.relay, site: offer.site, slots: offer.slots)
        lease.positions = offer.positions
        lease.states = Array(repeating: .waiting, count: count)
        lease.unsettled = count
        if let within = offer.sendWithinMilliseconds { lease.closing = credit.sent.advanced(byMilliseconds: within) }
        lease.deadline = min(credit.sent.advanced(byMilliseconds: self.ttl), lease.closing)
        lease.granted = now
        lease.spreadMilliseconds = offer.spreadMilliseconds
        let slot = self.store(lease)
        self.slotByEpoch[offer.epoch.rawValue] = slot
        self.held += count
        self.earliestDeadline = min(self.earliestDeadline, lease.deadline)
        self.enqueue(slot)
        return .held(slot: slot)
    }

    private mutating func store(_ lease: LeaseEntry) -> Int {
        if let slot = self.freeSlots.popLast() {
            self.leases[slot] = lease
            return slot
        }
        self.leases.append(lease)
        return self.leases.count - 1
    }

    private mutating func queue(relay: Int, site: String, slots: Int) -> Int {
        let name = QueueName(relay: relay, site: site)
        let number: Int
        if let known = self.queueByName[name] {
            number = known
        } else if let free = self.relays[relay].freeQueues.popLast() {
            number = free
            self.queues[free].site = site
            self.queueByName[name] = free
        } else {
            number = self.queues.count
            self.queues.append(SiteQueue(relay: relay, site: site, slots: 1))
            self.queueByName[name] = number
        }
        self.queues[number].slots = max(1, slots)
        self.queues[number].held += 1
        self.makeReady(number)
        return number
    }

    // MARK: Credit

    /// Whether it is time to offer room: at the start of a session, when a quarter of it became free, and every few seconds.
    package func creditIsDue(at now: Instant) -> Bool {
        guard self.creditMax > 0, !self.isDraining else { return false }
        guard let last = self.lastCredit else { return true }
        if self.settledSinceCredit * 4 >= self.creditMax { return true }
        return now.milliseconds(since: last) >= self.limits.creditInterval && self.held < self.creditMax
    }

    /// Notes that credit goes out now; the grants that answer it carry its random `nonce`.
    ///
    /// - Returns: Targets the worker will hold in all; none while nothing can be journalled.
    package mutating func offerCredit(nonce: UInt64, at now: Instant) -> Int {
        self.credits.note(nonce, at: now)
        self.lastCredit = now
        self.settledSinceCredit = 0
        return self.isStalled ? 0 : self.creditMax
    }

    // MARK: Progress

    /// Whether it is time to tell of the leases held: every quarter of the ttl.
    package func progressIsDue(at now: Instant) -> Bool {
        guard self.creditMax > 0, self.held > 0 else { return false }
        guard let last = self.lastProgress else { return true }
        return now.milliseconds(since: last) * 4 >= self.ttl
    }

    /// How far the leases are, as the coordinator is told.
    package struct Progress: Hashable, Sendable {
        package var epochs: [UInt64] = []
        /// Facts so far, one for each epoch.
        package var settled: [UInt64] = []
        /// Targets in a connection's hands, one for each epoch.
        package var begun: [UInt32] = []

        package init(epochs: [UInt64] = [], settled: [UInt64] = [], begun: [UInt32] = []) {
            self.epochs = epochs
            self.settled = settled
            self.begun = begun
        }
    }

    /// Notes that progress goes out now.
    ///
    /// Leases that were recalled are in it for as long as something of them is begun: that may end.
    package mutating func tellProgress(nonce: UInt64, at now: Instant) -> Progress {
        self.progresses.note(nonce, at: now, leaseBound: self.lastSerial + 1)
        self.lastProgress = now
        var progress = Progress()
        for lease in self.leases where !lease.isFree {
            progress.epochs.append(lease.epoch.rawValue)
            progress.settled.append(UInt64(lease.positions.count - lease.unsettled))
            // What cannot be handed back is as good as in a connection's hands.
            progress.begun.append(UInt32(self.isStalled ? lease.unsettled : lease.unsettled - lease.waiting))
        }
        return progress
    }
}
