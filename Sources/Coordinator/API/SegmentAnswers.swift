import Domain

// Answers of docs/api.md about segments. Every key is always there, also when its value is null: see `Nullable`.

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
