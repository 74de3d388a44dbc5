import Domain
import Storage

/// Who may approve, and for how long an approval holds.
struct ApprovalRules: Sendable {
    /// The submitter may approve.
    let allowsSubmitter: Bool
    let expiresMilliseconds: Int64

    /// Another than the submitter, for a week.
    static let standard = ApprovalRules(allowsSubmitter: false, expiresMilliseconds: 604_800_000)

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

    /// - Throws: ``OperationError/conflict(_:)`` when `digest`, of what the approver looked at, is not that of what stands there now.
    static func check(_ record: CampaignRecord, against digest: String?) throws(OperationError) {
        guard let digest, digest != record.digest else { return }
        let id = record.id.publicID
        throw OperationError.conflict(
            "\(id) is not what the digest names: \(record.submittedBy) submitted it at \(record.submittedAt.rfc3339) "
                + "(revision \(record.revision)); look at it again with postrider campaign show \(id)"
        )
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
