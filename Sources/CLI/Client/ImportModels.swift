/// Answers of the coordinator about imports, as docs/api.md has them. What a newer coordinator adds is ignored.

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
        /// `nil` from a coordinator that settles a field's type whether there are values or not.
        var open: Bool?
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
