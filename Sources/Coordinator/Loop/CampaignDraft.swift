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
