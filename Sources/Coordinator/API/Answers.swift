import Domain

// The answers of docs/api.md. Every key is always there, also when its value is null: see `Nullable`.

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

/// What an import did.
///
/// Each row is in exactly one of created, updated, unchanged and rejected.
struct ImportAnswer: Hashable, Sendable, Encodable {
    /// Names the import in later requests; `nil` when it was only tried.
    @Nullable var id: String?
    var rows: Int
    var created: Int
    var updated: Int
    var unchanged: Int
    var rejected: Int
    /// Values that did not fit their field and were left empty, words that could not be read, and what else was passed over.
    var warnings: Int
    var firstRejects: [Reject]
    /// Some of the warnings, in the order of the file.
    var firstWarnings: [Reject] = []
    /// How many there are, in the order of the columns.
    var warnedColumns: [WarningUse] = []
    var fields: [FieldUse]
    /// Rows whose people must not be written to, by the columns that say so, in their order.
    var optOuts: [OptOutUse] = []
    /// Words that could not be read, by the columns that have them, in their order.
    var unclear: [UnclearUse] = []
    /// What else it would do, when it was only tried.
    @Nullable var dryRun: ImportTrial? = nil

    /// How many rejects stand in the answer itself: what a terminal shows; the rest is in the reject file.
    static let firstRejectsMax = 5

    /// A row that was not taken, or a value of which something is to be said.
    struct Reject: Hashable, Sendable, Encodable {
        /// 1-based line of the file on which the row begins.
        var line: Int
        /// 1-based column of the table; 0 when the whole row is meant.
        var column: Int
        var reason: String
    }

    /// Which field a column became.
    struct FieldUse: Hashable, Sendable, Encodable {
        var name: String
        /// A ``FieldType``'s raw value.
        var type: String
        /// The header as the file has it.
        var column: String
    }

    /// How many rows have somebody who must not be written to, by one column and for one reason.
    struct OptOutUse: Hashable, Sendable, Encodable {
        /// The header as the file has it.
        var column: String
        /// A ``SuppressionReason``'s raw value.
        var reason: String
        var rows: Int
    }

    /// How many warnings one column has.
    struct WarningUse: Hashable, Sendable, Encodable {
        /// The header as the file has it; `nil`: they are about whole rows.
        @Nullable var column: String?
        var warnings: Int
    }

    /// How many rows say something in one column that matters and cannot be read.
    struct UnclearUse: Hashable, Sendable, Encodable {
        /// The header as the file has it.
        var column: String
        var about: About
        var rows: Int
        /// Some of the words.
        var examples: [String]

        /// What the column speaks of; the raw value is in the answer.
        enum About: String, Hashable, Sendable, Encodable {
            case timezone
            case country
            case consent
        }
    }

    private enum CodingKeys: String, CodingKey {
        case id, rows, created, updated, unchanged, rejected, warnings, unclear
        case firstRejects = "first_rejects"
        case firstWarnings = "first_warnings"
        case warnedColumns = "warned_columns"
        case fields
        case optOuts = "opt_outs"
        case dryRun = "dry_run"
    }
}

/// Body of `POST /v1/segments/count`.
struct SegmentCount: Hashable, Sendable, Encodable {
    var count: Int
    /// What it was counted by; `nil` when by nothing.
    @Nullable var by: String?
    /// The largest first; empty when it was counted by nothing.
    var rows: [Row] = []

    struct Row: Hashable, Sendable, Encodable {
        /// The site, or the field's value; empty for contacts without one.
        var key: String
        var count: Int
    }
}

/// SEGMENT of docs/api.md.
struct SegmentDefinition: Hashable, Sendable, Encodable {
    var name: String
    var expression: String
    var definedBy: String
    var definedAt: Timestamp

    private enum CodingKeys: String, CodingKey {
        case name, expression
        case definedBy = "defined_by"
        case definedAt = "defined_at"
    }
}

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
