import CoordinatorCore
import Domain
import Storage
import StorageSQLite
import Wire

/// The machine with the coordinator: its clock, its database, and the process that comes and goes.
final class CoordinatorHost {
    private unowned let world: World
    var clock: MachineClock
    private let settings: DrivenLoop.Settings
    let database: SQLiteDatabase
    private var connection: FaultyConnection?
    private(set) var loop: DrivenLoop?
    private var processNumber = 0
    private var links: [[UInt8]: (link: SimulatedLink, worker: WorkerHost)] = [:]
    private var inbox: [(inbound: DrivenLoop.Inbound, link: SimulatedLink)] = []
    private var commands: [DrivenLoop.Command] = []
    private var turnAt: Int64?
    /// The loop's thread waits for the disk, or the process stands still.
    private var busyUntil: Int64 = 0
    /// The disk has not finished the last commit until then.
    private var committingUntil: Int64 = 0
    private var turns = 0

    init(_ settings: DrivenLoop.Settings, clock: MachineClock, database: SQLiteDatabase, in world: World) {
        self.settings = settings
        self.clock = clock
        self.database = database
        self.world = world
    }

    /// Whether a connection can be made.
    var isAccepting: Bool { self.loop != nil && self.world.now >= self.busyUntil }

    // MARK: The process

    func start() {
        guard self.loop == nil else { return }
        self.processNumber = self.world.nextNumber()
        self.world.note("the coordinator starts as process \(self.processNumber)")
        let (settings, now, wall) = (self.settings, self.now, self.wall)
        let random = SplitMix64(self.world.random.next())
        do throws(StoreError) {
            let parts = try self.database.access { connection throws(StoreError) in
                let faulty = FaultyConnection(connection)
                return (
                    faulty,
                    try DrivenLoop(faulty, settings: settings, random: random, now: now, wall: wall)
                )
            }
            (self.connection, self.loop) = parts
        } catch {
            self.world.laws.broken("the coordinator cannot start: \(error.text)")
        }
        self.busyUntil = self.world.now
        self.wake(at: self.world.now)
    }

    func kill() {
        guard self.loop != nil else { return }
        self.world.note("the coordinator is killed")
        self.loop = nil
        self.connection = nil
        self.inbox.removeAll()
        self.commands.removeAll()
        self.turnAt = nil
        let links = self.links.values.sorted { $0.link.number < $1.link.number }
        self.links.removeAll()
        for entry in links { entry.link.closeAtCoordinator() }
        self.world.sabotage.coordinatorDied(self.database)
    }

    /// The loop does nothing for a while; what comes in waits.
    func pause(_ milliseconds: Int64) {
        self.world.note("the coordinator stands still for \(milliseconds) ms")
        self.busyUntil = max(self.busyUntil, self.world.now + milliseconds)
    }

    func goOn() {
        self.busyUntil = min(self.busyUntil, max(self.world.now, self.committingUntil))
        self.wake(at: self.world.now)
    }

    private var now: Instant { self.clock.boot(at: self.world.now) }
    private var wall: Timestamp { self.clock.wall(at: self.world.now) }

    // MARK: What comes in

    func opened(_ link: SimulatedLink, from worker: WorkerHost) { self.links[link.routing] = (link, worker) }

    func receive(_ frame: [UInt8], over link: SimulatedLink) {
        guard self.loop != nil, let worker = self.links[link.routing]?.worker else { return }
        // A key that was taken off the list is not heard.
        guard worker.isAllowed else { return }
        self.world.trace.fold(frame)
        self.world.note("from \(worker.name) over \(link.number): \(FrameText.fromWorker(frame))")
        let inbound = DrivenLoop.Inbound(routing: link.routing, principal: worker.name, payload: frame)
        self.inbox.append((inbound, link))
        self.wake(at: self.world.now)
    }

    func ask(_ command: DrivenLoop.Command) {
        guard self.loop != nil, !self.commands.contains(command) else { return }
        self.world.note("an operator asks: \(command)")
        self.commands.append(command)
        self.wake(at: self.world.now)
    }

    private func wake(at time: Int64) {
        let time = max(time, self.world.now, self.busyUntil)
        if let known = self.turnAt, known <= time, known >= self.world.now { return }
        self.turnAt = time
        let number = self.processNumber
        self.world.agenda.add(at: time) { [unowned self] in
            guard self.processNumber == number, self.turnAt == time else { return }
            self.turnAt = nil
            if self.world.now < self.busyUntil { return self.wake(at: self.busyUntil) }
            self.turn()
        }
    }

    // MARK: Turns

    private func turn() {
        guard let loop = self.loop, let connection = self.connection else { return }
        let frames = Array(self.inbox.prefix(DrivenLoop.framesPerTurn))
        self.inbox.removeFirst(frames.count)
        let commands = self.commands
        self.commands.removeAll()
        let weather = self.world.weather
        let (now, wall) = (self.now, self.wall)
        connection.nextEnding =
            self.world.random.chance(weather.coordinatorDiesBefore)
            ? .dies : self.world.random.chance(weather.commitFails) ? .fails : .commits
        let ending = connection.nextEnding
        var outcome: DrivenLoop.Turn?
        do throws(StoreError) {
            outcome = try self.database.access { _ throws(StoreError) in
                loop.step(frames.map(\.inbound), commands, now: now, wall: wall)
            }
        } catch {
            self.world.laws.broken("the database: \(error.text)")
        }
        connection.nextEnding = .commits
        guard let turn = outcome else { return }
        self.turns += 1
        if ending == .commits, !turn.isCommitted {
            self.world.laws.broken("a turn was not committed: \(turn.troubles.first ?? "")")
        }
        if turn.isCommitted {
            self.world.laws.committed(zip(commands, turn.answers).filter { $0.1 == nil }.map(\.0))
        }
        let sabotaged = self.world.sabotage.answers(frames.map(\.inbound), isCommitted: turn.isCommitted)
        if ending == .dies { return self.dieAndReturn(sabotaged) }
        self.world.turnTaken(turn, isIdle: frames.isEmpty && commands.isEmpty, by: loop)
        let slow = self.world.random.chance(weather.slowDisk) ? self.world.random.time(50...4_000) : 0
        self.committingUntil = self.world.now + slow
        self.busyUntil = self.committingUntil + self.world.random.time(0...1)
        // Dying after the commit: nothing of what was decided goes out, or the first of it.
        let dies = self.world.random.chance(weather.coordinatorDiesAfter)
        let sent = sabotaged + turn.frames
        let kept = dies ? self.world.random.number(0..<sent.count + 1) : sent.count
        let number = self.processNumber
        self.world.agenda.add(at: self.world.now + slow) { [unowned self] in
            guard self.processNumber == number, self.loop != nil else { return }
            for frame in sent.prefix(kept) { self.send(frame.payload, to: frame.routing) }
            if dies {
                self.kill()
                return self.restartSoon()
            }
            if let next = self.loop?.nextTurn { self.wake(at: self.clock.time(of: next)) }
            if !self.inbox.isEmpty || !self.commands.isEmpty { self.wake(at: self.world.now) }
        }
    }

    private func dieAndReturn(_ frames: [(routing: [UInt8], payload: [UInt8])]) {
        for frame in frames { self.send(frame.payload, to: frame.routing) }
        self.kill()
        self.restartSoon()
    }

    func restartSoon() {
        self.world.agenda.add(at: self.world.now + self.world.random.time(50...5_000)) { [unowned self] in self.start()
        }
    }

    private func send(_ payload: [UInt8], to routing: [UInt8]) {
        self.world.trace.fold(payload)
        guard let entry = self.links[routing], entry.link.isOpenAtCoordinator else {
            self.links[routing] = nil
            guard let loop = self.loop else { return }
            do throws(StoreError) {
                try self.database.access { _ throws(StoreError) in loop.peerGone(routing) }
            } catch {
                self.world.laws.broken("the database: \(error.text)")
            }
            return
        }
        self.world.note("to \(entry.worker.name) over \(entry.link.number): \(FrameText.fromCoordinator(payload))")
        self.world.laws.sent(payload, to: entry.worker)
        entry.link.toWorker(self.world.sabotage.frame(payload))
    }
}
