package import Domain

/// One shard in a worker's hands, with what is still open of it.
package struct OpenLease: Sendable {
    /// A target of the shard.
    package struct Member: Hashable, Sendable {
        package let position: Int
        package let contact: Contact.ID
        /// Its arm; `nil` when that is not known any more.
        package let variant: Int?
        /// Attempts made before this one.
        package let attempts: Int
        /// Its state was `deferred` when it was granted.
        package let wasDeferred: Bool
        /// It was sent again after a doubt.
        package let wasDoubted: Bool
        /// The site whose throttle it took a permit of.
        package let site: String

        package init(
            position: Int,
            contact: Contact.ID,
            variant: Int?,
            attempts: Int,
            wasDeferred: Bool,
            wasDoubted: Bool,
            site: String
        ) {
            self.position = position
            self.contact = contact
            self.variant = variant
            self.attempts = attempts
            self.wasDeferred = wasDeferred
            self.wasDoubted = wasDoubted
            self.site = site
        }
    }

    package let epoch: Epoch
    package let campaign: Campaign.ID
    package let lane: Int
    package let relay: String
    package let holder: String
    /// Ascending by position.
    package let members: [Member]
    /// When the holder must have stopped, by the coordinator's clock: its ttl and a guard after the grant or renewal left.
    package var deadline: Instant
    /// Since when the deadline has passed: no permit of it can be used any more.
    package fileprivate(set) var overdueSince: Instant?
    /// The holder was asked to hand back what it has not begun.
    package fileprivate(set) var isRecalled = false
    /// It is all that its holder has, because one of its targets may bring workers down.
    package let isApart: Bool
    package private(set) var openCount: Int
    private var isOpen: [Bool]
    /// When a target of it was last seen to be settled, or the lease began; `nil` until the holder first spoke of it.
    fileprivate var movedAt: Instant?
    /// Targets settled by then, as the holder said, and open ones, as we know it.
    fileprivate var settledThen: UInt64 = 0
    fileprivate var openThen = 0

    package var isOverdue: Bool { self.overdueSince != nil }

    /// Makes a lease; `members` in ascending order of position, at least one, all open.
    package init(
        epoch: Epoch,
        campaign: Campaign.ID,
        lane: Int,
        relay: String,
        holder: String,
        members: [Member],
        deadline: Instant,
        isApart: Bool = false
    ) {
        self.epoch = epoch
        self.campaign = campaign
        self.lane = lane
        self.relay = relay
        self.holder = holder
        self.members = members
        self.deadline = deadline
        self.isApart = isApart
        self.openCount = members.count
        self.isOpen = Array(repeating: true, count: members.count)
    }

    /// Index of the member with this position, whether open or settled.
    package func index(of position: Int) -> Int? {
        // Shards of first attempts are ranges with few holes, so the first guess is nearly always right.
        guard let first = self.members.first else { return nil }
        let guess = position - first.position
        if self.members.indices.contains(guess), self.members[guess].position == position { return guess }
        var low = 0
        var high = self.members.count
        while low < high {
            let middle = (low + high) / 2
            if self.members[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low < self.members.count && self.members[low].position == position ? low : nil
    }

    /// Whether the member with this index has no outcome yet.
    package func isOpen(at index: Int) -> Bool { self.isOpen[index] }

    /// Marks a member as settled.
    ///
    /// - Returns: Whether it was open.
    package mutating func settle(at index: Int) -> Bool {
        guard self.isOpen[index] else { return false }
        self.isOpen[index] = false
        self.openCount -= 1
        return true
    }

    /// How long nothing of it was settled.
    fileprivate mutating func stillness(settled: UInt64, at now: Instant) -> Int64 {
        let told = min(settled, UInt64(self.members.count))
        if let movedAt, told <= self.settledThen, self.openCount >= self.openThen {
            return now.milliseconds(since: movedAt)
        }
        self.movedAt = now
        self.settledThen = max(self.settledThen, told)
        self.openThen = self.openCount
        return 0
    }

    package var openMembers: [Member] {
        self.members.indices.filter { self.isOpen[$0] }.map { self.members[$0] }
    }
}

/// All open leases.
///
/// Invariants: an epoch is granted once; a lease without open members is gone from the table; the counts by worker and campaign are
/// those of the open members.
package struct LeaseTable: Sendable {
    private var leases: [Epoch: OpenLease] = [:]
    private var openByWorker: [String: Int] = [:]
    private var openByCampaign: [Campaign.ID: Int] = [:]
    private var deferredByCampaign: [Campaign.ID: Int] = [:]
    private var epochsByWorker: [String: Set<Epoch>] = [:]
    private var deadlines = TimerHeap<Epoch>()

    package init() {}

    package subscript(epoch: Epoch) -> OpenLease? { self.leases[epoch] }

    /// Whether a member of a lease has no outcome yet; `false` when the lease is gone.
    package func isOpen(_ index: Int, of epoch: Epoch) -> Bool {
        // In its place: a lease taken out of the table costs more than the answer.
        guard let place = self.leases.index(forKey: epoch) else { return false }
        return self.leases.values[place].isOpen(at: index)
    }

    package var count: Int { self.leases.count }
    package var all: Dictionary<Epoch, OpenLease>.Values { self.leases.values }

    /// Targets in this worker's hands.
    package func open(of worker: String) -> Int { self.openByWorker[worker] ?? 0 }

    /// Targets of this campaign in anybody's hands, and how many of them were deferred before.
    package func open(of campaign: Campaign.ID) -> (targets: Int, deferred: Int) {
        (self.openByCampaign[campaign] ?? 0, self.deferredByCampaign[campaign] ?? 0)
    }

    /// Leases that a worker holds, ascending.
    package func epochs(of worker: String) -> [Epoch] { (self.epochsByWorker[worker] ?? []).sorted() }

    /// Leases with targets of a campaign, ascending.
    package func epochs(of campaign: Campaign.ID) -> [Epoch] {
        self.leases.values.filter { $0.campaign == campaign }.map(\.epoch).sorted()
    }

    /// Adds a lease whose members are all open; its epoch must be new.
    package mutating func insert(_ lease: OpenLease) {
        precondition(self.leases[lease.epoch] == nil && lease.openCount > 0, "an epoch is granted once, with targets")
        self.leases[lease.epoch] = lease
        self.openByWorker[lease.holder, default: 0] += lease.openCount
        self.openByCampaign[lease.campaign, default: 0] += lease.openCount
        self.deferredByCampaign[lease.campaign, default: 0] += lease.members.count { $0.wasDeferred }
        self.epochsByWorker[lease.holder, default: []].insert(lease.epoch)
        self.deadlines.insert(lease.epoch, at: lease.deadline)
    }

    /// What settling one member did.
    package enum Settled: Hashable, Sendable {
        case settled(leaseClosed: Bool)
        /// It had an outcome already, or is no member.
        case alreadySettled
    }

    /// Takes one member out of a lease.
    package mutating func settle(_ index: Int, of epoch: Epoch) -> Settled {
        guard let place = self.leases.index(forKey: epoch), self.leases.values[place].settle(at: index) else {
            return .alreadySettled
        }
        let campaign = self.leases.values[place].campaign
        let holder = self.leases.values[place].holder
        self.openByWorker[holder, default: 0] -= 1
        self.openByCampaign[campaign, default: 0] -= 1
        if self.leases.values[place].members[index].wasDeferred { self.deferredByCampaign[campaign, default: 0] -= 1 }
        guard self.leases.values[place].openCount == 0 else { return .settled(leaseClosed: false) }
        self.leases.remove(at: place)
        self.epochsByWorker[holder]?.remove(epoch)
        return .settled(leaseClosed: true)
    }

    /// What follows from its holder saying how far a lease is.
    package struct Judgement: Hashable, Sendable {
        /// It runs on, to the new deadline.
        package var isRenewed = false
        /// What the holder has not begun is to come back, (still) said to it.
        package var mustRecall = false
        /// It was found just now not to have moved for too long.
        package var isStill = false

        package init(isRenewed: Bool = false, mustRecall: Bool = false, isStill: Bool = false) {
            self.isRenewed = isRenewed
            self.mustRecall = mustRecall
            self.isStill = isStill
        }
    }

    /// Judges a lease by what its holder says of it.
    ///
    ///     moves --nothing settled for `rest`--> recalled: what is not begun comes back
    ///       recalled or not, still with something begun: renewed for `patience`, since a relay may take that long
    ///       still with nothing begun, or for longer than that: not renewed, and its deadline passes
    ///
    /// - Parameters:
    ///   - epoch: The lease.
    ///   - worker: Who says it; only the holder is heard, and not once the lease is overdue.
    ///   - settled: Targets that it settled so far. Only a count above all earlier ones counts as a movement.
    ///   - begun: Targets that are in the hands of its connections.
    ///   - now: The present.
    ///   - deadline: Where a renewal moves the deadline to.
    ///   - limits: How long a lease may be still.
    /// - Returns: What to tell the holder.
    package mutating func progress(
        _ epoch: Epoch,
        by worker: String,
        settled: UInt64,
        begun: Int,
        at now: Instant,
        deadline: Instant,
        limits: Stillness
    ) -> Judgement {
        guard let place = self.leases.index(forKey: epoch) else { return Judgement() }
        let lease = self.leases.values[place]
        guard lease.holder == worker, !lease.isOverdue else { return Judgement() }
        let still = self.leases.values[place].stillness(settled: settled, at: now)
        var judgement = Judgement()
        if still >= limits.restMilliseconds, !lease.isRecalled {
            self.leases.values[place].isRecalled = true
            judgement.isStill = true
        }
        judgement.mustRecall = self.leases.values[place].isRecalled
        // What is begun may end however long ago the rest was asked back; a lease with nothing begun has no use for more time.
        let patience = begun > 0 ? limits.patienceMilliseconds : judgement.mustRecall ? 0 : limits.restMilliseconds
        guard still < patience else { return judgement }
        judgement.isRenewed = true
        self.leases.values[place].deadline = deadline
        self.deadlines.insert(epoch, at: deadline)
        return judgement
    }

    /// How long a lease may be without any target being settled.
    package struct Stillness: Hashable, Sendable {
        /// After this what is not begun comes back: others may get on with it.
        package let restMilliseconds: Int64
        /// After this what is begun is given up, too: no relay may take that long.
        package let patienceMilliseconds: Int64

        package init(restMilliseconds: Int64, patienceMilliseconds: Int64) {
            self.restMilliseconds = restMilliseconds
            self.patienceMilliseconds = max(restMilliseconds, patienceMilliseconds)
        }
    }

    /// Marks a lease as asked back.
    ///
    /// - Returns: Whether it was not before.
    package mutating func recall(_ epoch: Epoch) -> Bool {
        guard let lease = self.leases[epoch], !lease.isRecalled else { return false }
        self.leases[epoch]?.isRecalled = true
        return true
    }

    /// The holder is back and goes on: overdue no longer.
    package mutating func resume(_ epoch: Epoch, deadline: Instant) {
        guard self.leases[epoch] != nil else { return }
        self.leases[epoch]?.overdueSince = nil
        // How it went while nobody spoke of it is not known.
        self.leases[epoch]?.movedAt = nil
        self.leases[epoch]?.deadline = deadline
        self.deadlines.insert(epoch, at: deadline)
    }

    /// Leases whose deadline passed since the last call; they are overdue from now on.
    package mutating func expire(at now: Instant) -> [OpenLease] {
        var expired: [OpenLease] = []
        while let first = self.deadlines.first, first.time <= now {
            self.deadlines.removeFirst()
            guard let lease = self.leases[first.value], lease.deadline <= now, !lease.isOverdue else { continue }
            self.leases[first.value]?.overdueSince = now
            expired.append(lease)
        }
        return expired
    }

    /// When the next deadline passes; may be early, never late.
    package var nextDeadline: Instant? { self.deadlines.first?.time }
}

extension LeaseTable {
    /// Whether a target is open in some lease; for the rare cases in which its epoch is not known.
    package func contains(campaign: Campaign.ID, lane: Int, position: Int) -> Bool {
        self.all.contains { lease in
            guard lease.campaign == campaign, lease.lane == lane, let index = lease.index(of: position) else {
                return false
            }
            return lease.isOpen(at: index)
        }
    }
}
