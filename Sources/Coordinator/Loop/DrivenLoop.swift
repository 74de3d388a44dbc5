package import Domain
package import Engine
import Logging
package import Storage
import UserFiles
import Wire

/// The coordinator's loop for whoever brings clock, store and network: what the simulator runs.
///
/// ``LoopCore`` itself, spoken to in frames and operators' commands. One thread, inside the store's `access`.
package final class DrivenLoop {
    /// What the configuration file would say.
    package struct Settings: Sendable {
        /// A relay as the configuration describes it.
        package struct Relay: Sendable {
            package var name: String
            /// As in `smtp://HOST:PORT`.
            package var url: String
            package var limits: [Limit]
            package var retries: RetryPolicy

            package init(name: String, url: String, limits: [Limit], retries: RetryPolicy) {
                self.name = name
                self.url = url
                self.limits = limits
                self.retries = retries
            }
        }

        /// What the configuration allows a site.
        package struct Site: Sendable {
            package var limits: [Limit]
            /// Connection slots over all workers.
            package var connections: Int

            package init(limits: [Limit], connections: Int) {
                self.limits = limits
                self.connections = connections
            }
        }

        package var relays: [Relay] = []
        /// Sites with limits of their own, which have lanes of their own.
        package var sites: [String: Site] = [:]
        package var otherSites = Site(limits: [], connections: 20)
        package var clusterLimits: [Limit] = []
        /// How often one person may be written to.
        package var caps: [FrequencyCap] = []
        package var leaseTTLMilliseconds: Int64 = 60_000
        package var orphanGraceMilliseconds: Int64 = 600_000
        /// Names this boot of the machine.
        package var machineBoot = "machine"

        package init() {}
    }

    /// A frame from the worker whose key has the name `principal`.
    package struct Inbound: Sendable {
        package let routing: [UInt8]
        package let principal: String
        package let payload: [UInt8]

        package init(routing: [UInt8], principal: String, payload: [UInt8]) {
            self.routing = routing
            self.principal = principal
            self.payload = payload
        }
    }

    /// What an operator asks.
    package enum Command: Hashable, Sendable {
        /// Submits a campaign file; approving it is another's.
        case submit(source: String)
        case approve(Campaign.ID)
        case pause(Campaign.ID)
        case resume(Campaign.ID)
        case cancel(Campaign.ID)
        /// Tries targets with this outcome again.
        case retry(Outcome, Campaign.ID)
        /// Sends what is in doubt again.
        case resend(Campaign.ID)
        /// Leaves what is in doubt as it is.
        case skip(Campaign.ID)
        case removeWorker(String)
        /// Has nothing more sent to an address, in canonical form.
        case suppress(address: String)
    }

    /// What came of a turn.
    package struct Turn {
        /// Frames that go out now, in order.
        package var frames: [(routing: [UInt8], payload: [UInt8])] = []
        /// What came of each command, in order: `nil` when it was done, else why not.
        package var answers: [String?] = []
        /// `false`: the turn was undone.
        package var isCommitted = true
        /// Texts of what was logged at warning and above.
        package var troubles: [String] = []
    }

    private let core: LoopCore

    /// Frames and commands that one turn takes in.
    package static let framesPerTurn = LoopLimits.framesPerTurn

    /// Starts on a store that may have been used before.
    ///
    /// - Parameters:
    ///   - connection: The store's only writer; its schema is there.
    ///   - settings: As the configuration file has them.
    ///   - random: For the spread of retries.
    ///   - now: The present by the boot clock.
    ///   - wall: The present by the wall clock.
    /// - Throws: What the connection throws.
    package init(
        _ connection: any SQLConnection,
        settings: Settings,
        random: any RandomNumberGenerator,
        now: Instant,
        wall: Timestamp
    ) throws(StoreError) {
        self.core = try LoopCore(connection, options: settings.options, random: random)
        try self.core.start(now: now, wall: wall)
    }

    /// One turn.
    ///
    /// - Parameters:
    ///   - frames: At most ``framesPerTurn``.
    ///   - commands: What operators ask in this turn.
    ///   - now: The present by the boot clock.
    ///   - wall: The present by the wall clock.
    /// - Returns: What goes out, now that it is durable.
    package func step(_ frames: [Inbound], _ commands: [Command], now: Instant, wall: Timestamp) -> Turn {
        let failed = self.core.counters.failedTurns
        var events = commands.map { LoopEvent.command(Self.command($0)) }
        events += frames.map { .frame(routing: $0.routing, principal: $0.principal, payload: $0.payload) }
        var turn = Turn()
        for effect in self.core.step(events, now: now, wall: wall) {
            switch effect {
            case .send(let routing, let payload): turn.frames.append((routing, payload))
            case .finished(_, let error): turn.answers.append(error.map { "\($0)" })
            case .log(let note): if note.level >= .warning { turn.troubles.append(note.message) }
            }
        }
        turn.isCommitted = self.core.counters.failedTurns == failed
        return turn
    }

    /// When the next turn is due although nothing comes in.
    package var nextTurn: Instant? { self.core.nextTurn }

    /// The connection with this routing id is gone.
    package func peerGone(_ routing: [UInt8]) { self.core.peerGone(routing) }

    private static func command(_ command: Command) -> LoopCommand {
        LoopCommand(body: { core in try Self.run(command, on: core) }, finished: { _ in })
    }

    private static func run(_ command: Command, on core: LoopCore) throws {
        switch command {
        case .submit(let source):
            let file = "campaign.yaml"
            let id = try core.stores.campaigns.nextID()
            let plan = try CampaignPlan(source: source, fileName: file, files: [:], id: id, names: try core.names())
            let upload = CampaignFile(file: file, source: source, files: [:])
            let relay = plan.file.relay ?? core.options.relays.keys.sorted().first ?? ""
            _ = try core.submit(CampaignDraft(upload: upload, plan: plan, relay: relay), replacing: nil, by: "operator")
        case .approve(let id): try Self.take(.approve, id, core)
        case .pause(let id): try Self.take(.pause, id, core)
        case .resume(let id): try Self.take(.resume, id, core)
        case .cancel(let id): try Self.take(.cancel, id, core)
        case .retry(let outcome, let id): _ = try core.retry(outcome, of: id, by: "operator")
        case .resend(let id): _ = try core.resolve(.resend, of: id, by: "operator")
        case .skip(let id): _ = try core.resolve(.skip, of: id, by: "operator")
        case .removeWorker(let name): try core.remove(worker: name)
        case .suppress(let address): try core.suppress(address, reason: .asked, evidence: "", by: "operator")
        }
    }

    private static func take(_ step: CampaignStep, _ id: Campaign.ID, _ core: LoopCore) throws {
        let rules = ApprovalRules.standard
        _ = try core.take(step, on: id, by: Caller(name: "approver", role: .approver), rules: rules)
    }

    /// What `campaign plan` would say of a campaign now.
    ///
    /// - Parameter source: The campaign file; its window must be the same for everybody.
    /// - Returns: Seconds from the start to the end, and what most of them are spent on.
    /// - Throws: What is wrong with the campaign.
    package func forecast(_ source: String) throws -> (seconds: Double, tightest: String) {
        let core = self.core
        let plan = try CampaignPlan(
            source: source,
            fileName: "campaign.yaml",
            files: [:],
            id: Campaign.ID(1),
            names: try core.names()
        )
        let audience: Audience
        switch plan.file.audience {
        case .list(let name): audience = .list(try ListStore(core.connection).id(named: name) ?? 0)
        case .expression, .segment: audience = .expression(plan.audienceExpression ?? .everyone)
        }
        var fold = AudienceFold(
            bar: plan.bar,
            audience: audience,
            conditions: plan.conditions + [.everyone],
            fields: plan.fields
        )
        while try fold.step(on: core.connection) {}
        var sites = AudienceSiteFold(bar: plan.bar, audience: audience)
        while try sites.step(on: core.connection) {}
        let relay = plan.file.relay ?? core.options.relays.keys.sorted().first ?? ""
        let window = plan.file.hours(home: core.options.homeZone, core.options.zones)
        let expires = plan.file.expiresAfterMilliseconds
        var hours = PlanHours(start: core.machineTime, expiresAfterMilliseconds: expires, hours: window)
        hours.noteAtHome(fold.audience - fold.suppressed)
        let load = CampaignLoad(plan, fold, sites: sites.domains, relay: relay, groups: hours.groups)
        let finish = PlanAnswer.Finish(core.outlook(for: load), messages: load.messages, start: core.wall)
        return (finish.seconds, finish.tightest)
    }

    // MARK: For checks

    /// A lease as the loop sees it.
    package struct Lease: Hashable, Sendable {
        package let epoch: Epoch
        package let campaign: Campaign.ID
        package let lane: Int
        package let holder: String
        package let relay: String
        /// Positions and sites of targets without an outcome.
        package let open: [Member]
        package let deadline: Instant
        package let isOverdue: Bool

        /// A target of a lease that has no outcome yet.
        package struct Member: Hashable, Sendable {
            package let position: Int
            package let site: String
        }
    }

    /// All open leases, by epoch.
    package var leases: [Lease] {
        self.core.leases.all.sorted { $0.epoch < $1.epoch }.map { lease in
            Lease(
                epoch: lease.epoch,
                campaign: lease.campaign,
                lane: lease.lane,
                holder: lease.holder,
                relay: lease.relay,
                open: lease.openMembers.map { Lease.Member(position: $0.position, site: $0.site) },
                deadline: lease.deadline,
                isOverdue: lease.isOverdue
            )
        }
    }

    /// The buckets of a scope; empty without limits.
    package func buckets(of scope: ThrottleScope) -> [TokenBucket] { self.core.throttles.buckets(of: scope) }

    /// Targets of campaigns at work, as status says.
    package var counts: [(campaign: Campaign.ID, audience: Int, sum: Int)] {
        self.core.sortedCampaigns().compactMap { campaign in
            guard let status = try? self.core.status(of: campaign.id) else { return nil }
            return (campaign.id, status.audience, status.counts.sum)
        }
    }
}

extension DrivenLoop.Settings {
    fileprivate var options: LoopOptions {
        var relays: [String: LoopOptions.RelayOptions] = [:]
        for relay in self.relays {
            let wire = filled(WireRelay()) {
                $0.name = relay.name
                $0.url = relay.url
                $0.tls = "off"
            }
            relays[relay.name] = LoopOptions.RelayOptions(wire: wire, limits: relay.limits, retries: relay.retries)
        }
        let (sites, others) = (self.sites, self.otherSites)
        return LoopOptions(
            relays: relays,
            siteLimits: { name in
                let site = sites[name] ?? others
                return LoopOptions.SiteOptions(limits: site.limits, connections: site.connections)
            },
            namedSites: Set(sites.keys),
            rollup: [:],
            clusterLimits: self.clusterLimits,
            leaseTTLMilliseconds: self.leaseTTLMilliseconds,
            orphanGraceMilliseconds: self.orphanGraceMilliseconds,
            machineBoot: self.machineBoot,
            messageIDKey: [1, 2, 3],
            // What relays answer there is invented, and no reason to stop.
            guards: GuardRules(bounces: nil, complaintsWarn: nil, complaints: nil, policy: nil),
            caps: self.caps
        )
    }
}
