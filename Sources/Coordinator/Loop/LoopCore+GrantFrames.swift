import Domain
import Engine
import Foundation
import Signing
import Storage
import Wire

/// The grant itself: what is recorded of it, and what the worker is told.
extension LoopCore {
    /// - Parameters:
    ///   - shard: At least one target.
    ///   - key: Its lane.
    ///   - campaign: Its campaign.
    ///   - session: Who gets it.
    ///   - slots: Open messages of this queue that the worker may have.
    ///   - isApart: It is all that the worker has and gets.
    /// - Throws: What the store throws.
    func grant(
        _ shard: ShardDraft,
        _ key: LaneKey,
        _ campaign: RunningCampaign,
        to session: WorkerSession,
        slots: Int,
        isApart: Bool = false
    ) throws(StoreError) {
        self.epoch = self.epoch.next()
        let lane = campaign.lanes[key.lane].record
        let record = ShardRecord(
            epoch: self.epoch,
            campaign: campaign.id,
            lane: key.lane,
            contents: shard.contents,
            holder: session.name
        )
        try self.stores.shards.insert(record, at: self.wall)
        if shard.isRetry {
            for member in shard.members {
                let target = TargetKey(campaign: campaign.id, lane: key.lane, position: member.position)
                try self.stores.targets.grant(target, epoch: self.epoch)
            }
        }
        for scope in self.sharedScopes(campaign) { self.throttles.debit(shard.members.count, in: scope) }
        campaign.budget?.debit(shard.members.count)
        if !lane.isTail { self.throttles.debit(shard.members.count, in: .site(lane.site)) }
        self.leases.insert(
            OpenLease(
                epoch: self.epoch,
                campaign: campaign.id,
                lane: key.lane,
                relay: campaign.record.relay,
                holder: session.name,
                members: shard.members,
                deadline: self.leaseDeadline,
                isApart: isApart
            )
        )
        self.holds(shard.members)
        let queue = RelayQueue(relay: campaign.record.relay, site: lane.site)
        session.takes(shard.members.count, in: queue, slots: slots)
        if isApart { session.apart = self.epoch }
        self.counters.grants += 1
        self.counters.granted += shard.members.count
        self.send(shard, lane: lane, campaign, to: session, slots: slots)
    }

    private func send(
        _ shard: ShardDraft,
        lane: LaneRecord,
        _ campaign: RunningCampaign,
        to session: WorkerSession,
        slots: Int
    ) {
        if session.contents[campaign.id] != campaign.record.revision, let plan = campaign.plan {
            session.contents[campaign.id] = campaign.record.revision
            let key = MessageIDKey.derive(from: self.options.messageIDKey, for: campaign.id)
            var content = plan.content(
                of: campaign.id,
                revision: campaign.record.revision,
                messageIDKey: key,
                hasLinks: self.options.links != nil
            )
            content.signing = (self.options.signing(of: campaign) ?? []).map(\.wire)
            if let returns = self.options.returns {
                content.returnPath.local = returns.local
                content.returnPath.domain = returns.domain
                content.returnPath.key = Data(returns.key.campaignKey(campaign.id))
            }
            self.say(.content(content), to: session)
        }
        var grant = shard.frame()
        grant.nonce = session.credit?.nonce ?? 0
        grant.epoch = self.epoch.rawValue
        grant.campaign = UInt64(campaign.id.rawValue)
        grant.lane = UInt32(lane.lane)
        grant.relay = campaign.record.relay
        grant.site = lane.site
        grant.slots = UInt32(slots)
        if let closing = shard.closing {
            // Never 0, which would be no end at all.
            grant.sendWithin = UInt32(clamping: max(1, closing.milliseconds - self.machineTime.milliseconds))
        }
        self.say(.grant(grant), to: session)
    }
}

extension SigningKey {
    /// What workers are told of a key; it stays in their memory.
    fileprivate var wire: WireSigningKey {
        filled(WireSigningKey()) {
            $0.domain = self.domain
            $0.selector = self.selector
            $0.key = self.pem
        }
    }
}
