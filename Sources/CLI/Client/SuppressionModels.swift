/// One address that must not be written to, as the coordinator knows it.
struct SuppressionReport: Decodable, Sendable {
    var channel: String
    var hash: String
    var reason: String
    var at: String
    var evidence: String
    var who: String
    var contact: Int64?
}

/// Answer to `suppress add`.
struct SuppressionAdded: Decodable, Sendable {
    var added: Bool
    var suppression: SuppressionReport
}

/// Answer to `suppress import`.
struct SuppressionImported: Decodable, Sendable {
    var rows: Int
    var added: Int
    var known: Int
    var rejected: Int
    var firstRejects: [ImportReport.Reject]
    var rejects: [Reject]
    var passedColumns: [String]

    /// A row in which something could not be read.
    struct Reject: Decodable, Sendable {
        var line: Int
        var reason: String
        var row: String
    }

    enum CodingKeys: String, CodingKey {
        case rows
        case added
        case known
        case rejected
        case firstRejects = "first_rejects"
        case rejects
        case passedColumns = "passed_columns"
    }
}
