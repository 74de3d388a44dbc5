import Domain

/// Body of `GET /v1/top`: what is going on now, from memory alone.
struct TopAnswer: Hashable, Sendable, Encodable {
    /// The coordinator's clock when it answered.
    var at: Timestamp
    var build: String
    /// Why nothing is sent, and what to do; `nil` when nothing is wrong.
    @Nullable var restored: String?
    /// Campaigns that are not over, oldest first.
    var campaigns: [TopCampaign]
    /// Those with most to do, at most ``lanesMax``.
    var lanes: [TopLane]
    /// By name.
    var relays: [TopRelay]
    var workers: [WorkerStatus]

    /// Lanes that are told of: more than a screen has lines.
    static let lanesMax = 100
}

/// A campaign that is under way.
struct TopCampaign: Hashable, Sendable, Encodable {
    var status: CampaignStatus
    /// Over the last 5 s.
    var deferredPerSecond: Double
    /// The limit that decides when it is done; `nil` without any limit, or when nothing is open.
    @Nullable var tightest: TightLimit?
    /// By the present rate and the tightest limit; `nil` while its audience grows, and when nothing moves.
    @Nullable var secondsLeft: Double?

    private enum CodingKeys: String, CodingKey {
        case deferredPerSecond = "deferred_per_second"
        case tightest
        case secondsLeft = "seconds_left"
    }

    /// The keys of the status, and these.
    func encode(to encoder: any Encoder) throws {
        try self.status.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.deferredPerSecond, forKey: .deferredPerSecond)
        try container.encode(self._tightest, forKey: .tightest)
        try container.encode(self._secondsLeft, forKey: .secondsLeft)
    }
}

/// A limit, and what it is on.
struct TightLimit: Hashable, Sendable, Encodable {
    /// `cluster`, `relay NAME`, `site NAME` or `campaign`.
    var scope: String
    /// As in the settings: `50/s`.
    var limit: String
}

/// One queue of a campaign.
struct TopLane: Hashable, Sendable, Encodable {
    var campaign: String
    var relay: String
    /// The site, or the name of a queue that small sites share.
    var site: String
    /// Targets without a final outcome: pending, leased or deferred.
    var open: Int
    /// Of these, deferred, whether leased again or not.
    var deferred: Int
    /// Share of its rate at which the site is written to: 1, or less while it asks for patience.
    var pace: Double
}

/// One way out.
struct TopRelay: Hashable, Sendable, Encodable {
    var name: String
    /// Over the last 5 s, of all campaigns.
    var acceptedPerSecond: Double
    /// Targets of running campaigns that go over it and have no final outcome.
    var open: Int
    /// Workers that cannot use it now.
    var workersInTrouble: Int
    /// What one of them says; `nil` when all can use it.
    @Nullable var problem: String?

    private enum CodingKeys: String, CodingKey {
        case name
        case acceptedPerSecond = "accepted_per_second"
        case open
        case workersInTrouble = "workers_in_trouble"
        case problem
    }
}
