import Domain
import Storage

/// A campaign as it was submitted: what an approval covers, whole.
struct CampaignText: Hashable, Sendable, Encodable {
    /// The campaign's public id, as in `c7`.
    var id: String
    var name: String
    var state: CampaignState
    /// How often it was submitted: 1, and one more with each replacement.
    var revision: Int
    /// Of all that follows ``approvedAt``: a digest of content, audience rule, limits, budget, templates, segments and relay.
    var digest: String
    var submittedBy: String
    var submittedAt: Timestamp
    @Nullable var approvedBy: String?
    @Nullable var approvedAt: Timestamp?
    var relay: String
    /// The campaign file's name, as the submitter called it.
    var file: String
    /// The campaign file itself, which holds audience rule, limits and budget.
    var source: String
    /// The texts it names, by name.
    var files: [String: String]
    /// The segments it names, by name, as they were defined when it was submitted.
    var segments: [String: String]

    /// - Throws: ``OperationError/conflict(_:)`` for a campaign that its digest does not fit: nobody submitted what would be shown.
    init(_ record: CampaignRecord) throws(OperationError) {
        let files: [String: String]
        do throws(PlanProblems) {
            guard CampaignDigest.isWhole(record) else { throw PlanProblems(diagnostics: []) }
            files = try CampaignPlan.decode(files: record.files, of: record.file)
        } catch {
            throw OperationError.conflict(
                "\(record.id.publicID) was changed in the database since it was submitted; submit it again with --id"
            )
        }
        self.id = record.id.publicID
        self.name = record.name
        self.state = record.state
        self.revision = record.revision
        self.digest = record.digest
        self.submittedBy = record.submittedBy
        self.submittedAt = record.submittedAt
        self.approvedBy = record.approvedBy
        self.approvedAt = record.approvedAt
        self.relay = record.relay
        self.file = record.file
        self.source = record.content
        self.files = SubmittedSegments.removed(from: files)
        self.segments = SubmittedSegments.read(from: files)
    }

    private enum CodingKeys: String, CodingKey {
        case id, name, state, revision, digest
        case submittedBy = "submitted_by"
        case submittedAt = "submitted_at"
        case approvedBy = "approved_by"
        case approvedAt = "approved_at"
        case relay, file, source, files, segments
    }
}
