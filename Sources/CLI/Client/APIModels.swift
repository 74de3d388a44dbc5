/// Answers of the coordinator, as docs/api.md has them. What a newer coordinator adds is ignored.

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

struct ImportReport: Decodable, Sendable {
    /// `nil` when it was only tried.
    var id: ImportID?
    var rows: Int
    var created: Int
    var updated: Int
    var unchanged: Int
    var rejected: Int
    var warnings: Int
    var firstRejects: [Reject]
    /// `nil` from a coordinator that does not tell them.
    var firstWarnings: [Reject]?
    var warnedColumns: [WarningUse]?
    var fields: [FieldUse]?
    var optOuts: [OptOut]?
    var unclear: [Unclear]?
    var dryRun: Trial?

    /// Rows whose people must not be written to, by one column and for one reason.
    struct OptOut: Codable, Sendable {
        var column: String
        var reason: String
        var rows: Int
    }

    /// Rows with words in one column that matter and cannot be read.
    struct Unclear: Codable, Sendable {
        var column: String
        var about: String
        var rows: Int
        var examples: [String]
    }

    enum CodingKeys: String, CodingKey {
        case id, rows, created, updated, unchanged, rejected, warnings, fields, unclear
        case optOuts = "opt_outs"
        case firstRejects = "first_rejects"
        case firstWarnings = "first_warnings"
        case warnedColumns = "warned_columns"
        case dryRun = "dry_run"
    }

    /// Which field a column is.
    struct FieldUse: Codable, Sendable {
        var name: String
        var type: String
        var column: String
    }

    /// What an import would change.
    struct Trial: Codable, Sendable {
        var newFields: [String]
        var changed: [Change]
        var examples: [Example]
        /// `nil` from a coordinator that does not count them.
        var otherPeople: Int?

        struct Change: Codable, Sendable {
            var field: String
            var contacts: Int
        }

        struct Example: Codable, Sendable {
            var contact: Int64
            var address: String?
            var field: String
            var before: String?
            var after: String?
        }

        enum CodingKeys: String, CodingKey {
            case newFields = "new_fields"
            case changed, examples
            case otherPeople = "other_people"
        }
    }

    struct Reject: Codable, Sendable {
        var line: Int
        var column: Int?
        var reason: String
    }

    /// How many warnings a column has; those about whole rows have none.
    struct WarningUse: Codable, Sendable {
        var column: String?
        var warnings: Int

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            // `encodeIfPresent` would leave the key out.
            try container.encode(self.column, forKey: .column)
            try container.encode(self.warnings, forKey: .warnings)
        }
    }

    /// An id as a number or as text.
    struct ImportID: Decodable, Sendable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int.self) {
                self.text = String(number)
            } else {
                self.text = try container.decode(String.self)
            }
        }
    }
}

struct SegmentCount: Decodable, Sendable {
    var count: Int
    var rows: [Row]?

    struct Row: Decodable, Sendable {
        var key: String
        var count: Int
    }
}

struct SegmentList: Decodable, Sendable {
    var segments: [SegmentDefinition]
}

/// SEGMENT.
struct SegmentDefinition: Decodable, Sendable {
    var name: String
    var expression: String
    var definedBy: String
    var definedAt: String

    enum CodingKeys: String, CodingKey {
        case name
        case expression
        case definedBy = "defined_by"
        case definedAt = "defined_at"
    }
}

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
