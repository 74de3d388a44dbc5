import Domain

// Answers of docs/api.md about an import. Every key is always there, also when its value is null: see `Nullable`.

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
        /// Whether nobody has a value yet, so that the type is not settled.
        var isOpen: Bool

        private enum CodingKeys: String, CodingKey {
            case name, type, column
            case isOpen = "open"
        }
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
