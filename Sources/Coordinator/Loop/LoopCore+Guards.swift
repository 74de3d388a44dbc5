import Domain
import Engine
import Logging
import Storage
import Telemetry
import UserFiles

/// Circuit breakers: what comes back too often stops what is sent (see ``GuardBook``).
extension LoopCore {
    /// Reads what guards counted and hold.
    func readGuards() throws(StoreError) {
        self.guards = GuardBook()
        for row in try self.stores.guards.all() {
            guard let scope = GuardScope(key: row.scope) else { continue }
            let counts = GuardCounts(tries: row.tries, bounced: row.bounced, complained: row.complained)
            self.guards.restore(scope, counts, hold: row.hold)
        }
    }

    /// Writes what changed; in a turn's transaction.
    func saveGuards() throws(StoreError) {
        for change in self.guards.takeChanges() {
            guard let counts = change.counts else {
                try self.stores.guards.remove(change.scope.key)
                continue
            }
            try self.stores.guards.save(
                GuardStore.Row(
                    scope: change.scope.key,
                    tries: counts.tries,
                    bounced: counts.bounced,
                    complained: counts.complained,
                    hold: change.hold
                )
            )
        }
    }

    /// Notes what came of a lease's targets: of each try in order, whether it bounced and whether for what we are.
    func watch(_ tries: [GuardTry], of lease: OpenLease, in campaign: RunningCampaign) throws(StoreError) {
        guard !tries.isEmpty else { return }
        let scopes = self.guardScopes(campaign, lane: lease.lane)
        let bounced = tries.count { $0 != .accepted }
        var news = self.guards.note(tries: tries.count, bounced: bounced, in: scopes)
        let lane = GuardScope.lane(campaign.id, lease.lane)
        let rules = self.rules(of: campaign)
        if let said = self.guards.note(policy: tries.map { $0 == .policy }, in: lane, rules: rules) {
            news.append(said)
        }
        for said in news { try self.heed(said, lane: lease.lane, of: campaign) }
    }

    /// Notes that somebody complained of a message that was accepted.
    ///
    /// - Parameter key: Of the target; a campaign that is over counts for its relay only.
    /// - Throws: What the store throws.
    func noteComplaint(about key: TargetKey) throws(StoreError) {
        try self.noteLate(about: key) { $0.noteComplaint(in: $1) }
    }

    /// Notes that a message came back after it was accepted, as ``noteComplaint(about:)`` does for complaints.
    func noteReturn(of key: TargetKey) throws(StoreError) {
        try self.noteLate(about: key) { $0.noteReturn(in: $1) }
    }

    private func noteLate(
        about key: TargetKey,
        _ note: (inout GuardBook, [(scope: GuardScope, rules: GuardRules)]) -> [GuardNews]
    ) throws(StoreError) {
        guard let campaign = self.campaigns[key.campaign] else {
            guard let record = try self.stores.campaigns.campaign(key.campaign) else { return }
            let scope = GuardScope.relay(record.relay)
            for said in note(&self.guards, [(scope, self.options.guards)]) { self.tell(said, of: nil) }
            return
        }
        for said in note(&self.guards, self.guardScopes(campaign, lane: key.lane)) {
            try self.heed(said, lane: key.lane, of: campaign)
        }
    }

    private func rules(of campaign: RunningCampaign) -> GuardRules {
        campaign.plan?.file.guards.applied(to: self.options.guards) ?? self.options.guards
    }

    private func guardScopes(_ campaign: RunningCampaign, lane: Int) -> [(scope: GuardScope, rules: GuardRules)] {
        var scopes: [(scope: GuardScope, rules: GuardRules)] = [
            (.campaign(campaign.id), self.rules(of: campaign)), (.relay(campaign.record.relay), self.options.guards),
        ]
        // Sites that share a lane are too small to say anything of.
        if campaign.lanes.indices.contains(lane), !campaign.lanes[lane].record.isTail {
            scopes.append((.site(campaign.lanes[lane].record.site), self.options.guards))
        }
        return scopes
    }

    private func heed(_ news: GuardNews, lane: Int, of campaign: RunningCampaign) throws(StoreError) {
        self.tell(news, of: campaign)
        guard news.holds else { return }
        switch news.scope {
        case .campaign:
            guard campaign.record.state == .running else { return }
            campaign.record.state = .paused
            campaign.isDirty = true
            try self.audit("pause", campaign.record, by: "guard")
            self.recall(campaign.id)
        case .relay(let relay):
            for other in self.sortedCampaigns() where other.record.relay == relay { self.recall(other.id) }
        case .site(let site):
            for other in self.sortedCampaigns() {
                if let lane = other.laneOfSite[site] { self.recall(other.id, lane: lane) }
            }
        case .lane(_, let lane): self.recall(campaign.id, lane: lane)
        }
    }

    private func tell(_ news: GuardNews, of campaign: RunningCampaign?) {
        self.counters.guardTrips[news.rule, default: 0] += news.holds ? 1 : 0
        var fields: [(key: LogKey, value: Logger.MetadataValue)] = [
            (.reason, .string(news.rule.rawValue)), (.scope, .string(news.scope.key)),
        ]
        if let campaign { fields.append((.campaign, .string(campaign.id.publicID))) }
        let what = news.holds ? "nothing more is sent" : "soon nothing more is sent"
        self.log(
            LoopNote(
                news.holds ? .error : .warning,
                news.holds ? .guardHolds : .guardWarns,
                "\(what) in \(news.scope.key): \(news.text)",
                fields
            )
        )
    }

    // What is held.

    /// Whether a guard holds a lane, its site or its relay.
    func isHeld(_ key: LaneKey, _ campaign: RunningCampaign) -> Bool {
        self.holdText(lane: key.lane, campaign) != nil
    }

    private func holdText(lane: Int, _ campaign: RunningCampaign) -> String? {
        if let text = self.guards.hold(.relay(campaign.record.relay)) {
            return "relay \(campaign.record.relay): \(text)"
        }
        let record = campaign.lanes[lane].record
        if let text = self.guards.hold(.lane(campaign.id, lane)) { return "\(record.site): \(text)" }
        guard !record.isTail, let text = self.guards.hold(.site(record.site)) else { return nil }
        return "\(record.site): \(text)"
    }

    /// One sentence on what guards hold of a campaign.
    func guardProblem(of campaign: RunningCampaign) -> String? {
        let remedy = "an approver may go on with 'campaign resume --override'"
        if let text = self.guards.hold(.campaign(campaign.id)) { return "paused by its guard: \(text); \(remedy)" }
        let held = campaign.lanes.indices.lazy.compactMap { self.holdText(lane: $0, campaign) }
        guard let first = held.first else { return nil }
        return "held by a guard: \(first); \(remedy)"
    }

    /// Goes on although guards hold something of a campaign.
    func override(_ record: CampaignRecord, by who: String) throws {
        let state = try self.after(.resume, record)
        try self.requireReadable(record)
        guard let campaign = self.campaigns[record.id] else { throw self.unreadable(record) }
        var scopes: [GuardScope] = [.campaign(record.id), .relay(record.relay)]
        for lane in campaign.lanes {
            scopes.append(.lane(record.id, lane.record.lane))
            if !lane.record.isTail { scopes.append(.site(lane.record.site)) }
        }
        // Counts of what is not held go on, except the campaign's own.
        let held = scopes.filter { $0 == .campaign(record.id) || self.guards.hold($0) != nil }
        let freed = held.count { self.guards.override($0) }
        try self.audit("override", campaign.record, by: who)
        self.note(campaign.record, "goes on although \(freed) guards held it, says \(who)")
        if state != record.state { try self.resumeSending(record, by: who) }
        // Others may have waited for the same relay or site.
        self.wakeAll()
    }
}

/// What a guard sees of one try.
enum GuardTry: Hashable {
    case accepted
    case bounced
    /// Refused for what we are, not for whom it was to.
    case policy

    /// - Returns: `nil` for what is no answer yet.
    init?(_ outcome: Outcome, _ reason: Reason?) {
        switch outcome {
        case .accepted: self = .accepted
        case .bounced: self = reason == .policy ? .policy : .bounced
        default: return nil
        }
    }
}
