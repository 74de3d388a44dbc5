import Domain

// Answers of docs/api.md about campaigns. Every key is always there, also when its value is null: see `Nullable`.

/// What submitting a campaign file would do.
struct CampaignCheck: Hashable, Sendable, Encodable {
    var name: String
    /// Contacts that the audience rule selects today.
    var audience: Int
    var variants: [VariantShare]
    /// Slots without a value, by field.
    var missing: [MissingField]
    /// Contacts that would not be written to, by ``Reason``.
    var excluded: [Exclusion]
    var diagnostics: [Diagnostic]

    struct VariantShare: Hashable, Sendable, Encodable {
        var name: String
        var targets: Int
    }

    struct MissingField: Hashable, Sendable, Encodable {
        var field: String
        var targets: Int
    }

    struct Exclusion: Hashable, Sendable, Encodable {
        var reason: String
        var targets: Int
    }
}

/// What submitting a campaign file did.
struct Submission: Hashable, Sendable, Encodable {
    /// The campaign's public id, as in `c7`.
    var id: String
    var state: CampaignState
    /// What an approval is bound to: a digest of content, audience rule, limits and budget.
    var digest: String
    /// Contacts that the audience rule selects today.
    var audience: Int
    /// Contacts of them that lack a field that a template uses, by field.
    var missing: [CampaignCheck.MissingField]
    /// Warnings.
    var diagnostics: [Diagnostic]
}

/// STATUS of docs/api.md.
struct CampaignStatus: Hashable, Sendable, Encodable {
    /// The campaign's public id, as in `c7`.
    var id: String
    var name: String
    var state: CampaignState
    var channel: String
    /// Targets frozen so far; ``counts`` sum to it.
    var audience: Int
    /// Whether targets are still being added.
    var freezing: Bool
    var counts: TargetCounts
    /// Targets that more than one attempt reports as accepted.
    var sentTwice: Int
    /// Accepted messages a second, over the last 5 s.
    var ratePerSecond: Double
    @Nullable var startedAt: Timestamp?
    @Nullable var finishedAt: Timestamp?
    @Nullable var submittedAt: Timestamp?
    @Nullable var approvedAt: Timestamp?
    @Nullable var digest: String?
    var relay: String
    /// One sentence on what holds the campaign up; `nil` when nothing does.
    @Nullable var problem: String?

    private enum CodingKeys: String, CodingKey {
        case id, name, state, channel, audience, freezing, counts
        case sentTwice = "sent_twice"
        case ratePerSecond = "rate_per_second"
        case startedAt = "started_at"
        case finishedAt = "finished_at"
        case submittedAt = "submitted_at"
        case approvedAt = "approved_at"
        case digest, relay, problem
    }
}

/// Where targets stand: each target is in exactly one count.
struct TargetCounts: Hashable, Sendable, Encodable {
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

    var sum: Int {
        self.pending + self.leased + self.deferred + self.accepted + self.bounced + self.suppressed + self.inDoubt
            + self.expired + self.cancelled + self.failed
    }

    private enum CodingKeys: String, CodingKey {
        case pending, leased, deferred, accepted, bounced, suppressed
        case inDoubt = "in_doubt"
        case expired, cancelled, failed
    }
}

/// Counts of one campaign, taken apart.
struct CampaignReport: Hashable, Sendable, Encodable {
    var campaign: CampaignStatus
    /// `all`, `site`, `variant` or the name of a field.
    var by: String
    var rows: [Row]

    struct Row: Hashable, Sendable, Encodable {
        /// The site, the variant, or the field's value; empty for targets without one.
        var key: String
        var audience: Int
        var counts: TargetCounts
    }
}

/// One line of `GET /v1/campaigns/{id}/targets`.
struct TargetRow: Hashable, Sendable {
    /// The contact's number.
    var contact: Int64
    var address: String
    var site: String
    /// Empty when no variant fitted.
    var variant: String
    /// `pending`, `leased`, or the name of an ``Outcome``.
    var outcome: String
    /// A ``Reason``'s raw value; `nil` when the reply alone says why.
    var reason: String?
    var attempts: Int
    /// When the outcome became known; `nil` without an attempt.
    var at: Timestamp?
    /// The relay that was tried last; `nil` without an attempt.
    var relay: String?
    /// What the relay said last; `nil` when it said nothing.
    var reply: RelayReply?
}
