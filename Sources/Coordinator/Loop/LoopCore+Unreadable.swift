import Domain
import Storage

/// Campaigns that were started and cannot be continued: one reads why, and that they can be ended.
///
/// One that cannot be read has no plan in memory, so nothing of it is granted. Its leases are asked back and what workers tell of them is taken as
/// ever; cancelling it, or the end of its time, settles what is open without the plan.
extension LoopCore {
    /// - Throws: ``OperationError/conflict(_:)`` with the problem and the remedy for a campaign that cannot be continued.
    func requireReadable(_ record: CampaignRecord) throws(OperationError) {
        guard self.unreadable[record.id] == nil else { throw self.unreadable(record) }
    }

    func unreadable(_ record: CampaignRecord) -> OperationError {
        .conflict("\(record.id.publicID): \(self.unreadableText(record) ?? "it is not at work")")
    }

    /// One sentence on why a campaign cannot be continued, and what to do about it; `nil` when it can.
    func unreadableText(_ record: CampaignRecord) -> String? {
        guard let problem = self.unreadable[record.id] else { return nil }
        let text = "it cannot be continued: \(problem)"
        guard self.campaigns[record.id] != nil else { return "\(text); start the coordinator again" }
        let mend = "\(text); mend that and start the coordinator again"
        guard !record.isCancelling else { return mend }
        return "\(mend), or end it: 'postrider campaign cancel \(record.id.publicID)'"
    }
}
