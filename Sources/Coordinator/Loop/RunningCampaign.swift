import Domain
import Engine
import Storage
import TimeZones
import Wire

/// A lane of a running campaign, with what need not be stored.
struct RunningLane {
    var record: LaneRecord
    /// When the first retry comes due; `nil` when none waits.
    var earliestDue: Timestamp?
    /// Counts or cursor changed since the last commit.
    var isDirty = false

    /// Targets whose first attempt was not granted yet.
    var fresh: Int { self.record.audience - self.record.cursor }
}

/// A campaign with unsettled targets, ready to be granted.
final class RunningCampaign {
    var record: CampaignRecord
    /// `nil` when it cannot be read any more: then nothing of it is granted, and what is open can only be settled.
    let plan: CampaignPlan?
    var lanes: [RunningLane]
    var laneOfSite: [String: Int] = [:]
    /// How many contacts of each site were frozen, by hash: a collision only gives a site its own lane early.
    var siteSizes = [UInt32](repeating: 0, count: RunningCampaign.siteSizesCount)
    var rate = RateMeter()
    var deferredRate = RateMeter()
    var bouncedRate = RateMeter()
    /// Where settling of a cancelled campaign goes on: lane and position.
    var settleLane = 0
    var settlePosition = 0
    var isDirty = false
    /// Targets found to bring workers down since something of it last came to an end.
    var poisonedInRow = 0
    /// What is left of its budget; `nil` without one.
    var budget: RunningBudget?
    /// What its contacts must have one of; `nil` until it is asked for.
    var consentNeed: ConsentMarks?
    /// Why the coordinator itself paused it.
    var trouble: String?
    /// At which hours it is sent; `nil`: at all.
    var hours: RecipientHours?

    static let siteSizesCount = 65_536

    init(_ record: CampaignRecord, plan: CampaignPlan?, lanes: [LaneRecord]) {
        self.record = record
        self.plan = plan
        self.lanes = lanes.map { RunningLane(record: $0) }
        for lane in lanes where !lane.isTail { self.laneOfSite[lane.site] = lane.lane }
    }

    var id: Campaign.ID { self.record.id }

    /// What reads its targets; the bare rows of one without a plan.
    var grants: GrantQuery { self.plan?.grants ?? Self.bareRows }

    private static let bareRows = GrantQuery(conditions: [], bindings: [], columns: [])

    /// Contacts are still to be put into its audience.
    var isFreezing: Bool { !self.record.isFrozen && self.plan != nil }

    var counts: LaneCounts {
        self.lanes.reduce(into: LaneCounts()) { $0 += $1.record.counts }
    }

    var audience: Int { self.lanes.reduce(0) { $0 + $1.record.audience } }
    var sentTwice: Int { self.lanes.reduce(0) { $0 + $1.record.sentTwice } }

    /// Moves one target between two states; `nil` is pending.
    func move(lane: Int, from: Outcome?, to: Outcome?) {
        if let from { self.lanes[lane].record.counts[from] -= 1 }
        if let to { self.lanes[lane].record.counts[to] += 1 }
        self.lanes[lane].isDirty = true
    }

    /// Notes that a target of the lane may be granted again at `due`.
    ///
    /// - Returns: Whether it is the first of the lane to come due.
    @discardableResult
    func waits(lane: Int, until due: Timestamp) -> Bool {
        if let earliest = self.lanes[lane].earliestDue, earliest <= due { return false }
        self.lanes[lane].earliestDue = due
        return true
    }
}

/// Events a second over the last five seconds.
struct RateMeter {
    private var buckets = [Int](repeating: 0, count: 6)
    private var second: Int64 = 0

    /// Whole seconds that ``perSecond(at:)`` looks back over.
    static let window = 5

    mutating func add(_ count: Int, at now: Instant) {
        self.advance(to: now)
        self.buckets[Int(self.second % 6)] += count
    }

    /// Averages over the last ``window`` whole seconds.
    mutating func perSecond(at now: Instant) -> Double {
        self.advance(to: now)
        let current = Int(self.second % 6)
        let sum = self.buckets.indices.filter { $0 != current }.reduce(0) { $0 + self.buckets[$1] }
        return Double(sum) / Double(Self.window)
    }

    private mutating func advance(to now: Instant) {
        let second = now.milliseconds / 1_000
        guard second > self.second else { return }
        for step in 1...min(6, Int(second - self.second)) {
            self.buckets[Int((self.second + Int64(step)) % 6)] = 0
        }
        self.second = second
    }
}
