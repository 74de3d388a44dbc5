import Domain

/// How far one target of a held lease came.
///
///     waiting --next--> taken --intend--> intended --mayProceed--> open --settle--> settled
///        |                |                  |                                        ^
///        +---hand back----+------settle------+----------------------------------------+
enum TargetState: UInt8 {
    /// Not begun: may go back at any time.
    case waiting
    /// Handed to a relay connection; its envelope may be under way.
    case taken
    /// Its intent is being journalled.
    case intended
    /// Its last byte may be out.
    case open
    /// A fact about it was made; it is never looked at again.
    case settled
}

/// One lease in a ``LeaseBook``: a slot of its table, used again by later leases.
struct LeaseEntry {
    /// Where the book looks for this lease's next target.
    enum Place {
        /// In no line: nothing waits, or too little time is left to begin.
        case idle
        /// In its site queue's ring.
        case queued
        /// Among the timed leases, because its next target's time is yet to come.
        case timed
    }

    /// 0 while the slot is free.
    var serial: UInt64 = 0
    var epoch = Epoch(0)
    var relay = 0
    var queue = 0
    var positions: [UInt32] = []
    var states: [TargetState] = []
    /// Index of the first waiting target: targets are taken in order, and those that wait are handed back all at once, or withdrawn
    /// one by one.
    var next = 0
    var unsettled = 0
    var deadline = Instant(milliseconds: 0)
    /// The deadline is never moved beyond this.
    var closing = Instant(milliseconds: .max)
    var granted = Instant(milliseconds: 0)
    var spreadMilliseconds: Int64 = 0
    var place = Place.idle
    /// Taken away: nothing more of it is begun, and it is not renewed.
    var recalled = false
    /// Targets behind ``next`` that were handed back by themselves.
    var settledAhead = 0
    /// Indexes of targets that are with a connection and must not be sent any more.
    var withdrawn: Set<Int> = []

    var isFree: Bool { self.serial == 0 }
    var waiting: Int { self.positions.count - self.next - self.settledAhead }

    /// Moves ``next`` to the next waiting target, or to the end.
    mutating func skipSettled() {
        while self.settledAhead > 0, self.states[self.next] == .settled {
            self.next += 1
            self.settledAhead -= 1
        }
    }

    /// When the next waiting target may begin.
    var due: Instant {
        guard self.spreadMilliseconds > 0 else { return self.granted }
        let offset = self.spreadMilliseconds * Int64(self.next) / Int64(self.positions.count)
        return self.granted.advanced(byMilliseconds: offset)
    }
}

/// The targets of one relay and one site, from all leases: what `slots` limits.
struct SiteQueue {
    struct Entry {
        let slot: Int
        let serial: UInt64
    }

    var relay: Int
    var site: String
    /// Messages that may be open at once.
    var slots: Int
    /// Messages that are: taken, intended or open.
    var open = 0
    /// Leases that have a waiting target whose time has come; entries of leases that are gone are skipped.
    var leases = Ring<Entry>()
    /// Leases of this queue that are held at all.
    var held = 0
    /// Whether the queue stands in its relay's line.
    var isReady = false

    var canTake: Bool { self.open < self.slots && !self.leases.isEmpty }
}

/// Leases whose next target's time is yet to come, the earliest first (a binary heap).
struct TimedLeases {
    struct Entry {
        let due: Instant
        let slot: Int
        let serial: UInt64
    }

    private var heap: [Entry] = []

    var first: Entry? { self.heap.first }

    mutating func insert(_ entry: Entry) {
        self.heap.append(entry)
        var child = self.heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard self.heap[child].due < self.heap[parent].due else { return }
            self.heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst(dueBy now: Instant) -> Entry? {
        guard let first = self.heap.first, first.due <= now else { return nil }
        let last = self.heap.removeLast()
        guard !self.heap.isEmpty else { return first }
        self.heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < self.heap.count {
                if self.heap[child].due < self.heap[least].due { least = child }
            }
            guard least != parent else { return first }
            self.heap.swapAt(parent, least)
            parent = least
        }
    }

    /// Leftovers allowed before they are swept out, so that sweeping costs nothing on average.
    private static let staleMax = 1_024

    /// Forgets entries of leases that are gone, once there are many.
    mutating func removeStale(isLive: (Entry) -> Bool) {
        guard self.heap.count > Self.staleMax else { return }
        let live = self.heap.filter(isLive)
        self.heap.removeAll(keepingCapacity: true)
        for entry in live { self.insert(entry) }
    }
}
