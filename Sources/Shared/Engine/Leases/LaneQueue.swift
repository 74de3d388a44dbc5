package import Domain

/// Names a lane among those that are served now.
package struct LaneKey: Hashable, Sendable {
    package let campaign: Campaign.ID
    package let lane: Int

    package init(campaign: Campaign.ID, lane: Int) {
        self.campaign = campaign
        self.lane = lane
    }
}

/// Which lane is served next.
///
/// Campaigns share by weight: of those with a lane that is ready, the one that was granted least for its weight comes first. That
/// also holds when a limit they share lets through only a few targets at a time. A campaign's lanes take turns. Lanes that must wait
/// stand in a heap by time, lanes with nothing to do are parked: neither costs anything while others are served.
///
///     ready --granted, more--> ready (at the back)
///     ready --wait(t)--------> waiting --t is over--> ready
///     ready --park-----------> parked  --wake-------> ready
package struct LaneQueue: Sendable {
    private enum Place: Sendable {
        case ready
        case waiting(until: Instant)
        case parked
    }

    private struct CampaignEntry: Sendable {
        let weight: Int
        /// Targets granted so far, divided by the weight; raised when the campaign comes back from having nothing ready.
        var served: Double
        /// Lanes ready to be served, from `head` on.
        var ready: [LaneKey] = []
        var head = 0

        var isEmpty: Bool { self.head >= self.ready.count }
    }

    private var places: [LaneKey: Place] = [:]
    private var campaigns: [Campaign.ID: CampaignEntry] = [:]
    private var order: [Campaign.ID] = []
    /// What the campaign whose turn came last had been served by then.
    private var clock: Double = 0
    private var timers = TimerHeap<LaneKey>()

    /// Targets, divided by the weight, that a campaign may catch up on after it had nothing ready: one full shard.
    ///
    /// More would let one that was idle for long hold up all others.
    package static let arrearsMax: Double = 256

    package init() {}

    /// Adds a campaign whose lanes take part.
    package mutating func add(campaign: Campaign.ID, weight: Int) {
        guard self.campaigns[campaign] == nil else { return }
        self.campaigns[campaign] = CampaignEntry(weight: max(1, weight), served: self.clock)
        self.order.append(campaign)
    }

    /// Takes a campaign and its lanes out.
    package mutating func remove(campaign: Campaign.ID) {
        guard self.campaigns.removeValue(forKey: campaign) != nil else { return }
        self.order.removeAll { $0 == campaign }
        self.places = self.places.filter { $0.key.campaign != campaign }
    }

    /// There may be something to do for this lane now: ready at once, whatever it waited for.
    package mutating func wake(_ lane: LaneKey) {
        if case .ready = self.places[lane] { return }
        guard let (served, isEmpty) = self.campaigns[lane.campaign].map({ ($0.served, $0.isEmpty) }) else { return }
        self.places[lane] = .ready
        if isEmpty { self.campaigns[lane.campaign]?.served = max(served, self.clock - Self.arrearsMax) }
        self.campaigns[lane.campaign]?.ready.append(lane)
    }

    /// As ``wake(_:)``, but only for a lane that is parked: one that waits for a time goes on waiting.
    package mutating func wakeIfParked(_ lane: LaneKey) {
        switch self.places[lane] {
        case .ready, .waiting: return
        case .parked, nil: self.wake(lane)
        }
    }

    /// Takes the next lane to serve out of the ready ones; the caller must answer with ``served(_:targets:)``,
    /// ``wait(_:until:)`` or ``park(_:)``.
    package mutating func next(at now: Instant) -> LaneKey? {
        self.releaseTimers(at: now)
        var least: (id: Campaign.ID, served: Double)?
        for id in self.order {
            guard let entry = self.campaigns[id], !entry.isEmpty else { continue }
            if let least, least.served <= entry.served { continue }
            least = (id, entry.served)
        }
        guard let least else { return nil }
        self.clock = max(self.clock, least.served)
        return self.takeFront(of: least.id)
    }

    /// The lane got a shard, and stands in line again.
    package mutating func served(_ lane: LaneKey, targets: Int) {
        if let weight = self.campaigns[lane.campaign]?.weight {
            self.campaigns[lane.campaign]?.served += Double(targets) / Double(weight)
        }
        self.places[lane] = .parked
        self.wake(lane)
    }

    /// The lane has nothing to be granted before then.
    package mutating func wait(_ lane: LaneKey, until time: Instant) {
        guard self.campaigns[lane.campaign] != nil else { return }
        self.places[lane] = .waiting(until: time)
        self.timers.insert(lane, at: time)
    }

    /// The lane has nothing to be granted until it is woken.
    package mutating func park(_ lane: LaneKey) {
        guard self.campaigns[lane.campaign] != nil else { return }
        self.places[lane] = .parked
    }

    /// When the next waiting lane becomes ready; `nil` when none waits.
    package var nextTime: Instant? { self.timers.first?.time }

    package var hasReady: Bool { self.campaigns.values.contains { !$0.isEmpty } }

    private mutating func releaseTimers(at now: Instant) {
        while let first = self.timers.first, first.time <= now {
            self.timers.removeFirst()
            // A lane that was woken, or waits for another time by now, left this entry behind.
            if case .waiting(let until) = self.places[first.value], until == first.time { self.wake(first.value) }
        }
    }

    private mutating func takeFront(of id: Campaign.ID) -> LaneKey? {
        guard var entry = self.campaigns[id], !entry.isEmpty else { return nil }
        // Taken out, so that the array is changed in place.
        self.campaigns[id]?.ready = []
        let lane = entry.ready[entry.head]
        entry.head += 1
        if entry.isEmpty {
            entry.ready.removeAll(keepingCapacity: true)
            entry.head = 0
        } else if entry.head > 1_024, entry.head * 2 > entry.ready.count {
            entry.ready.removeFirst(entry.head)
            entry.head = 0
        }
        self.campaigns[id] = entry
        return lane
    }
}

/// A binary heap of values by time; entries are not removed when they become stale, the owner checks them when their time comes.
package struct TimerHeap<Value: Sendable>: Sendable {
    private var entries: [(time: Instant, value: Value)] = []

    package init() {}

    package var first: (time: Instant, value: Value)? { self.entries.first }
    package var count: Int { self.entries.count }

    /// Adds a timer; several of one value may stand side by side.
    package mutating func insert(_ value: Value, at time: Instant) {
        self.entries.append((time, value))
        var child = self.entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.entries[child].time < self.entries[parent].time else { return }
            self.entries.swapAt(child, parent)
            child = parent
        }
    }

    /// Drops the earliest timer, of which there must be one.
    package mutating func removeFirst() {
        guard let last = self.entries.popLast(), !self.entries.isEmpty else { return }
        self.entries[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.entries.count {
                if self.entries[child].time < self.entries[least].time { least = child }
            }
            guard least != parent else { return }
            self.entries.swapAt(parent, least)
            parent = least
        }
    }
}
