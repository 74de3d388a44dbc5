import Domain
import Engine
import Mail
import NIOCore
import Relay
import Telemetry
import Wire

/// Sends the targets of the leases held: picks, renders, journals, lets go, classifies.
///
/// Belongs to one event loop, as do the relays' pools. On the way of a message there are no futures, tasks or string keys: a job's
/// number leads to its shard by two array accesses.
final class ShardRunner {
    /// Facts not yet acknowledged, beyond which nothing new is begun: the coordinator is not keeping up, and each takes memory.
    static let unacknowledgedMax = 65_536

    private let eventLoop: any EventLoop
    private let journal: any JournalInbox
    private let clocks: WorkerClocks
    var book: LeaseBook
    var reports = ReportBook()
    /// By lease slot.
    private var shards: [HeldShard?] = []
    private(set) var desks: [RelayDesk] = []

    /// The group that comes together in this turn of the event loop.
    private var group = JournalGroup()
    private var proceeds: [(Bool) -> Void] = []
    private var isFlushScheduled = false
    /// Groups that the journal has and has not confirmed, oldest first.
    private var inJournal = Ring<Handover>()
    /// Whether the journal refuses, so that nothing may begin.
    private(set) var isStalled = false

    private struct Handover {
        var group: JournalGroup
        var proceeds: [(Bool) -> Void]
    }

    /// Called whenever facts became reportable, or a lease or relay changed, in the same turn.
    var onNews: () -> Void = {}
    var onRelayChange: (RelayDesk) -> Void = { _ in }

    init(
        on eventLoop: any EventLoop,
        journal: any JournalInbox,
        restored: JournalStore.Restored,
        clocks: WorkerClocks = .machine()
    ) {
        self.eventLoop = eventLoop
        self.journal = journal
        self.clocks = clocks
        self.book = LeaseBook(highestEpoch: restored.highestEpoch)
        for row in restored.rows { self.reports.committed(row.facts, number: row.number, at: self.now()) }
    }

    func now() -> Instant { self.clocks.boot() }

    /// Whether nothing is held, nothing is with the journal, and nothing waits to be acknowledged.
    var isIdle: Bool { self.isSettled && self.reports.isEmpty }

    /// Whether every target has its fact in the journal.
    var isSettled: Bool { self.book.held == 0 && self.inJournal.isEmpty && self.group.isEmpty }

    // MARK: Relays

    func desk(named name: String) -> RelayDesk? { self.desks.first { $0.name == name } }

    func addDesk(named name: String) -> RelayDesk {
        let desk = RelayDesk(number: self.book.addRelay(), name: name, runner: self)
        self.desks.append(desk)
        return desk
    }

    func relayChanged(_ desk: RelayDesk) {
        self.takeBack(self.book.relayChanged(desk.number, available: desk.problem == nil))
        self.onRelayChange(desk)
    }

    /// Wakes the pools that wait and for which there may be something.
    func wakePools() {
        guard !self.isStalled, self.desks.contains(where: \.isDry) else { return }
        let now = self.now()
        for desk in self.desks where desk.isDry && self.ask({ $0.mayHaveNext(relay: desk.number, at: now) }) {
            desk.wake()
        }
    }

    /// Asks the book something, in its place.
    ///
    /// A function of another module that changes nothing would be given a copy, with a count for each of its parts.
    func ask<Answer>(_ question: (inout LeaseBook) -> Answer) -> Answer { question(&self.book) }

    // MARK: Shards

    /// Takes on a shard, or hands it back.
    ///
    /// - Returns: Why it was handed back, for the log; `nil` when it was taken or seen before.
    func take(_ grant: ReceivedGrant, content: CampaignContent?, desk: RelayDesk?) -> String? {
        guard let desk else { return self.refuse(grant, "relay \(grant.relay) is not known to this worker") }
        guard let content else { return self.refuse(grant, "its content was not sent or cannot be compiled") }
        do throws(ColumnError) {
            try grant.check(variants: content.variantCount, fields: content.fieldCount)
        } catch {
            return self.refuse(grant, error.description)
        }
        guard let shard = HeldShard(grant, content: content, relay: desk.number) else {
            return self.refuse(grant, "its columns do not fit together")
        }
        let offer = ShardOffer(
            nonce: grant.nonce,
            epoch: grant.epoch,
            relay: desk.number,
            site: grant.site,
            slots: grant.slots,
            positions: grant.positions,
            spreadMilliseconds: grant.spreadMilliseconds,
            sendWithinMilliseconds: grant.sendWithinMilliseconds
        )
        switch self.book.grant(offer, at: self.now()) {
        case .repeated: return nil
        case .refused(let refusal): return self.refuse(grant, "\(refusal)")
        case .held(let slot):
            if slot == self.shards.count { self.shards.append(shard) } else { self.shards[slot] = shard }
            content.tally.leased += grant.count
            CrashPoint.reach(.w01Granted)
            return nil
        }
    }

    private func refuse(_ grant: ReceivedGrant, _ problem: String) -> String {
        self.handBack(epoch: grant.epoch, positions: grant.positions)
        return problem
    }

    /// Journals that targets go back without having been begun.
    func handBack(epoch: Epoch, positions: some Sequence<UInt32>) {
        let now = self.clocks.wall()
        for position in positions {
            self.group.facts.append(TargetFact(epoch: epoch, position: position, fate: .returned, at: now))
        }
        self.scheduleFlush()
    }

    /// Journals what the book gave back.
    func takeBack(_ returns: [HandedBack]) {
        for back in returns {
            self.handBack(epoch: back.epoch, positions: back.positions)
            self.shards[back.slot]?.content.tally.leased -= back.positions.count
            if back.endedLease { self.shards[back.slot] = nil }
        }
    }

    /// Takes back one target that must not be sent any more, unless its last byte may be out.
    func withdraw(_ position: UInt32, of epoch: Epoch) {
        if let back = self.book.withdraw(position, of: epoch) { self.takeBack([back]) }
    }

    // MARK: The way of a message

    func nextJob(relay: Int) -> RelayJob? {
        guard !self.isStalled, self.reports.factCount < Self.unacknowledgedMax else { return nil }
        guard let target = self.book.next(relay: relay, at: self.now()), let shard = self.shards[target.slot] else {
            return nil
        }
        shard.content.tally.inFlight += 1
        return RelayJob(
            id: target.rawValue,
            sender: shard.content.sender(of: target.index, in: shard),
            recipient: String(decoding: shard.grant.addresses[target.index], as: UTF8.self)
        )
    }

    func body(of job: RelayJob) -> ByteBuffer? {
        let target = TargetHandle(rawValue: job.id)
        guard let shard = self.shards[target.slot] else { return nil }
        if CrashPoint.isArmed(.p01Rendering) { CrashPoint.reach(.p01Rendering, recipient: job.recipient) }
        do throws(RenderError) {
            return try shard.content.message(of: target.index, in: shard, at: self.clocks.wall())
        } catch {
            self.settle(target, Verdict(error))
            return nil
        }
    }

    func intend(_ job: RelayJob, proceed: @escaping (Bool) -> Void) {
        let target = TargetHandle(rawValue: job.id)
        guard let shard = self.shards[target.slot], self.book.intend(target, at: self.now()) else {
            return proceed(false)
        }
        self.group.intents.append(
            .init(target: target, epoch: shard.grant.epoch, position: shard.grant.positions[target.index])
        )
        self.proceeds.append(proceed)
        self.scheduleFlush()
    }

    func resolved(_ job: RelayJob, _ result: RelayResult) {
        if case .reply = result { CrashPoint.reach(.w04Replied) }
        self.settle(TargetHandle(rawValue: job.id), Verdict(result).without(job.recipient))
    }

    private func settle(_ target: TargetHandle, _ verdict: Verdict) {
        let tally = self.shards[target.slot]?.content.tally
        guard let settled = self.book.settle(target) else { return }
        self.group.facts.append(
            TargetFact(
                epoch: settled.epoch,
                position: settled.position,
                fate: verdict.fate,
                reason: verdict.reason,
                reply: verdict.reply,
                at: self.clocks.wall(),
                retryAfterSeconds: verdict.retryAfterSeconds
            )
        )
        tally?.count(verdict.fate)
        tally?.leased -= 1
        tally?.inFlight -= 1
        if settled.endedLease { self.shards[target.slot] = nil }
        self.scheduleFlush()
    }

    // MARK: The journal

    /// Hands the group over once all sockets that are readable now were served: so the journal's groups are as large as the load.
    private func scheduleFlush() {
        guard !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.eventLoop.assumeIsolated().execute { self.flush() }
    }

    private func flush() {
        self.isFlushScheduled = false
        guard !self.group.isEmpty else { return }
        self.journal.append(self.group)
        self.inJournal.append(Handover(group: self.group, proceeds: self.proceeds))
        self.group = JournalGroup()
        self.proceeds = []
        // Targets were settled: their slots may serve others.
        self.wakePools()
    }

    /// The journal confirmed the oldest `groups`.
    func committed(_ rows: [JournalStore.CommittedRow], groups: Int) {
        let now = self.now()
        for row in rows { self.reports.committed(row.facts, number: row.number, at: now) }
        for _ in 0..<groups {
            guard let handover = self.inJournal.popFirst() else { break }
            for (intent, proceed) in zip(handover.group.intents, handover.proceeds) {
                self.letGo(intent.target, proceed)
            }
        }
        self.onNews()
    }

    /// The last check before the final dot.
    private func letGo(_ target: TargetHandle, _ proceed: (Bool) -> Void) {
        CrashPoint.reach(.w02Intended)
        CrashPoint.reach(.w08Hung)
        guard self.book.mayProceed(target, at: self.now()) else { return proceed(false) }
        proceed(true)
        if CrashPoint.isArmed(.w03Sent) {
            // The dot leaves with this turn's write.
            self.eventLoop.assumeIsolated().execute { CrashPoint.reach(.w03Sent) }
        }
    }

    func stalled() {
        self.isStalled = true
        self.book.stall(at: self.now())
        self.onNews()
    }

    func resumed() {
        self.isStalled = false
        self.takeBack(self.book.unstall())
        self.wakePools()
        self.onNews()
    }

    // MARK: Time

    /// Hands back what has run out of time.
    func tick() {
        let now = self.now()
        self.takeBack(self.book.expire(at: now))
        self.takeBack(self.book.giveUpOnRelays(at: now))
        self.wakePools()
    }

    /// Begins nothing more.
    func drain() { self.takeBack(self.book.drain()) }

    /// All that `Hello` must list: leases, and facts that were not acknowledged, wherever they are now.
    func inventory() -> [HeldLease] {
        var inventory = HelloInventory()
        for lease in self.book.inventory() { inventory.add(lease) }
        for fact in self.group.facts { inventory.add(fact) }
        for index in 0..<self.inJournal.count {
            for fact in self.inJournal[index]?.group.facts ?? [] { inventory.add(fact) }
        }
        self.reports.forEachFact { inventory.add($0) }
        return inventory.leases
    }
}
