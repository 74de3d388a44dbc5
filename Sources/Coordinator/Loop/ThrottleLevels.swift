import Domain
import Engine
import Storage

/// What was left in the buckets of every scope when a coordinator last wrote them.
struct ThrottleLevels {
    private typealias StoredLevel = ClusterStore.StoredLevel

    /// By scope, and in it by key: those that were written last.
    ///
    /// All of a scope are written together, so an older one is of a limit that was not in force lately.
    private var newest: [Substring: [String: ClusterStore.StoredLevel]] = [:]

    /// - Parameter levels: By ``Engine/ThrottleScope/storageKeys(of:)``.
    init(_ levels: [String: ClusterStore.StoredLevel]) {
        var last: [Substring: Timestamp] = [:]
        for (key, level) in levels {
            guard let scope = Self.scope(of: key) else { continue }
            last[scope] = max(last[scope] ?? level.wall, level.wall)
        }
        for (key, level) in levels {
            guard let scope = Self.scope(of: key), level.wall == last[scope] else { continue }
            self.newest[scope, default: [:]][key] = level
        }
    }

    /// Sites that have any.
    var sites: [String] {
        self.newest.keys.filter { $0.hasPrefix("site:") }.map { String($0.dropFirst(5)) }.sorted()
    }

    /// What is in the buckets of a scope now.
    ///
    /// Of a limit that is new nothing is known but what the others had left: it begins with the least of them, since what was sent
    /// before it came counts.
    ///
    /// - Parameters:
    ///   - scope: The scope.
    ///   - limits: Its limits now.
    ///   - elapsed: Milliseconds since a level was written.
    /// - Returns: By the index of a limit; empty for a scope that never had any.
    func now(_ scope: ThrottleScope, _ limits: [Limit], elapsed: (ClusterStore.StoredLevel) -> Int64) -> [Int: Double] {
        guard let stored = self.newest[Substring(scope.storageName)] else { return [:] }
        let least = stored.values.min { $0.level < $1.level }
        var levels: [Int: Double] = [:]
        for (index, key) in scope.storageKeys(of: limits).enumerated() {
            guard let level = stored[key] ?? least else { continue }
            let (limit, time) = (limits[index], max(0, elapsed(level)))
            levels[index] =
                level.level + Double(time) * Double(limit.quantity) / Double(limit.periodMilliseconds)
        }
        return levels
    }

    private static func scope(of key: String) -> Substring? { key.lastIndex(of: "#").map { key[..<$0] } }
}
