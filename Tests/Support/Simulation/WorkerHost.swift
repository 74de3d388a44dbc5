import Domain
import Engine
import NIOCore
import Relay
import Storage
import StorageSQLite
import WorkerCore

/// A machine with one worker: its clock, its journal's disk, its network, and the process that comes and goes.
final class WorkerHost {
    let name: String
    unowned let world: World
    private(set) var clock: MachineClock
    private let connections: Int
    /// What the laws need to know of it.
    let witness: WorkerWitness

    private var bootNumber = 1
    private var journalNumber = 1
    private var journal: SQLiteDatabase
    private var journalConnection: FaultyConnection?
    private(set) var process: DrivenWorker?
    /// Different for every process of a simulation.
    private(set) var processNumber = 0
    private var loop: VirtualEventLoop?
    var lines: [RelayLine] = []
    var link: SimulatedLink?
    /// Frames do not arrive at the coordinator, at the worker.
    var isCutUp = false
    var isCutDown = false
    /// Whether its key is on the allow-list.
    var isAllowed = true
    private var pausedUntil: Int64?
    private var waiting: [() -> Void] = []
    private var isCommitting = false
    private var wakeAt: Int64?
    private(set) var isDraining = false
    /// How often it was killed, and how often by making a message.
    private(set) var deaths = 0
    private(set) var deathsOfMessages = 0

    init(_ name: String, connections: Int, clock: MachineClock, in world: World) throws {
        self.name = name
        self.connections = connections
        self.clock = clock
        self.world = world
        self.witness = WorkerWitness(name)
        self.journal = try Self.newDisk()
    }

    private static func newDisk() throws -> SQLiteDatabase {
        try SQLiteDatabase(path: nil, profile: .journal(powerSafe: false), applicationID: Schema.journalID)
    }

    var isPaused: Bool { self.pausedUntil != nil }

    // MARK: The process

    func start() {
        guard self.process == nil else { return }
        self.processNumber = self.world.nextNumber()
        let number = self.processNumber
        self.world.note("\(self.name) starts as process \(number)")
        let loop = VirtualEventLoop { [unowned self] in self.clock.boot(at: self.world.now).milliseconds }
        self.loop = loop
        let clocks = WorkerClocks(
            boot: { [unowned self] in self.clock.boot(at: self.world.now) },
            wall: { [unowned self] in self.clock.wall(at: self.world.now) }
        )
        do throws(StoreError) {
            let connection = try self.journal.access { FaultyConnection($0) }
            self.journalConnection = connection
            let surroundings = DrivenWorker.Surroundings(
                eventLoop: loop,
                clocks: clocks,
                journal: connection,
                random: SplitMix64(self.world.random.next())
            ) { [unowned self] configuration, made in self.dial(configuration.port, process: number, made) }
            let identity = WorkerIdentity(
                build: "simulation",
                machineBoot: "\(self.name) boot \(self.bootNumber)",
                journal: Array("\(self.name)---------------".utf8.prefix(14)) + [0, UInt8(self.journalNumber)],
                journalIsDurable: false,
                connections: self.connections,
                hostName: "worker.example",
                process: UInt64(number)
            )
            let process = try self.journal.access { _ throws(StoreError) in
                try DrivenWorker(surroundings, identity: identity)
            }
            self.process = process
            process.start { [unowned self] in self.world.laws.broken("a journal turned out damaged: \(self.name)") }
        } catch {
            self.world.laws.broken("\(self.name) cannot start: \(error.text)")
        }
        self.settle()
        self.connectSoon()
    }

    /// Ends the process without another word.
    func kill() {
        guard let process = self.process else { return }
        self.world.note("\(self.name) is killed")
        if !self.isDraining { self.deaths += 1 }
        process.abandon()
        for line in self.lines { line.kill() }
        self.lines.removeAll()
        self.loop?.removeAll()
        self.loop = nil
        self.process = nil
        self.pausedUntil = nil
        self.waiting.removeAll()
        self.isCommitting = false
        self.isDraining = false
        self.wakeAt = nil
        let link = self.link
        self.link = nil
        link?.closeAtWorker()
        self.world.sabotage.workerDied(self)
    }

    /// The machine loses power: it boots anew, and its journal forgets the last commits, or everything.
    func losePower() {
        self.kill()
        self.bootNumber += 1
        self.clock = MachineClock(offset: 1_000 - self.world.now, drift: self.clock.drift)
        if self.world.random.chance(300) { self.loseJournal() }
    }

    /// A new disk; only while no process runs.
    func loseJournal() {
        self.kill()
        self.world.note("\(self.name) loses its journal")
        self.journalNumber += 1
        do { self.journal = try Self.newDisk() } catch { self.world.laws.broken("no new journal: \(error)") }
        self.witness.journalLost()
    }

    /// SIGTERM.
    func drain() {
        guard let process = self.process, !self.isDraining, !self.isPaused else { return }
        self.world.note("\(self.name) drains")
        self.isDraining = true
        process.drain { [unowned self] in
            let number = self.processNumber
            self.world.agenda.add(at: self.world.now) { [unowned self] in self.leave(number) }
        }
        self.settle()
    }

    private func leave(_ number: Int) {
        guard let process = self.process, self.processNumber == number else { return }
        // What is queued is still written and sent.
        while process.hasJournalWork, let commit = self.commit(process), commit.isWritten { process.tell(commit) }
        self.settle()
        self.kill()
    }

    /// Making a message ended the process; seen from outside, before its intent was written.
    private func dieOfPoison() {
        self.world.note("\(self.name) dies of a message")
        self.deathsOfMessages += 1
        self.kill()
        self.world.agenda.add(at: self.world.now + self.world.random.time(100...3_000)) { [unowned self] in
            self.start()
        }
    }

    func executeSQL(_ sql: String) {
        do throws(StoreError) {
            try self.journal.access { connection throws(StoreError) in try connection.execute(sql) }
        } catch {
            self.world.laws.broken("journal: \(error.text)")
        }
    }

    // MARK: Standing still

    func pause(_ milliseconds: Int64) {
        guard self.process != nil, !self.isPaused else { return }
        self.world.note("\(self.name) stands still for \(milliseconds) ms")
        let until = self.world.now + milliseconds
        self.pausedUntil = until
        self.world.agenda.add(at: until) { [unowned self] in
            if self.pausedUntil == until { self.goOn() }
        }
    }

    func goOn() {
        guard self.isPaused else { return }
        self.pausedUntil = nil
        let waiting = self.waiting
        self.waiting.removeAll()
        // What came first and what is due by the clock are served in any order.
        if self.world.random.chance(500) { self.settle() }
        for body in waiting { self.receive(body) }
        self.settle()
    }

    /// Something from outside reaches the process, now or when it goes on.
    func receive(_ body: @escaping () -> Void) {
        guard self.process != nil else { return }
        if self.isPaused { return self.waiting.append(body) }
        body()
        self.settle()
    }

    /// Does all that is due, and lets out what was said.
    private func settle() {
        guard let process = self.process, let loop = self.loop, !self.isPaused else { return }
        repeat {
            loop.run()
            for line in self.lines { line.flush() }
        } while loop.nextTime.map { $0 <= self.clock.boot(at: self.world.now).milliseconds } ?? false
        for frame in process.takeFrames() {
            self.world.trace.fold(frame)
            self.witness.said(frame, at: self.clock.boot(at: self.world.now))
            self.link?.toCoordinator(frame)
        }
        self.commitSoon()
        self.wakeSoon(loop)
    }

    private func wakeSoon(_ loop: VirtualEventLoop) {
        guard let next = loop.nextTime else { return }
        let time = max(self.world.now, self.clock.time(of: Instant(milliseconds: next)))
        if let known = self.wakeAt, known <= time, known > self.world.now { return }
        self.wakeAt = time
        let number = self.processNumber
        self.world.agenda.add(at: time) { [unowned self] in
            guard self.processNumber == number, self.wakeAt == time else { return }
            self.wakeAt = nil
            self.settle()
        }
    }

    // MARK: Journal

    private func commitSoon() {
        guard !self.isCommitting, let process = self.process, process.hasJournalWork else { return }
        self.isCommitting = true
        let number = self.processNumber
        self.world.agenda.add(at: self.world.now + self.world.diskDelay()) { [unowned self] in
            guard self.processNumber == number else { return }
            self.receive { [unowned self] in self.commitNow(number) }
        }
    }

    private func commitNow(_ number: Int) {
        guard let process = self.process, self.processNumber == number else { return }
        guard let commit = self.commit(process) else {
            self.isCommitting = false
            return
        }
        // Whoever is killed before it hears of it has it on disk all the same.
        let heard = self.world.now + self.world.random.time(0...2)
        self.world.agenda.add(at: heard) { [unowned self] in
            guard self.processNumber == number else { return }
            self.receive { [unowned self] in self.process?.tell(commit) }
        }
        // One commit at a time, and what came of it is told in order.
        let again = commit.isWritten ? heard : self.world.now + 500
        self.world.agenda.add(at: again) { [unowned self] in
            guard self.processNumber == number else { return }
            self.isCommitting = false
            self.commitSoon()
        }
    }

    private func commit(_ process: DrivenWorker) -> DrivenWorker.JournalCommit? {
        if process.madeMessages.contains(where: { self.world.isPoison(self.witness.contact($0)) }) {
            self.dieOfPoison()
            return nil
        }
        if self.world.random.chance(self.world.weather.journalFails) { self.journalConnection?.nextEnding = .fails }
        defer { self.journalConnection?.nextEnding = .commits }
        do throws(StoreError) {
            let commit = try self.journal.access { _ throws(StoreError) in process.commitJournal() }
            self.witness.journalled(commit?.intents ?? [], at: self.world.now)
            return commit
        } catch {
            self.world.laws.broken("journal: \(error.text)")
            return nil
        }
    }
}
