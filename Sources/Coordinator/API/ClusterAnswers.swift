import Domain

// Answers of docs/api.md about the cluster. Every key is always there, also when its value is null: see `Nullable`.

/// Body of `GET /readyz`.
struct Readiness: Hashable, Sendable, Encodable {
    /// The loop turns and the self-test passed.
    var ready: Bool
    /// Workers admitted and connected now.
    var workers: Int
    /// The coordinator's process id: whoever started it knows it by that.
    var process: Int
    /// Why nothing is sent although all is ready, and what to do; `nil` when nothing is wrong.
    @Nullable var restored: String?
}

/// RESTORE of docs/api.md.
struct RestoreStatus: Hashable, Sendable, Encodable {
    /// Nothing is sent until it is accepted.
    var restored: Bool
    /// One sentence on how that was noticed, also in the answer that accepts it.
    @Nullable var reason: String?
    /// Those that may have been at work since.
    var campaigns: [Campaign]

    struct Campaign: Hashable, Sendable, Encodable {
        /// The campaign's public id, as in `c7`.
        var id: String
        var name: String
        var state: CampaignState
        /// Targets that are in doubt once it is accepted.
        var targets: Int
    }
}

/// A worker on the allow-list, or one that was.
struct WorkerStatus: Hashable, Sendable, Encodable {
    var name: String
    var state: State
    /// Targets that it holds now.
    var leased: Int
    /// Messages accepted from it since the coordinator started.
    var accepted: Int
    /// Over the last 5 s.
    var acceptedPerSecond: Double
    /// `nil` when it never came.
    @Nullable var lastSeen: Timestamp?
    /// The program version it named; `nil` when it never came.
    @Nullable var build: String?
    var relays: [Relay]

    enum State: String, Hashable, Sendable, CaseIterable, Encodable {
        case connected
        case away
        /// An operator drains it, and it still holds targets.
        case draining
        /// It was drained and holds nothing.
        case drained
        case removed
    }

    struct Relay: Hashable, Sendable, Encodable {
        var name: String
        /// Why the worker cannot use it; `nil` when it can.
        @Nullable var problem: String?
    }

    private enum CodingKeys: String, CodingKey {
        case name, state, leased, accepted
        case acceptedPerSecond = "accepted_per_second"
        case lastSeen = "last_seen"
        case build, relays
    }
}
