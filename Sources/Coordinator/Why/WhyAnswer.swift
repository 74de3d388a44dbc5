import Domain

/// Body of `POST /v1/why`: an address belongs into no URL, which others log.
struct WhyQuestion: Hashable, Sendable, RequestForm {
    var address: String
    /// Only this campaign.
    var campaign: String?
    /// `next_cursor` of the answer before.
    var cursor: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case address, campaign, cursor
    }
}

/// Why a person did or did not get each campaign's message.
struct WhyAnswer: Hashable, Sendable, Encodable {
    /// As it was imported; the telephone number of somebody who has no e-mail address.
    var address: String
    /// The contact's number.
    var contact: Int64
    /// Newest first.
    var campaigns: [Campaign]
    /// What stands against writing to the person, on any channel.
    var suppressions: [SuppressionRow] = []
    /// What came back about the person and about no message that is known, newest first.
    var events: [WhyEvent] = []
    @Nullable var nextCursor: String?

    struct Campaign: Hashable, Sendable, Encodable {
        var id: String
        var name: String
        var state: CampaignState
        /// `not_in_audience`, `pending`, `leased`, or the name of an ``Outcome``.
        var verdict: String
        /// The verdict as a sentence.
        var text: String
        /// What decided, in the order in which it is asked.
        var steps: [WhyStep]
        /// What was tried, oldest first, and what was decided instead.
        var attempts: [WhyAttempt]
        /// What came back later about the message, oldest first.
        var events: [WhyEvent] = []
    }

    private enum CodingKeys: String, CodingKey {
        case address, contact, campaigns, suppressions, events
        case nextCursor = "next_cursor"
    }
}

/// One thing that was asked before somebody is written to.
struct WhyStep: Hashable, Sendable, Encodable {
    /// As in `segment` or `suppression`.
    var what: String
    /// Whether it allows the message; `null` when that cannot be said.
    @Nullable var allows: Bool?
    /// A sentence for people.
    var text: String
    /// Parts of a condition that all have to hold.
    var clauses: [Clause] = []

    struct Clause: Hashable, Sendable, Encodable {
        /// As it was written.
        var expression: String
        /// Whether it holds now; `null` when a field that it needs is empty.
        @Nullable var holds: Bool?
    }

    init(_ what: String, allows: Bool?, _ text: String, clauses: [Clause] = []) {
        self.what = what
        self._allows = Nullable(wrappedValue: allows)
        self.text = text
        self.clauses = clauses
    }
}

/// An attempt, or a decision not to make one.
struct WhyAttempt: Hashable, Sendable, Encodable {
    var at: Timestamp
    var outcome: String
    @Nullable var reason: String?
    /// `null` for a decision.
    @Nullable var worker: String?
    /// What the relay said; `null` when it said nothing.
    @Nullable var reply: Reply?

    struct Reply: Hashable, Sendable, Encodable {
        var code: Int
        var status: String
        var text: String
    }
}

/// Something that came back later.
struct WhyEvent: Hashable, Sendable, Encodable {
    var at: Timestamp
    /// Such as `unsubscribed` or `complained`.
    var kind: String
    /// How it came.
    var source: String
    @Nullable var reason: String?
    /// What was said, for people.
    @Nullable var detail: String?

    init(at: Timestamp, kind: String, source: String, reason: String?, detail: String?) {
        self.at = at
        self.kind = kind
        self.source = source
        self._reason = Nullable(wrappedValue: reason)
        self._detail = Nullable(wrappedValue: detail)
    }
}
