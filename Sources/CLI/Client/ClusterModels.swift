/// Answers of the coordinator about itself and its workers, as docs/api.md has them. What a newer coordinator adds is ignored.

struct WorkerList: Decodable, Sendable {
    var workers: [WorkerStatus]
}

struct WorkerStatus: Decodable, Sendable {
    var name: String
    var state: String
    var leased: Int?
    var accepted: Int?
    var acceptedPerSecond: Double?
    var lastSeen: String?
    var build: String?
    var relays: [Relay]?

    enum CodingKeys: String, CodingKey {
        case name
        case state
        case leased
        case accepted
        case acceptedPerSecond = "accepted_per_second"
        case lastSeen = "last_seen"
        case build
        case relays
    }

    struct Relay: Decodable, Sendable {
        var name: String
        var problem: String?
    }
}

/// `GET /readyz`.
struct Readiness: Decodable, Sendable {
    var ready: Bool
    var workers: Int
    /// The coordinator's process; `nil` from one that is older.
    var process: Int?
    /// Why nothing is sent although all is ready.
    var restored: String?
}

/// RESTORE.
struct RestoreStatus: Decodable, Sendable {
    var restored: Bool
    var reason: String?
    var campaigns: [Campaign]

    struct Campaign: Decodable, Sendable {
        var id: String
        var name: String
        var state: String
        var targets: Int
    }
}
