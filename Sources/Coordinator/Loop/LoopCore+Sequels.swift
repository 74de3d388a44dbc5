import Domain
import Storage

/// Campaigns for those whom earlier ones did not reach: nobody gets two of them.
///
/// Whom a sequel wrote to is not left of its origin any more, and that is asked when the next one is frozen. So what stands in the way of a
/// sequel is only what may still change who is left: an origin, or another sequel of it, that is not over.
extension LoopCore {
    /// The campaigns whose unreached people a campaign is for.
    ///
    /// - Throws: ``OperationError/conflict(_:)`` while one of them, or another campaign for the same people, may still write to somebody.
    func origins(of plan: CampaignPlan, _ id: Campaign.ID) throws -> [Campaign.ID] {
        guard let asked = plan.audienceExpression?.unsentCampaigns else { return [] }
        var origins: [Campaign.ID] = []
        for origin in asked.named.sorted() where origin != id {
            guard let record = try self.stores.campaigns.campaign(origin), record.startedAt != nil else { continue }
            try self.requireOver(record)
            origins.append(origin)
        }
        guard asked.isEvery else { return origins }
        // Who waits in any campaign is not meant; who is about to be tried again does not wait yet.
        if let other = self.sortedCampaigns().first(where: { $0.id != id && $0.record.sweep != nil }) {
            throw OperationError.conflict(
                "\(other.id.publicID) is in the midst of a pass over its targets; try again in a moment"
            )
        }
        return try self.stores.campaigns.started().filter { $0 != id }
    }

    /// - Throws: ``OperationError/conflict(_:)`` while a campaign, or another one for those whom it did not reach, may still write to somebody, or when
    ///   it never did.
    func requireOver(_ record: CampaignRecord) throws {
        try self.requireEnded(record)
        for sequel in try SequelStore(self.connection).sequels(of: record.id) {
            guard let other = try self.stores.campaigns.campaign(sequel) else { continue }
            try self.requireEnded(other)
        }
    }

    /// - Throws: ``OperationError/conflict(_:)`` when those whom a campaign did not reach are another one's people now: who was tried again here as well
    ///   could get both.
    func requireNoSequel(_ id: Campaign.ID) throws {
        guard let sequel = try SequelStore(self.connection).sequels(of: id).last else { return }
        throw OperationError.conflict(
            "\(sequel.publicID) was started for those whom \(id.publicID) had not reached; retry that one"
        )
    }

    /// - Throws: ``OperationError/conflict(_:)`` while a campaign may still write to somebody, or when it never did.
    private func requireEnded(_ record: CampaignRecord) throws {
        let id = record.id.publicID
        guard record.startedAt != nil else {
            throw OperationError.conflict("\(id) was never started: nobody of it is left; clone it without --unsent")
        }
        guard [.finished, .cancelled].contains(record.state) else {
            throw OperationError.conflict(
                "\(id) is \(record.state.rawValue) and may still write to those who are left; cancel it first"
            )
        }
        // What it had sent is still being settled.
        guard let campaign = self.campaigns[record.id] else { return try self.requireReadable(record) }
        // Of its audience nobody else can be found any more, so it never ends.
        if campaign.plan == nil, !campaign.record.isFrozen { try self.requireReadable(record) }
        throw OperationError.conflict("\(id) still waits for what is under way; try again in a moment")
    }
}
