import Mail
package import NIOCore

/// The connections of one worker to one relay.
///
/// Opens connections while there is work, doubling them up to the configured number, keeps them while they are of use,
/// and backs off as a whole when the relay cannot be used. Everything, `init` too, happens on one event loop, so there
/// are no locks; the source is kept alive until the pool has ended by ``drain()`` or ``cut()``.
package final class RelayPool {
    private enum State {
        case running
        case draining
        case ended
    }

    /// Longest pause between tries of a relay that cannot be used; the first is a second, then they double.
    private static let pauseSecondsMax = 60.0
    /// Limits are checked this often, or four times in the shortest of them.
    private static let tickSecondsMax = 1.0

    package let configuration: RelayConfiguration
    let eventLoop: any EventLoop
    private var source: (any MessageSource)?
    private let jitter: () -> Double
    private let dial: (RelayPool, RelayConnection) -> Void
    private let settings: SMTPSession.Settings
    private var state = State.running
    private var connections: [RelayConnection] = []
    private var readyCount = 0
    /// Whether the source said that it has nothing; until it wakes the pool.
    private var isSourceEmpty = true
    /// Turns of connections on the stack: the source may wake the pool from inside one.
    private var depth = 0
    /// Whether connections are to be offered work, and whether more of them are to be opened, once the turn is over.
    private var isWakePending = false
    private var isGrowthPending = false
    /// Failures in a row of connections that did no work.
    private var failures = 0
    private var isPausing = false
    private var problem: String?
    private var isTicking = false
    private var cachedTLS: RelayTLS?
    /// Messages that came to an end since they were last asked for, and how long their connections were busy with them.
    private var timing = (messages: 0, busy: TimeAmount.zero)
    /// Made by the first ``drain()``.
    private var drained: EventLoopPromise<Void>?

    /// A pool that opens nothing before it is woken; `jitter` draws uniformly from `0..<1` and spreads the tries of
    /// many workers.
    package convenience init(
        _ configuration: RelayConfiguration,
        on eventLoop: any EventLoop,
        source: any MessageSource,
        jitter: @escaping () -> Double
    ) {
        self.init(configuration, on: eventLoop, source: source, jitter: jitter, dial: Self.dialTCP)
    }

    /// A pool whose channels are made by `dial`.
    init(
        _ configuration: RelayConfiguration,
        on eventLoop: any EventLoop,
        source: any MessageSource,
        jitter: @escaping () -> Double,
        dial: @escaping (RelayPool, RelayConnection) -> Void
    ) {
        eventLoop.preconditionInEventLoop()
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.source = source
        self.jitter = jitter
        self.dial = dial
        self.settings = SMTPSession.Settings(
            hello: configuration.hello,
            tlsPolicy: configuration.tlsPolicy,
            user: configuration.user,
            password: configuration.password
        )
    }

    /// Open connections, and among them those whose opening dialogue is over.
    package var connectionCounts: (open: Int, ready: Int) { (self.connections.count, self.readyCount) }

    /// The source may have messages again.
    ///
    /// Cheap; may be called from inside the source's own functions.
    package func wake() {
        guard self.state == .running else { return }
        self.isSourceEmpty = false
        self.isWakePending = true
        if self.depth == 0 { self.serve() }
    }

    /// Takes no new message and closes each connection once its messages are done.
    ///
    /// - Returns: Succeeds when no connection is left. A relay may take ten minutes to answer a final dot: ``cut()``
    /// ends the waiting.
    package func drain() -> EventLoopFuture<Void> {
        guard self.state != .ended else { return self.eventLoop.makeSucceededVoidFuture() }
        let drained = self.drained ?? self.eventLoop.makePromise(of: Void.self)
        self.drained = drained
        if self.state == .running {
            self.state = .draining
            for connection in self.connections { connection.retire() }
            self.endIfEmpty()
        }
        return drained.futureResult
    }

    /// Closes everything now: messages whose final dot was sent are `noReply`, the others `notBegun`.
    package func cut() {
        guard self.state != .ended else { return }
        self.state = .draining
        for connection in self.connections { connection.cut("cut while waiting for the reply to the final dot") }
        self.endIfEmpty()
    }

    /// Messages that came to an end since this was last asked, and how long connections were busy with them.
    package func takeTiming() -> (messages: Int, microseconds: Int64) {
        defer { self.timing = (0, .zero) }
        return (self.timing.messages, self.timing.busy.nanoseconds / 1_000)
    }

    // MARK: For connections

    func count(_ busy: TimeAmount) {
        self.timing.messages += 1
        self.timing.busy = self.timing.busy + busy
    }

    var now: NIODeadline { self.eventLoop.now }

    func enter() { self.depth += 1 }

    func leave() {
        self.depth -= 1
        if self.depth == 0, self.isWakePending || self.isGrowthPending { self.serve() }
    }

    /// The next message that can be made.
    func nextMessage() -> (RelayJob, ByteBuffer)? {
        guard self.state == .running, !self.isSourceEmpty, let source = self.source else { return nil }
        while let job = source.nextJob() {
            guard let body = source.body(of: job) else { continue }
            if self.connections.count < self.configuration.connectionsMax { self.isGrowthPending = true }
            return (job, body)
        }
        self.isSourceEmpty = true
        return nil
    }

    func intend(_ job: RelayJob, proceed: @escaping (Bool) -> Void) {
        guard let source = self.source else { return proceed(false) }
        source.intend(job, proceed: proceed)
    }

    func resolved(_ job: RelayJob, _ result: SMTPResult) { self.source?.resolved(job, result) }

    func ready(_ connection: RelayConnection) {
        self.readyCount += 1
        self.isGrowthPending = true
        self.announce(nil)
    }

    /// A new connection had its first message answered: whatever was wrong is over.
    func worked() { self.failures = 0 }

    func ended(_ connection: RelayConnection) {
        guard let index = self.connections.firstIndex(where: { $0 === connection }) else { return }
        self.connections.remove(at: index)
        if connection.isReady { self.readyCount -= 1 }
        if self.state == .running {
            if !connection.isProductive, let problem = connection.problem { self.failed(problem) }
            self.isGrowthPending = true
            if self.depth == 0 { self.serve() }
        }
        self.endIfEmpty()
    }

    func tls() throws -> RelayTLS {
        if let tls = self.cachedTLS { return tls }
        let tls = try RelayTLS(self.configuration)
        self.cachedTLS = tls
        return tls
    }

    // MARK: Growth

    /// Gives work to connections that have room, and opens more when there seems to be more work.
    private func serve() {
        self.depth += 1
        defer { self.depth -= 1 }
        self.isGrowthPending = false
        if self.isWakePending {
            self.isWakePending = false
            for connection in self.connections where !self.isSourceEmpty { connection.offer() }
            // Woken again meanwhile: in a turn of its own, so that nobody can keep this one going.
            if self.isWakePending { self.eventLoop.assumeIsolated().execute { self.wakeAgain() } }
        }
        self.grow()
    }

    private func wakeAgain() {
        if self.isWakePending, self.depth == 0 { self.serve() }
    }

    private func grow() {
        guard self.state == .running, !self.isPausing, !self.isSourceEmpty else { return }
        let opening = self.connections.count - self.readyCount
        let room = self.configuration.connectionsMax - self.connections.count
        // Doubling fills 32 connections in five round trips, and a relay in trouble meets one try, not 32.
        let wanted = self.failures > 0 ? 1 : max(1, self.readyCount)
        for _ in 0..<max(0, min(room, wanted - opening)) { self.open() }
    }

    private func open() {
        let connection = RelayConnection(
            pool: self,
            settings: self.settings,
            isEncrypted: self.configuration.implicitTLS,
            now: self.now
        )
        self.connections.append(connection)
        self.startTicking()
        self.dial(self, connection)
    }

    // MARK: Trouble

    private func failed(_ problem: String) {
        if self.readyCount == 0 { self.announce(problem) }
        // Connections opened together fail together: that is one failure.
        guard !self.isPausing else { return }
        self.failures += 1
        self.isPausing = true
        let seconds = min(Self.pauseSecondsMax, Double(1 << min(self.failures - 1, 10))) * (0.75 + 0.5 * self.jitter())
        self.eventLoop.assumeIsolated().scheduleTask(in: .relay(seconds)) { self.resume() }
    }

    private func resume() {
        self.isPausing = false
        guard self.state == .running else { return }
        // A relay that was reported as unusable is tried without work too, to report that it works again.
        if self.problem != nil, self.connections.isEmpty { self.open() } else { self.serve() }
    }

    private func announce(_ problem: String?) {
        guard problem != self.problem else { return }
        self.problem = problem
        self.source?.relayChanged(
            problem: problem.map { "\(self.configuration.host):\(self.configuration.port): \($0)" }
        )
    }

    // MARK: Time

    private func startTicking() {
        guard !self.isTicking else { return }
        self.isTicking = true
        let limits = self.configuration.timeouts
        let shortest = min(limits.shortestSeconds / 4, Self.tickSecondsMax)
        self.eventLoop.assumeIsolated().scheduleTask(in: .relay(shortest)) { self.tick() }
    }

    private func tick() {
        self.isTicking = false
        guard !self.connections.isEmpty else { return }
        let now = self.now
        // Copied: a connection that ends takes itself off the list.
        for connection in Array(self.connections) { connection.tick(now) }
        if !self.connections.isEmpty { self.startTicking() }
    }

    private func endIfEmpty() {
        guard self.state == .draining, self.connections.isEmpty else { return }
        self.state = .ended
        self.source = nil
        self.drained?.succeed()
    }
}
