package import Domain

/// Whether a thread still turns, as another thread sees it that looks at a counter now and then.
///
/// Time counts only as far as the watcher itself was running: a process that was stopped, or a machine that slept, is not taken for a
/// thread that hangs.
package struct LoopWatch: Sendable {
    /// Longest time between two looks that is believed.
    package static let lookMilliseconds: Int64 = 1_000
    /// How long the thread may stand still: as long as a lease lasts by default, after which nothing that it holds may be sent.
    ///
    /// The longest that anything on it takes is some 10 ms.
    package static let patienceMilliseconds: Int64 = 60_000

    private var turns: UInt64
    private var lookedAt: Instant
    private var stillMilliseconds: Int64 = 0
    private let patienceMilliseconds: Int64

    package init(
        turns: UInt64,
        at now: Instant,
        patienceMilliseconds: Int64 = LoopWatch.patienceMilliseconds
    ) {
        self.turns = turns
        self.patienceMilliseconds = patienceMilliseconds
        self.lookedAt = now
    }

    /// Looks at the thread's counter of turns.
    ///
    /// - Returns: Whether the thread hangs.
    package mutating func hangs(turns: UInt64, at now: Instant) -> Bool {
        let elapsed = min(max(0, now.milliseconds(since: self.lookedAt)), Self.lookMilliseconds)
        self.lookedAt = now
        if turns != self.turns {
            self.turns = turns
            self.stillMilliseconds = 0
            return false
        }
        self.stillMilliseconds += elapsed
        return self.stillMilliseconds >= self.patienceMilliseconds
    }
}
