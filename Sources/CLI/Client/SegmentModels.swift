/// Answers of the coordinator about segments, as docs/api.md has them. What a newer coordinator adds is ignored.

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
