import Domain
import Engine
import Logging
import Signing
import Storage
import Telemetry
import TimeZones
import Wire

/// The coordinator's state and one turn of its loop.
///
/// A turn gathers events, decides with the machines of Engine, and writes everything it decided in one transaction; what it
/// returns may go out only then. When the transaction fails, the turn did not happen: the state is read again from the database, and
/// workers introduce themselves anew.
///
/// Owned by one thread; time comes in as arguments, randomness from ``random``, so that a simulation replays it.
final class LoopCore {
    let connection: any SQLConnection
    let options: LoopOptions
    var stores: LoopStores
    var random: any RandomNumberGenerator

    // Of this turn.
    var now = Instant(milliseconds: 0)
    var wall = Timestamp(milliseconds: 0)
    var effects: [LoopEffect] = []
    private var finishedCommands: [(LoopCommand, (any Error)?)] = []
    /// Where the command that is being done came from.
    var origin = ""
    /// Acts may have been noted in this turn.
    var mayHaveAudited = false

    // Rebuilt from the database after a start or a failed turn.
    var campaigns: [Campaign.ID: RunningCampaign] = [:]
    var leases = LeaseTable()
    var throttles = ThrottleTable()
    var queue = LaneQueue()
    var paces: [String: SitePace] = [:]
    var epoch = Epoch(0)
    /// Why nothing is sent until a restored backup is accepted; `nil` when all is as it should be.
    var restored: String?
    /// Epochs below were lost with a database that was restored since, and nobody wonders at them any more.
    var lostBelow = Epoch(0)
    /// There is a marker beside the database.
    var hadMarker = false
    /// Lanes that were parked because workers with room had all slots of their site in use; a credit wakes them.
    var busyLanes: Set<LaneKey> = []
    /// The state could not be read after a failed turn.
    var mustReload = false
    /// The last turn failed.
    private var failedLast = false

    // Of this process.
    /// The newest row of the audit that the log tells of.
    var loggedAudit: AuditHead?
    /// The epoch as of the last commit.
    var committedEpoch = Epoch(0)
    /// How far epochs may be granted.
    var epochReserve = EpochReserve()
    /// What workers were told that are not connected.
    var departedUses: [String: [RelayQueue: QueueUse]] = [:]
    /// Slots of workers that are not connected, once they were counted in this turn.
    var absentUse: [RelayQueue: Int]?
    /// The highest epoch that any worker named.
    var highestTold = Epoch(0)
    var sessions: [UInt64: WorkerSession] = [:]
    var sessionOfWorker: [String: UInt64] = [:]
    /// Sessions in which nothing was said yet.
    var arrivals: [UInt64: Arrival] = [:]
    var lastSession: UInt64 = 0
    var tallies: [String: WorkerTally] = [:]
    /// Leases that workers run and that are not theirs any more, to be recalled at their first credit.
    var pendingRecalls: [String: [UInt64]] = [:]
    /// Leases that are overdue, by when their grace ends.
    var orphans = TimerHeap<Epoch>()
    /// How long each relay takes over a message.
    var relayTimes: [String: RelayTime] = [:]
    /// Which process each worker last was.
    var processes: [String: WorkerProcess] = [:]
    /// Targets that may bring workers down.
    var quarantine = Quarantine()
    /// A worker that gets nothing more until it has nothing, so that suspects can be granted to it alone.
    var reservation: Reservation?
    /// When suspects that had to wait are looked at again.
    var nextApart: Instant?
    /// Workers that an operator drains: they get nothing.
    var drained: Set<String> = []
    /// Campaigns that cannot be continued, and why; those that cannot be read are in ``campaigns``, too, without a plan.
    var unreadable: [Campaign.ID: String] = [:]
    /// The process is about to end: nothing more is granted.
    var isClosing = false
    /// What turns fail over.
    var blame = TurnBlame()
    /// What comes back, and where sending is held because of it.
    var guards = GuardBook()
    /// The oldest campaign whose messages may count for a cap.
    var capsFrom: Campaign.ID?
    /// Targets in workers' hands by contact; made in a turn that asks for it, and only good for that one.
    var heldByContact: [Contact.ID: Int]?
    /// When approved campaigns start by themselves, by the machine's clock.
    var scheduled: [Campaign.ID: Timestamp] = [:]
    /// Why others did not.
    var startProblems: [Campaign.ID: String] = [:]
    /// What ``wall`` is read from.
    var clock = SteadyClock(at: Instant(milliseconds: 0))
    var nextClockNote = Instant(milliseconds: 0)
    /// A note that the next process would go by is in the database.
    var clockIsNoted = false
    var nextIdleSites = Instant(milliseconds: 0)
    var nextThroughput = Instant(milliseconds: 0)
    var freezeTurn = 0
    /// Contacts that must not be written to since this turn: what workers have for them is asked back.
    var withdrawn: Set<Contact.ID> = []
    var counters = LoopCounters()

    init(_ connection: any SQLConnection, options: LoopOptions, random: any RandomNumberGenerator) throws(StoreError) {
        self.connection = connection
        self.options = options
        self.random = random
        self.stores = try LoopStores(connection)
    }

    /// One turn.
    ///
    /// - Parameters:
    ///   - events: What came in, at most what ``LoopLimits`` allow.
    ///   - now: The present, for leases and throttles.
    ///   - wall: The machine's clock, for people and for retries; it may jump.
    /// - Returns: What goes out now that everything is durable.
    func step(_ events: [LoopEvent], now: Instant, wall: Timestamp) -> [LoopEffect] {
        self.now = max(self.now, now)
        self.readClock(wall)
        self.finishedCommands.removeAll(keepingCapacity: true)
        self.heldByContact = nil
        self.absentUse = nil
        // What the start had to say goes out with the first turn.
        defer { self.effects.removeAll(keepingCapacity: true) }
        let (reports, grants) = (self.counters.reports, self.counters.grants)
        let memory = TurnMemory(self)
        do throws(StoreError) {
            // Never a turn on half a state: it would acknowledge what it cannot record.
            if self.mustReload { try self.reload() }
            self.epochReserve.beginTurn(at: self.epoch)
            try self.connection.transaction { () throws(StoreError) in
                for event in events { try self.take(event) }
                self.blame.work = nil
                try self.withdrawBarred()
                try self.endLostLeases()
                try self.startScheduled()
                try self.freezeSome()
                try self.sweepSome()
                try self.settleSome()
                try self.grantSome()
                try self.finishCampaigns()
                try self.save()
                if self.counters.reports > reports { CrashPoint.reach(.c06Reporting) }
            }
        } catch {
            memory.restore(self)
            return self.undo(events, error)
        }
        if self.counters.reports > reports { CrashPoint.reach(.c05Reported) }
        if self.counters.grants > grants { CrashPoint.reach(.c03Granted) }
        self.failedLast = false
        self.committedEpoch = self.epoch
        self.writeMarker()
        self.counters.turns += 1
        self.logThroughput()
        for (command, error) in self.finishedCommands { self.effects.append(.finished(command, error)) }
        return self.effects
    }

    /// When the next turn is due although nothing comes in; `nil`: whenever something does.
    var nextTurn: Instant? {
        // Background work would only fail again at once: a full disk must not fill the log as well.
        if self.mustReload || self.failedLast {
            return self.now.advanced(byMilliseconds: LoopLimits.failedMilliseconds)
        }
        if self.hasBackgroundWork { return self.now }
        var times = [self.leases.nextDeadline, self.orphans.first?.time].compactMap { $0 }
        if let next = self.nextApart, self.quarantine.hasWaiting { times.append(next) }
        // Lanes are looked at only when somebody has room; who gets some says so.
        if let next = self.queue.nextTime, self.hasRoom { times.append(next) }
        // The marker could not be moved, and is tried again.
        if self.restored == nil, !self.epochReserve.allows(self.epoch.next()) {
            times.append(self.now.advanced(byMilliseconds: LoopLimits.failedMilliseconds))
        }
        if !self.campaigns.isEmpty { times.append(self.nextThroughput) }
        if let next = self.nextStart { times.append(next) }
        return times.min()
    }

    /// Whether any worker can be granted something.
    var hasRoom: Bool {
        !self.isClosing && self.sessions.values.contains { self.room(of: $0) > 0 }
    }

    /// An audience being frozen or a campaign being settled, or grants that did not fit into the turn.
    private var hasBackgroundWork: Bool {
        guard self.restored == nil else { return false }
        return self.counters.turnWasFull
            || self.campaigns.values.contains { campaign in
                campaign.isFreezing || self.maySweep(campaign)
                    || (campaign.record.isCancelling && campaign.record.isFrozen
                        && campaign.settleLane < campaign.lanes.count)
            }
    }

    private func take(_ event: LoopEvent) throws(StoreError) {
        switch event {
        case .frame(let routing, let principal, let payload):
            guard self.takesFrames(of: principal, routing: routing) else { return }
            try self.takeFrame(payload, routing: routing, from: principal)
        case .command(let command):
            self.blame.work = nil
            self.origin = command.origin
            self.mayHaveAudited = true
            defer { self.origin = "" }
            do {
                try command.body(self)
                if let mark = command.mark { try RequestStore(self.connection).begin(mark, at: self.wall) }
                self.finishedCommands.append((command, nil))
            } catch let error as StoreError {
                throw error
            } catch {
                self.finishedCommands.append((command, error))
            }
        }
    }

    /// Writes what changed in lanes, campaigns and throttles.
    func save() throws(StoreError) {
        try self.saveClock()
        try self.saveGuards()
        try self.reserveMore()
        for campaign in self.campaigns.values {
            self.blame.work = .campaign(campaign.id)
            for index in campaign.lanes.indices where campaign.lanes[index].isDirty {
                try self.stores.lanes.save(campaign.lanes[index].record)
                campaign.lanes[index].isDirty = false
            }
            try self.saveBudget(of: campaign)
            guard campaign.isDirty else { continue }
            try self.stores.campaigns.save(campaign.record)
            campaign.isDirty = false
        }
        self.blame.work = nil
        try self.logAudit()
        for change in self.throttles.takeChanges() {
            let level = ClusterStore.StoredLevel(
                level: change.level,
                wall: self.wall,
                bootID: self.options.machineBoot,
                boot: self.now
            )
            try self.stores.cluster.saveLevel(change.key, level)
        }
        if self.now >= self.nextIdleSites {
            self.dropIdlePaces()
            self.throttles.dropIdleSites(at: self.now)
            self.nextIdleSites = self.now.advanced(byMilliseconds: LoopLimits.idleSitesMilliseconds)
        }
    }

    /// The turn was rolled back: nothing of it is true.
    private func undo(_ events: [LoopEvent], _ error: StoreError) -> [LoopEffect] {
        self.failedLast = true
        self.effects.removeAll(keepingCapacity: true)
        // A jump over what was lost did not happen. Epochs of grants are not used again: who knows what a failed commit left.
        if self.epoch.incarnation != self.committedEpoch.incarnation { self.epoch = self.committedEpoch }
        var effects: [LoopEffect] = [.log(LoopNote(error))]
        effects += self.blame(error)
        for event in events {
            if case .command(let command) = event { effects.append(.finished(command, error)) }
        }
        for session in self.sessions.values { self.departs(session) }
        self.sessions.removeAll()
        self.sessionOfWorker.removeAll()
        self.arrivals.removeAll()
        self.reservation = nil
        self.withdrawn.removeAll()
        do throws(StoreError) {
            try self.reload()
        } catch {
            effects.append(.log(LoopNote(.error, .storage, "cannot read the state again: \(error.text)")))
        }
        self.counters.failedTurns += 1
        return effects + self.effects
    }

    func log(_ note: LoopNote) { self.effects.append(.log(note)) }

    func sortedCampaigns() -> [RunningCampaign] {
        self.campaigns.values.filter { self.blame.halted[$0.id] == nil }.sorted { $0.id < $1.id }
    }

    /// The worker's connection; `nil` when it has none.
    func session(of worker: String) -> WorkerSession? { self.sessionOfWorker[worker].flatMap { self.sessions[$0] } }

    func sortedSessions() -> [WorkerSession] { self.sessions.values.sorted { $0.id < $1.id } }
}
