import Domain

/// Body of `POST /v1/campaigns/preview`: a campaign file, and for whom.
struct PreviewRequest: Hashable, Sendable, RequestForm {
    var file: String
    var source: String
    var files: [String: String]
    /// An address; or ``sample``.
    var contact: String?
    /// How many people of the audience, drawn by ``seed``.
    var sample: Int?
    var seed: Int?
    /// One of the configuration's `test_addresses`, to which the messages are sent as tests.
    var sendTo: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case file, source, files, contact, sample, seed
        case sendTo = "send_to"
    }

    var campaign: CampaignFile { CampaignFile(file: self.file, source: self.source, files: self.files) }

    /// More is no sample any more.
    static let sampleMax = 100
    /// Tests of one request: they are sent one after the other while it waits.
    static let testsMax = 10
}

/// What people would get.
struct PreviewAnswer: Hashable, Sendable, Encodable {
    var messages: [PreviewMessage]
}

/// What one contact would get.
struct PreviewMessage: Hashable, Sendable, Encodable {
    var contact: Int64
    var address: String
    /// `nil` when none fits.
    @Nullable var variant: String?
    /// Why the contact would not be written to; `nil` when it would.
    @Nullable var excluded: String?
    @Nullable var subject: String?
    @Nullable var text: String?
    @Nullable var html: String?
    /// The whole message as it would be sent.
    @Nullable var message: String?
    /// What came of the test; `nil` when none was to be sent.
    @Nullable var test: Test?

    struct Test: Hashable, Sendable, Encodable {
        /// Whether the relay took it.
        var accepted: Bool
        /// The relay's words, or what went wrong.
        var text: String
    }

    init(contact: Int64, address: String) {
        self.contact = contact
        self.address = address
        self._variant = Nullable(wrappedValue: nil)
        self._excluded = Nullable(wrappedValue: nil)
        self._subject = Nullable(wrappedValue: nil)
        self._text = Nullable(wrappedValue: nil)
        self._html = Nullable(wrappedValue: nil)
        self._message = Nullable(wrappedValue: nil)
        self._test = Nullable(wrappedValue: nil)
    }
}

/// PLAN of docs/api.md.
struct PlanAnswer: Hashable, Sendable, Encodable {
    var name: String
    var audience: Int
    /// Messages that would be sent.
    var messages: Int
    var variants: [CampaignCheck.VariantShare]
    var missing: [CampaignCheck.MissingField]
    var excluded: [CampaignCheck.Exclusion]
    /// Who is not written to right at the start, but later.
    var waiting: [Waiting]
    /// Those with most people; the rest under the empty name.
    var sites: [SiteShare]
    var cost: Double
    /// `nil` without one.
    @Nullable var budget: BudgetShare?
    var relay: RelayShare
    var finish: Finish
    var diagnostics: [Diagnostic]

    /// Sites that are told apart.
    static let sitesMax = 20
    /// Moments at which people's hours begin that are told apart.
    static let waitingMax = 12

    struct Waiting: Hashable, Sendable, Encodable {
        var reason: String
        var targets: Int
        /// When the last of them need not wait any more; `nil` when nobody knows.
        @Nullable var until: Timestamp?

        enum Why: String {
            case hours = "outside_hours"
            case guarded = "guard"
        }

        init(_ why: Why, targets: Int, until: Timestamp?) {
            self.reason = why.rawValue
            self.targets = targets
            self._until = Nullable(wrappedValue: until)
        }
    }

    struct SiteShare: Hashable, Sendable, Encodable {
        var site: String
        var targets: Int
    }

    struct BudgetShare: Hashable, Sendable, Encodable {
        @Nullable var maxMessages: Int?
        @Nullable var maxCost: Double?
        /// Messages that it pays for, by the lower bound.
        var messages: Int
        /// Whether that is enough.
        var covers: Bool

        private enum CodingKeys: String, CodingKey {
            case maxMessages = "max_messages"
            case maxCost = "max_cost"
            case messages, covers
        }
    }

    struct RelayShare: Hashable, Sendable, Encodable {
        var name: String
        var costPerMessage: Double
        /// `nil` when nothing was measured.
        @Nullable var messageMilliseconds: Double?
        /// Of all workers; an assumption while none is there.
        var connections: Int

        private enum CodingKeys: String, CodingKey {
            case name
            case costPerMessage = "cost_per_message"
            case messageMilliseconds = "message_milliseconds"
            case connections
        }
    }

    struct Finish: Hashable, Sendable, Encodable {
        /// From the start to the last outcome, retries left out.
        var seconds: Double
        var perSecond: Double
        /// What most of the time is spent on.
        var tightest: String
        /// When it starts by itself; now for one that starts when it is approved.
        var startsAt: Timestamp
        var endsAt: Timestamp
        /// Messages that its `expires_after` is too short for.
        var unsent: Int

        private enum CodingKeys: String, CodingKey {
            case seconds
            case perSecond = "per_second"
            case tightest
            case startsAt = "starts_at"
            case endsAt = "ends_at"
            case unsent
        }
    }
}
