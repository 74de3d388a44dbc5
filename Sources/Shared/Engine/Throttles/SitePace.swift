package import Domain

/// How fast one site is written to, as a share of what its limits allow.
///
///     deferral that asks for patience: halve, down to a tenth
///     every 50 accepted messages: one step of a tenth up, to the whole
///
/// Deferrals that arrive together are one event: a site that refuses what was already under way is not asking for ever less.
package struct SitePace: Hashable, Sendable {
    /// From ``factorMin`` to 1.
    package private(set) var factor: Double = 1
    private var successes = 0
    private var halvedAt: Instant?
    private var heardAt: Instant?

    /// Slower than a tenth a site would never be found to have recovered.
    package static let factorMin = 0.1
    package static let stepUp = 0.1
    package static let successesPerStep = 50
    /// Deferrals within this time of a halving belong to it.
    package static let halvingIntervalMilliseconds: Int64 = 1_000

    /// After this time without a word from it a site begins anew, so that those nobody writes to are not kept for ever.
    package static let idleMilliseconds: Int64 = 3_600_000

    package init() {}

    /// Whether nothing was heard of the site for so long that its pace may be forgotten.
    package func isIdle(at now: Instant) -> Bool {
        self.heardAt.map { now.milliseconds(since: $0) >= Self.idleMilliseconds } ?? true
    }

    /// - Returns: Whether the factor changed.
    package mutating func askedForPatience(at now: Instant) -> Bool {
        self.successes = 0
        self.heardAt = now
        if let halvedAt, now.milliseconds(since: halvedAt) < Self.halvingIntervalMilliseconds { return false }
        self.halvedAt = now
        let slower = max(Self.factorMin, self.factor / 2)
        defer { self.factor = slower }
        return slower != self.factor
    }

    /// - Returns: Whether the factor changed.
    package mutating func accepted(_ count: Int, at now: Instant) -> Bool {
        self.heardAt = now
        guard self.factor < 1 else { return false }
        self.successes += count
        let steps = self.successes / Self.successesPerStep
        guard steps > 0 else { return false }
        self.successes %= Self.successesPerStep
        self.factor = min(1, self.factor + Double(steps) * Self.stepUp)
        return true
    }

    /// The connection slots that are left of `slots`, at least one.
    package func slots(of slots: Int) -> Int { max(1, Int(Double(slots) * self.factor)) }
}
