import Domain
import Engine
import Storage

/// Frequency caps: how many messages a person may have, over all campaigns.
///
/// Counted are messages that were accepted or may have been, as the targets say, and those in workers' hands, which only the leases
/// know. What waits is not counted: it is looked at when it is granted.
extension LoopCore {
    /// What the counting of a campaign's rows goes by; `nil` without caps.
    func capMoment(_ campaign: RunningCampaign) throws(StoreError) -> GrantQuery.CapMoment? {
        guard campaign.grants.hasCaps else { return nil }
        let now = self.machineTime
        if self.capsFrom == nil { self.capsFrom = try self.stores.campaigns.oldest(endedAfter: self.capsSince(now)) }
        // Those at work may have been looked at as finished before they were tried again.
        let oldest = min(self.capsFrom ?? campaign.id, self.campaigns.keys.min() ?? campaign.id)
        return GrantQuery.CapMoment(now: now, oldestCampaign: oldest)
    }

    /// A day more than any cap looks back, as workers' clocks may differ from ours.
    private func capsSince(_ now: Timestamp) -> Timestamp {
        now.advanced(byMilliseconds: -FrequencyCap.periodRange.upperBound - 86_400_000)
    }

    /// Whether a person has had as many messages as they may.
    func isCapped(_ row: GrantRow, _ campaign: RunningCampaign) -> Bool {
        let caps = campaign.grants.caps
        guard !caps.isEmpty else { return false }
        let held = self.held(row.target.contact)
        return caps.indices.contains { row.messages(in: $0) + held >= caps[$0].count }
    }

    /// Messages to somebody that are in workers' hands.
    private func held(_ contact: Contact.ID) -> Int {
        // A campaign alone has nobody twice.
        guard self.campaigns.count > 1 else { return 0 }
        if let known = self.heldByContact { return known[contact] ?? 0 }
        var held: [Contact.ID: Int] = [:]
        for lease in self.leases.all {
            for member in lease.openMembers { held[member.contact, default: 0] += 1 }
        }
        self.heldByContact = held
        return held[contact] ?? 0
    }

    /// Notes what was granted just now.
    func holds(_ members: [OpenLease.Member]) {
        guard self.heldByContact != nil else { return }
        for member in members { self.heldByContact?[member.contact, default: 0] += 1 }
    }
}
