import CoordinatorCore
import Domain
import Engine
import Storage
import StorageSQLite
import Wire
import WorkerCore

/// What must always be true, judged from outside.
final class Laws {
    private unowned let world: World
    private let books: LedgerBooks
    /// The first law that was broken.
    private(set) var violation: String?

    /// Messages that relays took.
    private(set) var taken: [WorkerWitness.Message: Int] = [:]
    /// Different messages that each contact got.
    private var messages: [Int64: Int] = [:]
    private var departures: [RateLaw.Departure] = []
    private var lastEpoch = Epoch(0)
    private var acknowledged: [(key: TargetKey, fact: WorkerWitness.ReportedFact)] = []
    private var ranks: [TargetKey: LedgerBooks.Standing] = [:]
    /// Contacts that are suppressed, as was committed: operators asked for it, or a relay said that the mailbox does not exist.
    private var suppressed: Set<Int64> = []
    private var allowances = Allowances()
    private var turns = 0
    /// Turns in a row into which nothing came and from which nothing went.
    private var emptyTurns = 0
    private var lastTurn: Int64 = 0

    /// Empty turns in a row that only a loop that spins takes: a thousand people are frozen in one.
    private static let emptyTurnsMax = 1_000

    init(_ database: SQLiteDatabase, in world: World) {
        self.world = world
        self.books = LedgerBooks(database)
    }

    func broken(_ text: String) {
        guard self.violation == nil else { return }
        self.violation = text
        self.world.note("BROKEN: \(text)")
    }

    // MARK: Relays

    /// A whole message came to a relay.
    func arrived(
        _ message: WorkerWitness.Message,
        taken: Bool,
        at relay: SimulatedRelay,
        from worker: WorkerHost,
        _ sent: Departure
    ) {
        let name = "c\(message.campaign) to contact \(message.contact)"
        guard let person = self.world.person(message.contact) else {
            return self.broken("\(name) went to nobody we know")
        }
        if person.isSuppressed { self.broken("\(name) was sent though the address is suppressed") }
        guard let grant = worker.witness.grant(of: message, at: sent.time) else {
            return self.broken("\(name) was sent by \(worker.name), which was never granted it")
        }
        let local = worker.clock.boot(at: sent.time)
        if let deadline = worker.witness.deadline(of: grant.epoch, at: local), local >= deadline {
            let late = local.milliseconds(since: deadline)
            self.broken("\(name): the final dot left \(late) ms after the deadline of lease \(grant.epoch.rawValue)")
        }
        if let withdrawn = worker.witness.withdrawn(grant.epoch, position: grant.key.position), withdrawn < sent.time {
            self.broken(
                "\(name): the final dot left \(sent.time - withdrawn) ms after \(worker.name) heard it must not"
            )
        }
        let intended = worker.witness.intended(grant.epoch, position: grant.key.position)
        if intended.map({ $0 > sent.time }) ?? true {
            self.broken("\(name): the final dot left without an intent in the journal of \(worker.name)")
        }
        let closing = WorldPlan.closingMilliseconds + WorldPlan.closingErrorMilliseconds
        let sinceStart = self.world.coordinator.clock.wall(at: sent.time).milliseconds - MachineClock.epoch
        if self.world.closes(message.campaign), sinceStart >= closing {
            self.broken("\(name): the final dot left \(sinceStart - WorldPlan.closingMilliseconds) ms after its hours")
        }
        self.departures.append(
            RateLaw.Departure(time: sent.time, campaign: message.campaign, relay: relay.name, site: person.site)
        )
        guard taken else { return }
        self.taken[message, default: 0] += 1
        if self.taken[message] == 1 { self.checkCaps(message, name) }
        guard let count = self.taken[message], count > 1 else { return }
        let standing = self.books.standing(of: grant.key)
        let policy = self.world.resends(message.campaign) ? 1 : 0
        let allowed = 1 + policy + self.allowances.resends(grant.key.campaign)
        guard standing?.isDoubted != true || count > allowed else { return }
        let known = standing.map { "\($0.name)\($0.isDoubted ? ", sent again after a doubt" : "")" } ?? "unknown"
        self.broken("\(name) was taken by relays \(count) times, now in epoch \(grant.epoch.rawValue); it is \(known)")
    }

    /// No person has messages of more campaigns than a cap allows; caps look back longer than any simulation lasts.
    private func checkCaps(_ message: WorkerWitness.Message, _ name: String) {
        let count = self.messages[message.contact, default: 0] + 1
        self.messages[message.contact] = count
        for cap in self.world.plan.settings.caps where count > cap.count {
            self.broken("\(name) is message \(count) to them, and \(cap.count) are allowed")
        }
    }

    // MARK: Frames

    /// The coordinator lets a frame out.
    func sent(_ frame: [UInt8], to worker: WorkerHost) {
        guard frame.count > 1, frame[1] == FrameType.grant.rawValue || frame[1] == FrameType.acknowledge.rawValue,
            let message = try? CoordinatorMessage.decode(frame).message
        else { return }
        switch message {
        case .grant(let grant):
            let epoch = Epoch(grant.epoch)
            if epoch <= self.lastEpoch { self.broken("epoch \(epoch.rawValue) was granted again, or late") }
            self.lastEpoch = max(self.lastEpoch, epoch)
            for contact in grant.contact where self.suppressed.contains(Int64(contact)) {
                self.broken("contact \(contact) was granted in epoch \(epoch.rawValue) though it was suppressed before")
            }
        case .acknowledge(let acknowledge):
            for fact in worker.witness.acknowledged(acknowledge.number) {
                guard let key = worker.witness.key(fact.epoch, position: fact.position) else { continue }
                self.acknowledged.append((key, fact))
                self.checkAcknowledged(key, fact)
                let target = JournalledTarget(epoch: fact.epoch, position: fact.position)
                if fact.isGone, self.books.standing(of: key)?.outcome == .bounced,
                    let contact = worker.witness.contact(target)
                {
                    self.suppressed.insert(contact)
                }
            }
        default: break
        }
    }

    private func checkAcknowledged(_ key: TargetKey, _ fact: WorkerWitness.ReportedFact) {
        let recorded = self.books.recorded(key, epoch: fact.epoch)
        let isKept =
            switch fact.outcome {
            case .accepted: recorded == .accepted
            case .bounced, .failed: recorded == fact.outcome || recorded == .accepted
            default: recorded != nil
            }
        guard !isKept else { return }
        let known = recorded?.name ?? "nothing"
        self.broken(
            "\(key) \(fact.outcome.name) in epoch \(fact.epoch.rawValue) was acknowledged, and the ledger has \(known)"
        )
    }

    // MARK: Turns

    /// What operators asked in a turn is durable.
    func committed(_ commands: [DrivenLoop.Command]) {
        for command in commands { self.allowances.committed(command) }
        for case .suppress(let address) in commands {
            guard let index = self.world.plan.people.firstIndex(where: { $0.address == address }) else { continue }
            self.suppressed.insert(Int64(index + 1))
        }
    }

    /// A turn of the loop was committed or undone.
    func turnTaken(_ turn: DrivenLoop.Turn, isIdle: Bool, by loop: DrivenLoop) {
        self.turns += 1
        let isEmpty = isIdle && turn.frames.isEmpty && self.world.now - self.lastTurn <= 1
        self.emptyTurns = isEmpty ? self.emptyTurns + 1 : 0
        self.lastTurn = self.world.now
        if self.emptyTurns > Self.emptyTurnsMax {
            self.broken("the loop takes turn after turn, and nothing comes of it")
        }
        if turn.frames.contains(where: { $0.payload.count > 1 && $0.payload[1] == FrameType.grant.rawValue }) {
            self.checkLeases(loop)
        }
        for count in loop.counts where count.audience != count.sum {
            self.broken("\(count.campaign.publicID) has \(count.audience) targets, and its counts sum to \(count.sum)")
        }
        if self.turns.isMultiple(of: 16) { self.checkBooks(loop) }
    }

    private func checkLeases(_ loop: DrivenLoop) {
        var holders: [TargetKey: Epoch] = [:]
        for lease in loop.leases {
            for member in lease.open {
                let key = TargetKey(campaign: lease.campaign, lane: lease.lane, position: member.position)
                if let other = holders.updateValue(lease.epoch, forKey: key) {
                    self.broken("\(key) is in two open leases, \(other.rawValue) and \(lease.epoch.rawValue)")
                }
            }
        }
    }

    /// The dear ones: what the database says.
    func checkBooks(_ loop: DrivenLoop?) {
        for difference in self.books.differences() { self.broken(difference) }
        self.checkRanks()
        if let loop { self.checkPermits(loop) }
    }

    private func checkRanks() {
        let standings = self.books.standings()
        for (key, standing) in standings {
            if let before = self.ranks[key], standing.rank < before.rank {
                let isPolicy = before.outcome == .inDoubt && !before.isDoubted && standing.isDoubted
                let isAllowed = isPolicy && self.world.resends(key.campaign.rawValue)
                if !isAllowed, !self.allowances.lowers(key.campaign, before, standing) {
                    self.broken("\(key) was \(before.name) and is \(standing.name)")
                }
            }
            self.ranks[key] = standing
        }
    }

    private func checkPermits(_ loop: DrivenLoop) {
        let leases = loop.leases.filter { !$0.isOverdue }
        func check(_ scope: ThrottleScope, _ count: (DrivenLoop.Lease) -> Int) {
            guard let bucket = loop.buckets(of: scope).first else { return }
            let out = leases.reduce(0) { $0 + count($1) }
            if bucket.level > 0, bucket.level + Double(bucket.outstanding) > Double(bucket.limit.burst) + 0.001 {
                self.broken("\(scope): \(bucket.level) permits and \(bucket.outstanding) out of \(bucket.limit.burst)")
            }
            if bucket.outstanding != out {
                self.broken("\(scope): \(bucket.outstanding) permits are out, and \(out) targets are with workers")
            }
        }
        check(.cluster) { $0.open.count }
        for relay in self.world.relays { check(.relay(relay.name)) { $0.relay == relay.name ? $0.open.count : 0 } }
        for site in self.world.sites { check(.site(site)) { $0.open.count { $0.site == site } } }
        for campaign in loop.counts.map(\.campaign) {
            check(.campaign(campaign)) { $0.campaign == campaign ? $0.open.count : 0 }
        }
    }

    // MARK: The end

    /// After everything is over.
    func checkEnd(_ loop: DrivenLoop?) {
        self.checkBooks(loop)
        for (key, fact) in self.acknowledged { self.checkAcknowledged(key, fact) }
        let rates = RateLaw(self.departures, clock: self.world.coordinator.clock)
        for problem in rates.problems(self.world.plan.settings, campaigns: self.world.campaignLimits) {
            self.broken(problem)
        }
        for campaign in self.world.campaignIDs { self.checkAudience(campaign) }
        self.checkPoison()
    }

    /// Whoever never brought a worker down is only given up for that when workers died of something else, too, twice.
    private func checkPoison() {
        let others = self.world.workers.reduce(0) { $0 + $1.deaths - $1.deathsOfMessages }
        guard others < Quarantine.deathsAloneMax else { return }
        for contact in self.books.contacts(reason: .poison) where !self.world.isPoison(contact) {
            self.broken("contact \(contact) was given up, and harms nobody")
        }
    }

    /// After a restart: nothing that was acknowledged is missing.
    func checkAcknowledged() {
        for (key, fact) in self.acknowledged { self.checkAcknowledged(key, fact) }
    }

    private func checkAudience(_ campaign: Campaign.ID) {
        let rows = self.books.audience(of: campaign)
        guard self.books.isStarted(campaign) else { return }
        if rows.map(\.contact) != Array(1...Int64(self.world.plan.people.count)) {
            self.broken(
                "\(campaign.publicID) has \(rows.count) of \(self.world.plan.people.count) people in its audience"
            )
        }
        for row in rows {
            let count = self.taken[WorkerWitness.Message(campaign: campaign.rawValue, contact: row.contact)] ?? 0
            let name = "\(campaign.publicID) to contact \(row.contact)"
            guard let outcome = row.standing.outcome, outcome != .deferred else {
                self.broken("\(name) was lost: it is \(row.standing.name) in the end")
                continue
            }
            if outcome == .accepted, count == 0 { self.broken("\(name) is accepted, and no relay took it") }
            if count > 0, outcome != .accepted, outcome != .inDoubt, !row.standing.isDoubted {
                self.broken("\(name) was taken, and is \(outcome.name)")
            }
        }
    }
}
