import Domain
import Intake

/// What `POST /v1/imports` says beside the file itself.
struct ImportRequest: Hashable, Sendable {
    /// The file's name as the operator knows it, for diagnostics and as the default source.
    var file: String
    /// The list that the rows' contacts join; `nil` for none.
    var list: String?
    /// Where the data came from; `nil` when the operator did not say.
    var source: String?
    /// The lawful basis, as the operator names it; `nil` when not said.
    var basis: String?
    /// What shows that the basis holds; `nil` when not said.
    var proof: String?
    /// The channels that the basis is for; `nil`: e-mail, or texts where the file has no e-mail addresses.
    var channels: [String]?
    var onConflict: ConflictRule
    /// It is only tried: nothing is changed.
    var isDryRun = false
    /// What the operator says about the file's form and columns.
    var map = ColumnMap()
}

/// What an import does with a contact that is already there.
enum ConflictRule: String, Hashable, Sendable, CaseIterable {
    /// Values of the file win; values that the file lacks stay.
    case merge
    /// The contact becomes what the file says.
    case replace
    /// The contact stays as it is.
    case keep
}

/// A campaign file with the texts it names: the body of the check and submit requests.
struct CampaignFile: Hashable, Sendable, RequestForm {
    /// The campaign file's name as the operator typed it, for diagnostics.
    var file: String
    /// The YAML or JSON itself.
    var source: String
    /// What `text_file` and `html_file` name, by that name.
    var files: [String: String]

    enum CodingKeys: String, CodingKey, CaseIterable {
        case file, source, files
    }
}

/// Body of `POST /v1/segments/count`.
struct SegmentQuestion: Hashable, Sendable, RequestForm {
    var expression: String
    /// `site` or the name of a field: one row for each value; `nil` for the count alone.
    var by: String?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case expression, by
    }
}

/// Body of `PUT /v1/segments/{name}`.
struct NewSegment: Hashable, Sendable, RequestForm {
    var expression: String

    enum CodingKeys: String, CodingKey, CaseIterable {
        case expression
    }
}

/// Body of `POST /v1/workers`.
struct NewWorker: Hashable, Sendable, RequestForm {
    var name: String
    /// The worker's CURVE public key, 40 characters of Z85.
    var publicKey: String

    enum CodingKeys: String, CodingKey, CaseIterable {
        case name
        case publicKey = "public_key"
    }
}

/// Body of `POST /v1/campaigns/{id}/retry`.
struct RetryRequest: Hashable, Sendable, RequestForm {
    /// Name of an ``Outcome``.
    var outcome: String

    enum CodingKeys: String, CodingKey, CaseIterable {
        case outcome
    }
}

/// Body of `POST /v1/campaigns/{id}/resolve`.
struct ResolveRequest: Hashable, Sendable, RequestForm {
    /// A ``DoubtDecision``.
    var decision: String

    enum CodingKeys: String, CodingKey, CaseIterable {
        case decision
    }
}
