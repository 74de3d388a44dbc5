import Domain
import Engine
import Logging
import Storage
import Telemetry
import Wire

/// Where things stand.
extension LoopCore {
    func status(of id: Campaign.ID) throws -> CampaignStatus {
        if let campaign = self.campaigns[id] { return self.status(of: campaign) }
        guard let record = try self.stores.campaigns.campaign(id) else { throw OperationError.unknown(id) }
        return try self.status(of: record)
    }

    func statuses(before id: Campaign.ID? = nil, count: Int = .max) throws(StoreError) -> [CampaignStatus] {
        var statuses: [CampaignStatus] = []
        for record in try self.stores.campaigns.page(before: id, count: count) {
            if let campaign = self.campaigns[record.id] {
                statuses.append(self.status(of: campaign))
            } else {
                statuses.append(try self.status(of: record))
            }
        }
        return statuses
    }

    /// Targets of all campaigns in memory that have no final outcome.
    var openTargets: (pending: Int, leased: Int, deferred: Int) {
        self.campaigns.values.reduce(into: (0, 0, 0)) { sum, campaign in
            let counts = self.status(of: campaign).counts
            sum.0 += counts.pending
            sum.1 += counts.leased
            sum.2 += counts.deferred
        }
    }

    /// A campaign that is being sent: counts from memory, where they are those of the last commit.
    func status(of campaign: RunningCampaign) -> CampaignStatus {
        let open = self.leases.open(of: campaign.id)
        let counts = campaign.counts
        var status = self.status(
            of: campaign.record,
            audience: campaign.audience,
            counts: counts,
            leased: open.targets,
            leasedDeferred: open.deferred,
            sentTwice: campaign.sentTwice
        )
        status.ratePerSecond = campaign.rate.perSecond(at: self.now)
        status.problem = self.problem(of: campaign)
        return status
    }

    /// A campaign that is not in memory: not started, or over.
    private func status(of record: CampaignRecord) throws(StoreError) -> CampaignStatus {
        let lanes = try self.stores.lanes.lanes(of: record.id)
        var status = self.status(
            of: record,
            audience: lanes.reduce(0) { $0 + $1.audience },
            counts: lanes.reduce(into: LaneCounts()) { $0 += $1.counts },
            leased: 0,
            leasedDeferred: 0,
            sentTwice: lanes.reduce(0) { $0 + $1.sentTwice }
        )
        status.problem = self.unreadableText(record)
        if record.state == .approved {
            status.problem =
                self.scheduled[record.id].map { "it starts by itself at \($0.rfc3339)" }
                ?? self.startProblems[record.id]
        }
        if record.state != .finished, record.state != .cancelled, let text = self.restoredText { status.problem = text }
        return status
    }

    private func status(
        of record: CampaignRecord,
        audience: Int,
        counts: LaneCounts,
        leased: Int,
        leasedDeferred: Int,
        sentTwice: Int
    ) -> CampaignStatus {
        let targets = TargetCounts(
            pending: audience - counts.sum - (leased - leasedDeferred),
            leased: leased,
            deferred: counts.deferred - leasedDeferred,
            accepted: counts.accepted,
            bounced: counts.bounced,
            suppressed: counts.suppressed,
            inDoubt: counts.inDoubt,
            expired: counts.expired,
            cancelled: counts.cancelled,
            failed: counts.failed
        )
        return CampaignStatus(
            id: record.id.publicID,
            name: record.name,
            state: record.state,
            channel: record.channel,
            audience: audience,
            freezing: record.startedAt != nil && !record.isFrozen,
            counts: targets,
            sentTwice: sentTwice,
            ratePerSecond: 0,
            startedAt: record.startedAt,
            finishedAt: record.finishedAt,
            submittedAt: record.submittedAt,
            approvedAt: record.approvedAt,
            digest: record.digest,
            relay: record.relay,
            problem: nil
        )
    }

    /// One sentence on what holds a campaign up.
    private func problem(of campaign: RunningCampaign) -> String? {
        if let text = self.restoredText { return text }
        if campaign.plan == nil { return self.unreadableText(campaign.record) }
        if let trouble = campaign.trouble { return trouble }
        if let held = self.guardProblem(of: campaign) { return held }
        if let text = self.budgetProblem(campaign) { return text }
        guard campaign.record.state == .running else { return nil }
        if let domain = campaign.plan?.from.address.domain,
            let problem = self.options.signingProblem(relay: campaign.record.relay, from: domain)
        {
            return problem
        }
        if campaign.record.sweep?.act == .doubt {
            return "what may have been sent before the restore is being put in doubt"
        }
        if !self.epochReserve.allows(self.epoch.next()) {
            return "nothing is granted while the file of epochs beside the data cannot be written; see the log"
        }
        guard !self.sessions.isEmpty else { return "no worker is connected" }
        let problems = self.sessions.values.map { $0.relayProblems[campaign.record.relay] }
        guard problems.allSatisfy({ $0 != nil }), let first = problems.first.flatMap({ $0 }) else {
            return self.hoursProblem(of: campaign)
        }
        return "relay \(campaign.record.relay) cannot be used: \(first.text)"
    }

    /// Workers that are connected, and those that were.
    func workers(allowed: [String]) throws(StoreError) -> [WorkerStatus] {
        let known = try self.stores.cluster.workers()
        let names = Set(allowed).union(known.map(\.name))
        return names.sorted().map { name in
            let session = self.session(of: name)
            let record = known.first { $0.name == name }
            var tally = self.tallies[name] ?? WorkerTally()
            return WorkerStatus(
                name: name,
                state: self.state(of: name, isAllowed: allowed.contains(name), isConnected: session != nil),
                leased: self.leases.open(of: name),
                accepted: tally.accepted,
                acceptedPerSecond: tally.rate.perSecond(at: self.now),
                lastSeen: session == nil ? record?.lastSeen : self.wall,
                build: session?.build ?? record?.build,
                relays: self.options.relays.keys.sorted().map { relay in
                    WorkerStatus.Relay(name: relay, problem: session?.relayProblems[relay]?.text)
                }
            )
        }
    }

    private func state(of name: String, isAllowed: Bool, isConnected: Bool) -> WorkerStatus.State {
        guard isAllowed else { return .removed }
        guard self.drained.contains(name) else { return isConnected ? .connected : .away }
        if self.leases.open(of: name) == 0 { return .drained }
        return isConnected ? .draining : .away
    }

    /// The line that `grep throughput` watches, one for each running campaign.
    func logThroughput() {
        guard self.now >= self.nextThroughput else { return }
        self.nextThroughput = self.now.advanced(byMilliseconds: LoopLimits.throughputMilliseconds)
        for campaign in self.sortedCampaigns() where campaign.record.state == .running {
            let status = self.status(of: campaign)
            let meters: [(key: LogKey, value: Double)] = [
                (.acceptedPerSecond, campaign.rate.perSecond(at: self.now)),
                (.deferredPerSecond, campaign.deferredRate.perSecond(at: self.now)),
                (.bouncedPerSecond, campaign.bouncedRate.perSecond(at: self.now)),
            ]
            let rates = meters.map { (key: $0.key, value: Logger.MetadataValue.number(($0.value * 10).rounded() / 10)) }
            let counts = status.counts
            self.log(
                LoopNote(
                    .info,
                    .throughput,
                    "\(campaign.id.publicID): \(Int(status.ratePerSecond)) accepted a second, \(counts.pending) to go",
                    [(.campaign, .string(campaign.id.publicID))] + rates + [
                        (.inFlight, .number(counts.leased)), (.leased, .number(counts.leased)),
                        (.pending, .number(counts.pending)),
                    ]
                )
            )
        }
    }
}
