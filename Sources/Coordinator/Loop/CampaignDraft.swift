import Crypto
import Domain
import Storage
import UserFiles

/// A campaign file that was checked and may be stored.
struct CampaignDraft: Sendable {
    let name: String
    let channel: String
    let relay: String
    let file: String
    let content: String
    let files: String
    let digest: String

    init(upload: CampaignFile, plan: CampaignPlan, relay: String) throws(PlanProblems) {
        self.name = plan.file.name
        self.channel = plan.file.channel.rawValue
        self.relay = relay
        self.file = upload.file
        self.content = upload.source
        self.files = try CampaignPlan.encode(files: SubmittedSegments.added(plan.segments, to: upload.files))
        self.digest = CampaignDigest.of(content: upload.source, files: self.files, relay: relay)
    }

    /// What was submitted before, once more.
    init(_ record: CampaignRecord) {
        self.name = record.name
        self.channel = record.channel
        self.relay = record.relay
        self.file = record.file
        self.content = record.content
        self.files = record.files
        self.digest = record.digest
    }

    func record(id: Campaign.ID, by who: String, at: Timestamp) -> CampaignRecord {
        CampaignRecord(
            id: id,
            name: self.name,
            state: .submitted,
            channel: self.channel,
            relay: self.relay,
            file: self.file,
            content: self.content,
            files: self.files,
            digest: self.digest,
            submittedBy: who,
            submittedAt: at
        )
    }

    func fill(_ record: inout CampaignRecord) {
        record.name = self.name
        record.channel = self.channel
        record.relay = self.relay
        record.file = self.file
        record.content = self.content
        record.files = self.files
        record.digest = self.digest
    }
}

/// The segments of a submitted campaign stand among its files, as they were defined then: so an approval is bound to them,
/// and whoever defines one anew changes no campaign that was handed in.
enum SubmittedSegments {
    /// No file has such a name: a colon after a word that no folder is called.
    private static let prefix = "segment:"

    static func added(_ segments: [String: String], to files: [String: String]) -> [String: String] {
        var all = self.removed(from: files)
        for (name, text) in segments { all[self.prefix + name] = text }
        return all
    }

    static func read(from files: [String: String]) -> [String: String] {
        var segments: [String: String] = [:]
        for (name, text) in files where name.hasPrefix(self.prefix) {
            segments[String(name.dropFirst(self.prefix.count))] = text
        }
        return segments
    }

    static func removed(from files: [String: String]) -> [String: String] {
        files.filter { !$0.key.hasPrefix(self.prefix) }
    }
}

/// What an approval is bound to.
enum CampaignDigest {
    /// Whether a stored campaign is what its digest was made of.
    static func isWhole(_ record: CampaignRecord) -> Bool {
        self.of(content: record.content, files: record.files, relay: record.relay) == record.digest
    }

    /// - Throws: ``PlanProblems`` for a campaign that was changed in the database.
    static func check(_ record: CampaignRecord) throws(PlanProblems) {
        guard self.isWhole(record), record.approvedDigest == nil || record.approvedDigest == record.digest else {
            throw PlanProblems(diagnostics: [
                Diagnostic(.error, "\(record.id.publicID) was changed in the database since it was approved")
            ])
        }
    }

    /// SHA-256 over the campaign file (which holds audience rule, limits and variants), the files it names, and the relay, each
    /// preceded by its length; as hex.
    static func of(content: String, files: String, relay: String) -> String {
        var hash = SHA256()
        for part in [content, files, relay] {
            let bytes = Array(part.utf8)
            hash.update(data: Array("\(bytes.count):".utf8))
            hash.update(data: bytes)
        }
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

/// Who may approve, and for how long an approval holds.
struct ApprovalRules: Sendable {
    /// The submitter may approve.
    let allowsSubmitter: Bool
    let expiresMilliseconds: Int64

    /// - Throws: ``OperationError/notAllowed(_:)`` when this caller may not approve this campaign.
    func check(_ record: CampaignRecord, approvedBy caller: Caller) throws(OperationError) {
        let isSubmitter = caller.name == record.submittedBy
        guard !isSubmitter || self.allowsSubmitter else {
            throw OperationError.notAllowed(
                "\(caller.name) submitted \(record.id.publicID) and cannot approve it; another approver must, "
                    + "or the configuration says 'approval: self'"
            )
        }
        guard caller.role >= .approver || (isSubmitter && self.allowsSubmitter) else {
            throw OperationError.notAllowed("\(caller.name) is no approver")
        }
    }

    /// - Throws: ``OperationError/conflict(_:)`` when the approval does not cover what would be sent.
    func checkStart(_ record: CampaignRecord, at now: Timestamp) throws(OperationError) {
        guard CampaignDigest.isWhole(record), record.digest == record.approvedDigest else {
            throw OperationError.conflict(
                "\(record.id.publicID) is not what was approved: submit it again with --id and have it approved"
            )
        }
        guard let approver = record.approvedBy, approver != record.submittedBy || self.allowsSubmitter else {
            throw OperationError.conflict("\(record.id.publicID) was not approved by another than its submitter")
        }
        guard let approvedAt = record.approvedAt,
            now.milliseconds - approvedAt.milliseconds <= self.expiresMilliseconds
        else {
            throw OperationError.conflict(
                "the approval of \(record.id.publicID) has expired: postrider campaign approve \(record.id.publicID) renews it"
            )
        }
    }
}
