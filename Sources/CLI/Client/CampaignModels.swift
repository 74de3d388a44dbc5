/// Answers of the coordinator about campaigns, as docs/api.md has them. What a newer coordinator adds is ignored.

/// STATUS of a campaign.
struct CampaignStatus: Decodable, Sendable {
    var id: String
    var name: String
    var state: String
    var audience: Int
    var freezing: Bool
    var counts: OutcomeCounts
    var sentTwice: Int
    var ratePerSecond: Double
    var startedAt: String?
    var finishedAt: String?
    var problem: String?

    enum CodingKeys: String, CodingKey {
        case id
        case name
        case state
        case audience
        case freezing
        case counts
        case sentTwice = "sent_twice"
        case ratePerSecond = "rate_per_second"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case problem
    }

    /// Whether nothing more will happen by itself.
    var isOver: Bool { self.state == "finished" || self.state == "cancelled" }
}

/// Each target in exactly one of these.
struct OutcomeCounts: Decodable, Sendable {
    var pending = 0
    var leased = 0
    var deferred = 0
    var accepted = 0
    var bounced = 0
    var suppressed = 0
    var inDoubt = 0
    var expired = 0
    var cancelled = 0
    var failed = 0

    enum CodingKeys: String, CodingKey {
        case pending
        case leased
        case deferred
        case accepted
        case bounced
        case suppressed
        case inDoubt = "in_doubt"
        case expired
        case cancelled
        case failed
    }

    /// Names as they are shown and filtered by, in the order of a target's way.
    var named: [(name: String, count: Int)] {
        [
            ("pending", self.pending), ("leased", self.leased), ("deferred", self.deferred),
            ("accepted", self.accepted),
            ("bounced", self.bounced), ("suppressed", self.suppressed), ("in_doubt", self.inDoubt),
            ("expired", self.expired), ("cancelled", self.cancelled), ("failed", self.failed),
        ]
    }

    /// Targets that have their final outcome.
    var settled: Int {
        self.accepted + self.bounced + self.suppressed + self.inDoubt + self.expired + self.cancelled + self.failed
    }
}

struct CampaignList: Decodable, Sendable {
    var campaigns: [CampaignStatus]
}

extension CampaignList {
    /// Campaigns of one page: the coordinator looks at each.
    private static let pageSize = "500"

    /// All campaigns, newest first, as one document.
    static func all(_ client: APIClient) async throws(Failure) -> Document {
        var cursor: String?
        var pages: [Document] = []
        repeat {
            let page = try await client.get("/v1/campaigns", [("limit", Self.pageSize), ("cursor", cursor)])
            pages.append(page)
            cursor = try page.decode(Page.self).nextCursor
        } while cursor != nil
        return try Document.joined(pages, list: "campaigns")
    }

    private struct Page: Decodable {
        var nextCursor: String?

        enum CodingKeys: String, CodingKey { case nextCursor = "next_cursor" }
    }
}

struct SubmittedCampaign: Decodable, Sendable {
    var id: String
    var state: String
    var audience: Int
    var missing: [CampaignCheck.Missing]
    var diagnostics: [APIDiagnostic]
}

struct CampaignCheck: Decodable, Sendable {
    var name: String
    var audience: Int
    var variants: [Variant]
    var missing: [Missing]
    var excluded: [Excluded]
    var diagnostics: [APIDiagnostic]

    struct Variant: Decodable, Sendable {
        var name: String
        var targets: Int
    }

    struct Missing: Decodable, Sendable {
        var field: String
        var targets: Int
    }

    struct Excluded: Decodable, Sendable {
        var reason: String
        var targets: Int
    }
}

struct CampaignReport: Decodable, Sendable {
    var rows: [Row]

    struct Row: Decodable, Sendable {
        var key: String
        var audience: Int
        var counts: OutcomeCounts
    }
}

/// One line of `GET /v1/campaigns/{id}/targets`.
struct TargetRow: Decodable, Sendable {
    var contact: Int?
    var address: String?
    var site: String?
    var variant: String?
    var outcome: String
    var reason: String?
    var attempts: Int
    var at: String?
    var relay: String?
    var reply: Reply?

    struct Reply: Decodable, Sendable {
        var code: Int?
        var status: String?
        var text: String?
    }
}
