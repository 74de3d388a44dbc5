package import Domain

/// One throttle's bucket, with which a ``Limit`` holds exactly at the relay, not only at the coordinator.
///
/// Between the grant of a permit and the moment its message leaves lies a delay that nobody knows. So a permit that was granted and
/// not yet accounted for still fills its place in the bucket:
///
///     level + outstanding ≤ burst, or level = 0
///
/// In any window of one period at most what was outstanding or in the bucket at its start (≤ burst) and what flowed in meanwhile
/// (≤ quantity) can leave, however late each message is: quantity + burst, as the limit says. Only leases that were taken for lost
/// and are read again can bring more out than the bucket holds; nothing flows in until that many are accounted for.
package struct TokenBucket: Hashable, Sendable {
    package let limit: Limit
    /// Permits to grant now, with the fraction that flowed in so far.
    package private(set) var level: Double
    /// Permits granted whose messages may still leave.
    package private(set) var outstanding: Int
    private var filledAt: Instant

    /// - Parameters:
    ///   - limit: What holds.
    ///   - level: Permits in it; clamped to what `outstanding` leaves room for.
    ///   - outstanding: Permits granted before, of leases that are still open.
    ///   - now: When it had that level.
    package init(limit: Limit, level: Double, outstanding: Int = 0, at now: Instant) {
        self.limit = limit
        self.outstanding = outstanding
        self.level = max(0, min(level, Double(limit.burst - outstanding)))
        self.filledAt = now
    }

    /// Lets permits flow in up to `now`.
    ///
    /// - Parameters:
    ///   - now: A clock that went backwards changes nothing.
    ///   - factor: Share of the limit's rate, over 0 and up to 1: less while a site asks for patience.
    package mutating func fill(at now: Instant, factor: Double = 1) {
        let elapsed = now.milliseconds(since: self.filledAt)
        guard elapsed > 0 else { return }
        self.filledAt = now
        let inflow = Double(self.limit.quantity) * factor * Double(elapsed) / Double(self.limit.periodMilliseconds)
        self.level = max(self.level, min(self.room, self.level + inflow))
    }

    /// Whole permits that can be granted now.
    package var available: Int { Int(self.level) }

    /// Takes permits out.
    package mutating func debit(_ count: Int) {
        precondition(count >= 0 && count <= self.available, "more permits than the bucket has")
        self.level -= Double(count)
        self.outstanding += count
        self.assertInvariant()
    }

    /// Permits whose messages left, or can no longer leave.
    package mutating func used(_ count: Int) {
        precondition(count >= 0 && count <= self.outstanding, "more permits accounted for than were granted")
        self.outstanding -= count
        self.assertInvariant()
    }

    /// Permits whose messages were not sent and will not be under this grant.
    package mutating func returned(_ count: Int) {
        self.used(count)
        self.level = max(0, min(self.room, self.level + Double(count)))
        self.assertInvariant()
    }

    /// How many permits a grant should wait for, if it needs `wanted`: none when they are all there.
    ///
    /// Else a quarter of the bucket: small enough that the next grant is prepared while this one is on its way, large enough that a
    /// limit of thousands a second is not granted one by one. It does not depend on `wanted`: who needs few would always come
    /// before who needs many, and the bucket would never fill for those.
    package func quantum(wanted: Int) -> Int {
        wanted <= self.available ? 0 : max(1, min(self.limit.burst / 4, Self.quantumMax))
    }

    /// The largest quantum: half a shard.
    private static let quantumMax = 128

    /// Milliseconds until `count` permits will be there; 0 when they are, at least 1 otherwise.
    package func wait(for count: Int, factor: Double = 1) -> Int64 {
        let missing = Double(count) - self.level
        guard missing > 0 else { return 0 }
        let milliseconds = missing * Double(self.limit.periodMilliseconds) / (Double(self.limit.quantity) * factor)
        return max(1, Int64(min(milliseconds.rounded(.up), Self.waitMax)))
    }

    /// A day in milliseconds: the bucket is looked at again at least that often.
    private static let waitMax: Double = 86_400_000

    /// Nothing is outstanding and nothing more would flow in: a new bucket would be the same.
    package var isFull: Bool { self.outstanding == 0 && self.level >= Double(self.limit.burst) }

    private var room: Double { Double(self.limit.burst - self.outstanding) }

    private func assertInvariant() {
        let isWithin = self.level + Double(self.outstanding) <= Double(self.limit.burst) + 0.000_001
        assert(self.level == 0 || self.level > 0 && isWithin)
    }
}
