import Domain
import Storage

/// PERSON of docs/api.md: a contact, and all that happened to it.
struct PersonJSON: Sendable, Encodable {
    var contact: ContactJSON
    var messages: [Message] = []
    var events: [Event]
    var suppressions: [SuppressionRow]
    var leftLists: [Departure]
    var knownBy: [Alias]
    var imports: [Import]

    struct Message: Hashable, Sendable, Encodable {
        var campaign: String
        var name: String
        var relay: String
        /// `pending` or the name of an ``Outcome``.
        var outcome: String
        @Nullable var reason: String?
        var attempts: [WhyAttempt]

        init(_ message: PersonHistory.Message) {
            self.campaign = message.campaign.publicID
            self.name = message.name
            self.relay = message.relay
            self.outcome = message.outcome?.name ?? "pending"
            self._reason = Nullable(wrappedValue: message.reason.flatMap { $0.isEmpty ? nil : $0 })
            self.attempts = message.attempts.map { WhyAttempt($0) }
        }
    }

    struct Event: Hashable, Sendable, Encodable {
        var at: Timestamp
        var kind: String
        @Nullable var campaign: String?
        /// How it came.
        var source: String
        var reason: String
        var detail: String

        init(_ event: PersonHistory.Event) {
            self.at = event.at
            self.kind = event.kind
            self._campaign = Nullable(wrappedValue: event.campaign?.publicID)
            self.source = event.source
            self.reason = event.reason
            self.detail = event.detail
        }
    }

    struct Departure: Hashable, Sendable, Encodable {
        var list: String
        var at: Timestamp
    }

    /// What the person is known by besides what the contact has.
    struct Alias: Hashable, Sendable, Encodable {
        /// `email`, `phone` or `external_id`.
        var kind: String
        var value: String
        var at: Timestamp
        /// Which one made it so.
        var `import`: String
    }

    struct Import: Hashable, Sendable, Encodable {
        var id: String
        var file: String
        var at: Timestamp
    }

    private enum CodingKeys: String, CodingKey {
        case messages, events, suppressions, imports
        case leftLists = "left_lists"
        case knownBy = "known_by"
    }

    /// The contact's keys and these stand side by side.
    func encode(to encoder: any Encoder) throws {
        try self.contact.encode(to: encoder)
        var keys = encoder.container(keyedBy: CodingKeys.self)
        try keys.encode(self.messages, forKey: .messages)
        try keys.encode(self.events, forKey: .events)
        try keys.encode(self.suppressions, forKey: .suppressions)
        try keys.encode(self.leftLists, forKey: .leftLists)
        try keys.encode(self.knownBy, forKey: .knownBy)
        try keys.encode(self.imports, forKey: .imports)
    }
}
