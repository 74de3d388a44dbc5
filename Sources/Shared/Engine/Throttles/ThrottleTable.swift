package import Domain

/// What a throttle is on.
package enum ThrottleScope: Hashable, Sendable {
    case cluster
    case relay(String)
    case site(String)
    case campaign(Campaign.ID)

    /// What the keys of all its buckets begin with, before their last `#`.
    package var storageName: String {
        switch self {
        case .cluster: "cluster"
        case .relay(let name): "relay:\(name)"
        case .site(let name): "site:\(name)"
        case .campaign(let id): "campaign:\(id.rawValue)"
        }
    }

    /// The keys under which its buckets are stored, one for each of its limits.
    ///
    /// By their periods, so that a list of limits may change its order and its quantities.
    package func storageKeys(of limits: [Limit]) -> [String] {
        limits.indices.map { index in
            let period = limits[index].periodMilliseconds
            let alike = limits[..<index].count { $0.periodMilliseconds == period }
            return "\(self.storageName)#\(period)ms" + (alike > 0 ? ".\(alike)" : "")
        }
    }
}

/// All buckets of the cluster.
///
/// The coordinator grants only what every scope of a target has a permit for, writes the buckets that changed in the granting
/// transaction, and accounts for permits as outcomes come back.
package struct ThrottleTable: Sendable {
    private struct Entry: Sendable {
        var buckets: [TokenBucket]
        var factor: Double = 1
    }

    private var entries: [ThrottleScope: Entry] = [:]
    private var touched: Set<ThrottleScope> = []

    package init() {}

    /// Defines a scope's limits, keeping the state of those that did not change.
    ///
    /// Without limits the scope is free.
    ///
    /// - Parameters:
    ///   - scope: What they are on.
    ///   - limits: All of them hold together.
    ///   - stored: What is left in each bucket, by index, when it is known from before; else they begin full.
    ///   - now: The time at which `stored` holds.
    package mutating func define(_ scope: ThrottleScope, limits: [Limit], stored: [Int: Double] = [:], at now: Instant)
    {
        guard !limits.isEmpty else {
            self.entries[scope] = nil
            return
        }
        guard self.entries[scope]?.buckets.map(\.limit) != limits else { return }
        let outstanding = self.entries[scope]?.buckets.first?.outstanding ?? 0
        let buckets = limits.enumerated().map { index, limit in
            TokenBucket(limit: limit, level: stored[index] ?? Double(limit.burst), outstanding: outstanding, at: now)
        }
        self.entries[scope] = Entry(buckets: buckets)
    }

    /// Whether limits were set for a scope, also when there are none.
    package func isDefined(_ scope: ThrottleScope) -> Bool { self.entries[scope] != nil }

    /// Slows a scope to a share of its rate, or back to 1.
    package mutating func slow(_ scope: ThrottleScope, to factor: Double, at now: Instant) {
        guard var entry = self.entries[scope] else { return }
        for index in entry.buckets.indices { entry.buckets[index].fill(at: now, factor: entry.factor) }
        entry.factor = factor
        self.entries[scope] = entry
    }

    /// What can be granted in one scope.
    package enum Room: Hashable, Sendable {
        case permits(Int)
        /// Too few for a sensible shard; look again after so many milliseconds.
        case wait(Int64)
    }

    /// - Parameters:
    ///   - wanted: Targets there are to send, at least 1.
    ///   - scope: The scope to ask.
    ///   - now: The present.
    /// - Returns: Up to `wanted` permits.
    package mutating func room(for wanted: Int, in scope: ThrottleScope, at now: Instant) -> Room {
        guard let position = self.entries.index(forKey: scope) else { return .permits(wanted) }
        var permits = wanted
        var wait: Int64 = 0
        let factor = self.entries.values[position].factor
        for index in self.entries.values[position].buckets.indices {
            self.entries.values[position].buckets[index].fill(at: now, factor: factor)
            let bucket = self.entries.values[position].buckets[index]
            permits = min(permits, bucket.available)
            wait = max(wait, bucket.wait(for: bucket.quantum(wanted: wanted), factor: factor))
        }
        return wait > 0 ? .wait(wait) : .permits(permits)
    }

    /// Hands permits out: they are outstanding until they are used or returned.
    package mutating func debit(_ count: Int, in scope: ThrottleScope) {
        self.change(scope) { $0.debit(count) }
    }

    /// Outstanding permits came to a message that left, or may have left.
    package mutating func used(_ count: Int, in scope: ThrottleScope, at now: Instant) {
        self.change(scope, filledAt: now) { $0.used(min(count, $0.outstanding)) }
    }

    /// Outstanding permits come back: nothing left for them.
    package mutating func returned(_ count: Int, in scope: ThrottleScope, at now: Instant) {
        self.change(scope, filledAt: now) { $0.returned(min(count, $0.outstanding)) }
    }

    /// Counts permits of leases that were open before a restart as outstanding.
    package mutating func restore(outstanding count: Int, in scope: ThrottleScope, at now: Instant) {
        self.change(scope) {
            // More than the burst, maybe: permits of overdue leases were taken for used, and others granted in their place.
            $0 = TokenBucket(limit: $0.limit, level: $0.level, outstanding: $0.outstanding + count, at: now)
        }
    }

    /// The buckets that changed since the last call, to be stored: key and level.
    package mutating func takeChanges() -> [(key: String, level: Double)] {
        defer { self.touched.removeAll(keepingCapacity: true) }
        var changes: [(key: String, level: Double)] = []
        for scope in self.touched {
            let buckets = self.entries[scope]?.buckets ?? []
            for (key, bucket) in zip(scope.storageKeys(of: buckets.map(\.limit)), buckets) {
                changes.append((key, bucket.level))
            }
        }
        return changes
    }

    /// Forgets scopes of sites that are as good as new, so that a million sites do not stay in memory.
    package mutating func dropIdleSites(at now: Instant) {
        for (scope, entry) in self.entries {
            guard case .site = scope, entry.factor == 1, !self.touched.contains(scope) else { continue }
            var buckets = entry.buckets
            for index in buckets.indices { buckets[index].fill(at: now) }
            if buckets.allSatisfy(\.isFull) { self.entries[scope] = nil }
        }
    }

    package var count: Int { self.entries.count }

    /// A scope's buckets, one for each of its limits; empty for one without limits.
    package func buckets(of scope: ThrottleScope) -> [TokenBucket] { self.entries[scope]?.buckets ?? [] }

    // Permits flow in up to `now` first. What is outstanding keeps them out until it is accounted for; afterwards the same time
    // would bring them in all the same, and more would leave than the limit says.
    private mutating func change(
        _ scope: ThrottleScope,
        filledAt now: Instant? = nil,
        _ body: (inout TokenBucket) -> Void
    ) {
        guard let position = self.entries.index(forKey: scope) else { return }
        let factor = self.entries.values[position].factor
        for index in self.entries.values[position].buckets.indices {
            if let now { self.entries.values[position].buckets[index].fill(at: now, factor: factor) }
            body(&self.entries.values[position].buckets[index])
        }
        self.touched.insert(scope)
    }
}
