import Domain
import Engine
import Storage
import StorageSQLite
import Synchronization
import UserFiles
import Wire

@testable import CoordinatorCore

/// The coordinator's loop on a ``PowerDisk``, with workers on other machines.
///
/// What leaves the coordinator is noted in ``promises``; after a cut, ``reopen()`` compares them with what the disk still has.
final class PowerBench {
    let disk: PowerDisk
    var options = PowerBench.options
    private(set) var database: SQLiteDatabase?
    private(set) var core: LoopCore?
    private(set) var workers: [PowerWorker] = []
    private(set) var promises = Promises()
    private(set) var departures = Departures()
    private(set) var notes: [LoopNote] = []
    /// The time of the world, which workers' clocks follow.
    private(set) var now = Instant(milliseconds: 1_000_000)
    /// The coordinator's wall clock; a test may move it.
    var wall = Timestamp(milliseconds: 1_800_000_000_000)
    /// The coordinator's boot clock began then.
    private var bootedAt = Instant(milliseconds: 900_000)
    private var boots = 0
    /// Pragmas of this bench, after the profile's.
    private let pragmas: [String]
    private let seed: UInt64
    var random: SplitMix64

    init(seed: UInt64, workers: Int, contacts: Int, pragmas: [String] = []) throws {
        self.seed = seed
        self.random = SplitMix64(seed &* 31 &+ 7)
        self.pragmas = pragmas
        self.disk = try PowerDisk()
        try self.open()
        try self.addContacts(contacts)
        try self.startLoop()
        for index in 0..<workers {
            let worker = PowerWorker("w\(index)", seed: seed &* 101 &+ UInt64(index))
            worker.departs = { [unowned self] in
                self.departures.note($0, $1, isTaken: $2, at: self.now)
            }
            self.workers.append(worker)
        }
    }

    // The coordinator's life.

    private func open() throws {
        let database = try SQLiteDatabase(
            path: self.disk.path("ledger.sqlite"),
            profile: .ledger,
            applicationID: Schema.ledgerID
        )
        self.database = database
        try self.read { connection throws(StoreError) in
            for pragma in self.pragmas { try connection.execute("PRAGMA " + pragma) }
            try Schema.migrate(connection)
            let fields = FieldStore(connection)
            if try !fields.all().contains(where: { $0.name == "name" }) {
                _ = try fields.define([Field(name: "name", type: .text)])
            }
        }
    }

    /// The coordinator's process ends and comes again; with `reboots` its machine does, too, and its boot clock begins anew.
    func restart(reboots: Bool) throws {
        self.stop()
        self.advance(5_000)
        if reboots { self.bootedAt = self.now.advanced(byMilliseconds: -1_000) } else { self.boots -= 1 }
        try self.open()
        try self.startLoop()
    }

    func startLoop() throws {
        self.boots += 1
        self.options.machineBoot = "boot \(self.boots)"
        let (options, now, wall, seed) = (self.options, self.coordinatorNow, self.wall, self.seed &+ UInt64(self.boots))
        self.core = try self.read { connection throws(StoreError) in
            let core = try LoopCore(connection, options: options, random: SplitMix64(seed))
            try core.start(now: now, wall: wall)
            return core
        }
    }

    /// The coordinator's process is gone, in whatever state its disk is.
    func stop() {
        self.core = nil
        try? self.database?.close()
        self.database = nil
        for worker in self.workers { worker.disconnect() }
    }

    /// Cuts the power of the coordinator's machine, and turns it on again after a while.
    ///
    /// - Returns: What is missing of all that was promised.
    func cutPower(seed: UInt64) throws -> [String] {
        self.stop()
        self.disk.cut(seed: seed)
        self.advance(Int64(self.random.number(in: 100...40_000)))
        self.bootedAt = self.now.advanced(byMilliseconds: -1_000)
        return try self.reopen()
    }

    /// Opens what is on the disk.
    func reopen() throws -> [String] {
        do {
            try self.open()
            let missing = try self.read { connection throws(StoreError) in try self.promises.missing(connection) }
            if missing.isEmpty { try self.startLoop() }
            return missing
        } catch {
            return ["the database is gone: \(error)"]
        }
    }

    var coordinatorNow: Instant { Instant(milliseconds: self.now.milliseconds(since: self.bootedAt)) }

    func advance(_ milliseconds: Int64) {
        self.now = self.now.advanced(byMilliseconds: milliseconds)
        self.wall = self.wall.advanced(byMilliseconds: milliseconds)
    }

    func read<Result>(_ body: (any SQLConnection) throws(StoreError) -> Result) throws -> Result {
        guard let database = self.database else { throw StoreError.io("the coordinator is not running") }
        return try database.access(body)
    }

    // Turns.

    /// One step of everybody, and a turn.
    func step(_ commands: [LoopCommand] = [], milliseconds: ClosedRange<Int> = 1...400) throws {
        self.advance(Int64(self.random.number(in: milliseconds)))
        var events = commands.map { LoopEvent.command($0) }
        for worker in self.workers { events += worker.act(at: self.now, wall: self.departures.wall(self.now)) }
        try self.turn(events)
    }

    func turn(_ events: [LoopEvent]) throws {
        guard let core = self.core else { return }
        let (now, wall) = (self.coordinatorNow, self.wall)
        let effects = try self.read { _ in core.step(events, now: now, wall: wall) }
        // A machine that is off says nothing; one that goes off now may have said a part.
        guard !self.disk.isOff else { return }
        for effect in effects.prefix(self.speaks ?? effects.count) { try self.let(effect) }
    }

    /// How many effects of a turn go out before the machine stops; `nil`: all.
    var speaks: Int?

    private func `let`(_ effect: LoopEffect) throws {
        switch effect {
        case .send(let routing, let payload):
            guard let worker = self.workers.first(where: { $0.routing == routing }) else { return }
            try self.promises.note(payload, to: worker)
            try worker.receive(payload, at: self.now)
        case .finished(let command, let error): command.finished(error)
        case .log(let note): self.notes.append(note)
        }
    }

    // What operators do.

    /// Asks something in a turn of its own.
    ///
    /// - Returns: Whether it was answered; `false` when the machine stopped first.
    /// - Throws: What the command was answered with.
    func command(_ body: @escaping @Sendable (LoopCore) throws -> Void) throws -> Bool {
        let answer = Answer()
        try self.step([LoopCommand(body: body, finished: { answer.give($0) })])
        if let error = answer.error { throw error }
        return answer.isGiven
    }

    /// Submits and approves a campaign to everybody.
    ///
    /// - Returns: `nil` when the machine stopped before the answer.
    func start(_ more: String = "") throws -> Campaign.ID? {
        let answer = Answer()
        let source = PowerBench.campaign + more
        let isAnswered = try self.command { core in
            let names = try core.names()
            let plan = try CampaignPlan(
                source: source,
                fileName: "c.yaml",
                files: [:],
                id: Campaign.ID(1),
                names: names
            )
            let upload = CoordinatorCore.CampaignFile(file: "c.yaml", source: source, files: [:])
            let draft = try CampaignDraft(upload: upload, plan: plan, relay: "main")
            answer.give(try core.submit(draft, replacing: nil, by: "bob").id.rawValue)
        }
        guard isAnswered, let number = answer.number else { return nil }
        let id = Campaign.ID(number)
        self.promises.answered(id, [.submitted])
        return try self.take(.approve, on: id, leadsTo: .running) ? id : nil
    }

    /// One step with a campaign.
    ///
    /// - Returns: Whether it was answered.
    func take(_ step: CampaignStep, on id: Campaign.ID, leadsTo state: CampaignState) throws -> Bool {
        let rules = ApprovalRules(allowsSubmitter: false, expiresMilliseconds: 7 * 86_400_000)
        let caller = Caller(name: "ann", role: .approver)
        self.promises.asked(id, state)
        guard try self.command({ core in _ = try core.take(step, on: id, by: caller, rules: rules) }) else {
            return false
        }
        self.promises.answered(id, [state])
        return true
    }

    func status(_ id: Campaign.ID) throws -> CampaignStatus {
        guard let core = self.core else { throw StoreError.io("the coordinator is not running") }
        let status: Result<CampaignStatus, any Error> = try self.read { _ throws(StoreError) in
            Result { try core.status(of: id) }
        }
        return try status.get()
    }
}

/// What a command was answered.
final class Answer: Sendable {
    private let state = Mutex<(isGiven: Bool, error: (any Error)?, number: Int64?)>((false, nil, nil))

    func give(_ error: (any Error)?) { self.state.withLock { ($0.isGiven, $0.error) = (true, error) } }
    func give(_ number: Int64) { self.state.withLock { $0.number = number } }
    var isGiven: Bool { self.state.withLock { $0.isGiven } }
    var error: (any Error)? { self.state.withLock { $0.error } }
    var number: Int64? { self.state.withLock { $0.number } }
}
