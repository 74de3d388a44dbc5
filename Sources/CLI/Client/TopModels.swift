/// `GET /v1/top`.
struct Top: Decodable, Sendable {
    var at: String
    var build: String
    var restored: String?
    var campaigns: [TopCampaign]
    var lanes: [Lane]
    var relays: [Relay]
    var workers: [WorkerStatus]

    struct Lane: Decodable, Sendable {
        var campaign: String
        var relay: String
        var site: String
        var open: Int
        var deferred: Int
        var pace: Double
    }

    struct Relay: Decodable, Sendable {
        var name: String
        var acceptedPerSecond: Double
        var open: Int
        var workersInTrouble: Int
        var problem: String?

        enum CodingKeys: String, CodingKey {
            case name
            case acceptedPerSecond = "accepted_per_second"
            case open
            case workersInTrouble = "workers_in_trouble"
            case problem
        }
    }
}

/// A campaign with what `top` says besides its status.
struct TopCampaign: Decodable, Sendable {
    var status: CampaignStatus
    var deferredPerSecond: Double
    var tightest: Tightest?
    var secondsLeft: Double?

    struct Tightest: Decodable, Sendable {
        var scope: String
        var limit: String
    }

    var id: String { self.status.id }
    var problem: String? { self.status.problem }

    enum CodingKeys: String, CodingKey {
        case deferredPerSecond = "deferred_per_second"
        case tightest
        case secondsLeft = "seconds_left"
    }

    init(from decoder: any Decoder) throws {
        self.status = try CampaignStatus(from: decoder)
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.deferredPerSecond = try container.decode(Double.self, forKey: .deferredPerSecond)
        self.tightest = try container.decodeIfPresent(Tightest.self, forKey: .tightest)
        self.secondsLeft = try container.decodeIfPresent(Double.self, forKey: .secondsLeft)
    }
}
