import Domain
import Glibc
import Logging
import Storage
import StorageSQLite
import Synchronization
import Telemetry
import Transport

/// The thread of the loop: gathers, takes a turn, and lets out what the turn said.
final class CoordinatorLoop: Sendable {
    private let commands = Mutex<[LoopCommand]>([])
    /// What is to be done between two turns; `nil` tells it that there are no more.
    private let pauses = Mutex<[@Sendable (SQLiteDatabase?) -> Void]>([])
    private let isStopping = Atomic<Bool>(false)
    /// Until the self-test is over, strangers that are turned away are its own.
    let isSelfTesting = Atomic<Bool>(true)
    private let wakeup: Wakeup
    /// Writes a note to the log; called on the loop's thread.
    private let log: @Sendable (LoopNote) -> Void
    /// Told how long a turn took, in seconds, from its first event to its last frame; called on the loop's thread.
    private let onTurn: @Sendable (Double) -> Void
    /// Counts as of the last turn, for metrics.
    let snapshot = Mutex(LoopSnapshot())

    /// Commands that may wait; beyond it a caller is told to come again.
    static let waitingMax = 1_000

    init(
        log: @escaping @Sendable (LoopNote) -> Void,
        onTurn: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws(TransportError) {
        self.wakeup = try Wakeup()
        self.log = log
        self.onTurn = onTurn
    }

    /// Runs the loop on the calling thread until ``stop()``.
    func run(_ core: sending LoopCore, database: SQLiteDatabase, router: RouterSocket) throws(TransportError) {
        let poller = Poller(router, self.wakeup)
        var lastTurn: Int64 = 0
        while !self.isStopping.load(ordering: .acquiring) {
            let now = BootClock.now()
            let next = core.nextTurn.map { max(0, $0.milliseconds - now) } ?? SocketLimits.waitMillisecondsMax
            let ready = try poller.wait(timeoutMilliseconds: min(next, SocketLimits.waitMillisecondsMax))
            // Commands are people waiting; frames wait a moment for company, since each turn costs a commit.
            let pause = lastTurn + LoopLimits.turnMilliseconds - BootClock.now()
            if ready.socket, !ready.wakeup, pause > 0 { _ = self.wakeup.wait(timeoutMilliseconds: Int32(pause)) }
            self.wakeup.drain()
            lastTurn = BootClock.now()
            try self.turn(core, database: database, router: router)
        }
        // What was asked last is still answered: a turn's worth by being done, the rest by being refused.
        core.isClosing = true
        try self.turn(core, database: database, router: router)
        do throws(StoreError) {
            try database.access { _ throws(StoreError) in try core.closeEpochs() }
        } catch {
            self.log(LoopNote(error))
        }
        self.refuseWaiting()
    }

    /// Nobody who asks is left without an answer; those that ask from now on are refused at once.
    private func refuseWaiting() {
        let waiting = self.commands.withLock { waiting in
            defer { waiting.removeAll() }
            return waiting
        }
        for command in waiting {
            command.finished(OperationError.unavailable("the coordinator is stopping; try again once it is back"))
        }
        for pause in self.takePauses() { pause(nil) }
    }

    private func turn(_ core: LoopCore, database: SQLiteDatabase, router: RouterSocket) throws(TransportError) {
        let clock = ContinuousClock()
        let began = clock.now
        defer { self.measure(clock.now - began) }
        var events = self.takeCommands().map { LoopEvent.command($0) }
        while let event = try router.nextEvent() { self.note(event) }
        gather: for _ in 0..<LoopLimits.framesPerTurn {
            switch try router.receive() {
            case .frame(let received):
                events.append(
                    .frame(routing: received.routing, principal: received.principal, payload: received.payload)
                )
            case .malformed(let principal, _, let parts):
                self.log(LoopNote(.warning, .frameRefused, "worker \(principal) sent a message of \(parts) parts"))
            case .revoked(let principal):
                self.log(LoopNote(.warning, .frameRefused, "worker \(principal) was removed; its frame is ignored"))
            case nil: break gather
            }
        }
        let instant = Instant(milliseconds: BootClock.now())
        let grants = core.counters.grants
        let effects = self.step(core, events, now: instant, database: database)
        for effect in effects {
            switch effect {
            case .send(let routing, let payload):
                // A peer that is gone or does not read is let go: it says Hello when it is back.
                if try router.send(payload, to: routing) != .sent { core.peerGone(routing) }
            case .finished(let command, let error): command.finished(error)
            case .log(let note): self.log(note)
            }
        }
        if core.counters.grants > grants { Self.grantsLeft() }
        self.snapshot.withLock { $0 = core.snapshot() }
        for pause in self.takePauses() { pause(database) }
    }

    private func takePauses() -> [@Sendable (SQLiteDatabase?) -> Void] {
        self.pauses.withLock { pauses in
            defer { pauses.removeAll() }
            return pauses
        }
    }

    private func measure(_ duration: Duration) {
        self.onTurn(duration.inSeconds)
        let milliseconds = duration.wholeMilliseconds
        guard milliseconds >= LoopLimits.slowTurnMilliseconds else { return }
        let text = "A turn of the loop took long; everybody waited for it"
        self.log(LoopNote(.warning, .slowTurn, text, [(.duration, .number(milliseconds))]))
    }

    /// ZeroMQ's own thread writes what was sent: when a test wants the death after that, it gets a moment.
    private static func grantsLeft() {
        guard CrashPoint.isArmed(.c04GrantSent) else { return }
        usleep(50_000)
        CrashPoint.reach(.c04GrantSent)
    }

    private func step(
        _ core: LoopCore,
        _ events: [LoopEvent],
        now: Instant,
        database: SQLiteDatabase
    ) -> [LoopEffect] {
        do throws(StoreError) {
            return try database.access { _ throws(StoreError) in
                core.step(events, now: now, wall: WallClock.now())
            }
        } catch {
            // Not even begun: whoever asked is told.
            let refused = events.compactMap { event in
                if case .command(let command) = event { LoopEffect.finished(command, error) } else { nil }
            }
            return [.log(LoopNote(error))] + refused
        }
    }

    private func takeCommands() -> [LoopCommand] {
        self.commands.withLock { waiting in
            let count = min(waiting.count, LoopLimits.commandsPerTurn)
            let taken = Array(waiting.prefix(count))
            waiting.removeFirst(count)
            // Those that stay get the next turn at once.
            if !waiting.isEmpty { self.wakeup.signal() }
            return taken
        }
    }

    private func note(_ event: MonitorEvent) {
        switch event {
        case .handshakeFailed(let text):
            guard !self.isSelfTesting.load(ordering: .relaxed) else { return }
            self.log(LoopNote(.warning, .workerRefused, "a connection was refused: \(text)"))
        case .acceptFailed(let text):
            self.log(LoopNote(.error, .workerRefused, "connections cannot be taken: \(text)"))
        default: break
        }
    }

    func stop() {
        self.isStopping.store(true, ordering: .releasing)
        self.wakeup.signal()
    }

    /// Runs `body` inside a turn's transaction.
    ///
    /// - Parameter body: What it throws other than a StoreError must be thrown before it changes anything.
    /// - Returns: Its result, once the turn is committed.
    /// - Throws: What `body` threw, or ``OperationError/unavailable(_:)`` when the turn could not be committed.
    func ask<Result: Sendable>(_ body: @escaping @Sendable (LoopCore) throws -> Result) async throws -> Result {
        let box = Mutex<Result?>(nil)
        return try await withCheckedThrowingContinuation { continuation in
            let command = LoopCommand(
                body: { core in
                    let result = try body(core)
                    box.withLock { $0 = result }
                },
                finished: { error in
                    if let error {
                        continuation.resume(
                            throwing: (error as? StoreError).map { OperationError.unavailable($0.text) } ?? error
                        )
                    } else if let result = box.withLock({ $0 }) {
                        continuation.resume(returning: result)
                    }
                },
                origin: RequestOrigin.address,
                mark: RequestOrigin.mark
            )
            let isTaken = self.commands.withLock { waiting in
                guard waiting.count < Self.waitingMax, !self.isStopping.load(ordering: .acquiring) else { return false }
                waiting.append(command)
                return true
            }
            if isTaken {
                self.wakeup.signal()
            } else {
                continuation.resume(
                    throwing: OperationError.unavailable("the coordinator is busy or stopping; try again")
                )
            }
        }
    }
}

extension CoordinatorLoop {
    /// Runs `body` between two turns, on the loop's thread and outside of any transaction.
    ///
    /// - Parameter body: Some milliseconds; everybody waits for it.
    /// - Returns: Its result.
    /// - Throws: What `body` threw, or that the loop stopped.
    func between<Result: Sendable>(
        _ body: @escaping @Sendable (SQLiteDatabase) throws(StoreError) -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { continuation in
            let pause: @Sendable (SQLiteDatabase?) -> Void = { database in
                guard let database else {
                    continuation.resume(throwing: OperationError.unavailable("the coordinator is stopping; try again"))
                    return
                }
                do throws(StoreError) {
                    continuation.resume(returning: try body(database))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            let isTaken = self.pauses.withLock { pauses in
                guard !self.isStopping.load(ordering: .acquiring) else { return false }
                pauses.append(pause)
                return true
            }
            if isTaken { self.wakeup.signal() } else { pause(nil) }
        }
    }
}

extension CoordinatorLoop: ImportLoop {
    func write<Result: Sendable>(
        _ work: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Result
    ) async throws -> Result {
        try await self.ask { core in try work(core.connection) }
    }

    func suppress(_ orders: [ImportOptOut], by who: String, key _: AddressKey, at: Timestamp) async throws {
        // By the loop's own way, which asks workers for the messages that they have.
        try await self.ask { core in
            for order in orders {
                try core.suppress(
                    order.address,
                    on: order.channel,
                    reason: order.reason,
                    evidence: order.evidence,
                    by: who,
                    at: at
                )
            }
        }
    }
}
