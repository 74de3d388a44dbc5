import Crypto
import Domain
import Engine
import Storage
import Wire

/// A shard being cut: its members for the lease table, and their columns for the worker.
struct ShardDraft {
    let isRetry: Bool
    private(set) var members: [OpenLease.Member] = []
    /// When nothing of it may be sent any more; `nil`: no such time.
    var closing: Timestamp?
    private var addresses = StringColumnBuilder(expecting: LoopLimits.shardTargets)
    private var columns: [StringColumnBuilder] = []
    /// Each target's link to unsubscribe: the last column.
    private var links: StringColumnBuilder?
    private var link: [UInt8] = []

    init(isRetry: Bool) { self.isRetry = isRetry }

    /// Bytes of addresses and values so far.
    var byteCount: Int {
        self.columns.reduce(self.addresses.byteCount + (self.links?.byteCount ?? 0)) { $0 + $1.byteCount }
    }

    /// Adds the link of the target that was added last.
    mutating func add(_ links: UnsubscribeLinks, for target: TargetKey) {
        links.write(target, to: &self.link)
        if self.links == nil { self.links = StringColumnBuilder(expecting: LoopLimits.shardTargets) }
        self.links?.append(self.link)
    }

    /// Adds a target; in ascending order of position.
    mutating func add(_ row: GrantRow, address: String, variant: Int, site: String, plan: CampaignPlan) {
        if self.columns.isEmpty {
            self.columns = plan.fields.map { _ in StringColumnBuilder(expecting: LoopLimits.shardTargets) }
        }
        self.members.append(
            OpenLease.Member(
                position: row.target.position,
                contact: row.target.contact,
                variant: variant,
                attempts: row.target.attempts,
                wasDeferred: row.target.outcome == .deferred,
                wasDoubted: row.target.wasDoubted,
                site: site
            )
        )
        self.addresses.append(address)
        for index in self.columns.indices {
            if row.isEmpty(index), let text = plan.defaults[index] {
                self.columns[index].append(text)
            } else {
                row.withValue(index) { self.columns[index].append($0) }
            }
        }
    }

    var contents: ShardRecord.Contents {
        let positions = self.members.map(\.position)
        guard !self.isRetry, let first = positions.first, let last = positions.last else { return .members(positions) }
        return .range(first..<last + 1)
    }

    /// The grant without what does not depend on the targets.
    func frame() -> WireGrant {
        filled(WireGrant()) { grant in
            grant.position = self.members.map { UInt32($0.position) }
            grant.contact = self.members.map { UInt64($0.contact.rawValue) }
            grant.variant = self.members.map { UInt32($0.variant ?? 0) }
            grant.address = self.addresses.strings()
            grant.field = self.columns.map { $0.strings() }
            if let links = self.links { grant.field.append(links.strings()) }
        }
    }
}

/// Keys for Message-IDs.
enum MessageIDKey {
    /// The key of one campaign, so that no worker learns another campaign's.
    static func derive(from secret: [UInt8], for campaign: Campaign.ID) -> [UInt8] {
        var code = HMAC<SHA256>(key: SymmetricKey(data: secret))
        code.update(data: Array("message-id:\(campaign.rawValue)".utf8))
        return Array(code.finalize())
    }
}
