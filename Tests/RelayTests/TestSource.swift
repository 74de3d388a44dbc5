import Domain
import Mail
import NIOCore
import Relay

/// What a test's source was told.
struct Told: Sendable {
    var results: [UInt64: [RelayResult]] = [:]
    /// What ``MessageSource/relayChanged(problem:)`` said, in order.
    var changes: [String?] = []
    /// Most connections that were open at any result.
    var openMax = 0

    /// The results of a message in the order they came, in short.
    func short(_ id: UInt64) -> [String] { self.results[id, default: []].map(\.short) }

    /// How often each short result came.
    var tally: [String: Int] {
        self.results.values.joined().reduce(into: [:]) { $0[$1.short, default: 0] += 1 }
    }
}

extension SMTPResult {
    var short: String {
        switch self {
        case .reply(let reply, let stage): "\(reply.line.prefix(3))@\(stage)"
        case .noReply: "noReply"
        case .connectionLost: "lost"
        case .notBegun: "notBegun"
        case .turnedAway(let reply): "away\(reply.code)"
        }
    }
}

/// Plan of a test run.
struct Plan: Sendable {
    enum Leave: Sendable {
        case atOnce
        /// Gathered and given at the end of the loop's tick, as a group commit would.
        case endOfTick
        case never
    }

    var total: UInt64 = 1
    var leave = Leave.atOnce
    /// Messages whose leave is denied the first time.
    var denied: Set<UInt64> = []
    /// Messages that have no body.
    var bodiless: Set<UInt64> = []
    /// Messages that come back when they were not begun.
    var returnsNotBegun = true
    var body = "Subject: test\r\n\r\nHello\r\n"
    /// Ends the run when the relay's state has changed this often, instead of when all is settled.
    var changesWanted: Int?
    /// Cuts the pool after this many dots were sent.
    var cutAfterDots: Int?
}

/// Hands out messages 1 to `total` and notes what it is told.
///
/// Belongs to the event loop.
final class TestSource: MessageSource {
    private let plan: Plan
    private let loop: any EventLoop
    private var queue: [UInt64]
    private var settled = 0
    private var wanted: Int
    private var dots = 0
    private var denied: Set<UInt64>
    private var waiting: [(Bool) -> Void] = []
    private(set) var told = Told()
    let finished: EventLoopPromise<Void>
    var pool: RelayPool?

    init(_ plan: Plan, on loop: any EventLoop) {
        self.plan = plan
        self.loop = loop
        self.queue = Array((1...max(plan.total, 1)).reversed())
        if plan.total == 0 { self.queue = [] }
        self.denied = plan.denied
        self.wanted = Int(plan.total) - plan.bodiless.count
        self.finished = loop.makePromise(of: Void.self)
        // Whoever is never told the fate of a message waits for ever, and nothing can cancel that.
        let watchdog = loop.assumeIsolated().scheduleTask(in: Self.patience) { [finished] in
            finished.fail(TookTooLong())
        }
        self.finished.futureResult.whenComplete { _ in watchdog.cancel() }
    }

    struct TookTooLong: Error {}

    /// Shorter than the suites' own limit.
    private static let patience = TimeAmount.seconds(50)

    func nextJob() -> RelayJob? {
        guard let id = self.queue.popLast() else { return nil }
        return RelayJob(id: id, sender: "us@x.example", recipient: "person\(id)@y.example")
    }

    func body(of job: RelayJob) -> ByteBuffer? {
        self.plan.bodiless.contains(job.id) ? nil : ByteBuffer(string: self.plan.body)
    }

    func intend(_ job: RelayJob, proceed: @escaping (Bool) -> Void) {
        if self.denied.remove(job.id) != nil { return proceed(false) }
        switch self.plan.leave {
        case .never: self.cutIfDue(self.dots)
        case .atOnce:
            proceed(true)
            self.sentDot()
        case .endOfTick:
            self.waiting.append(proceed)
            guard self.waiting.count == 1 else { return }
            self.loop.assumeIsolated().execute {
                let waiting = self.waiting
                self.waiting.removeAll()
                for proceed in waiting { proceed(true) }
            }
        }
    }

    private func sentDot() {
        self.dots += 1
        self.cutIfDue(self.dots)
    }

    private func cutIfDue(_ count: Int) {
        guard self.plan.cutAfterDots == count else { return }
        self.loop.assumeIsolated().execute { self.pool?.cut() }
    }

    func resolved(_ job: RelayJob, _ result: RelayResult) {
        self.told.results[job.id, default: []].append(result)
        self.told.openMax = max(self.told.openMax, self.pool?.connectionCounts.open ?? 0)
        switch result {
        case .notBegun where self.plan.returnsNotBegun, .turnedAway:
            self.queue.append(job.id)
            self.pool?.wake()
            return
        default: break
        }
        self.settled += 1
        if self.settled == self.wanted, self.plan.changesWanted == nil { self.finished.succeed() }
    }

    func relayChanged(problem: String?) {
        self.told.changes.append(problem)
        if self.told.changes.count == self.plan.changesWanted { self.finished.succeed() }
    }
}

/// Runs a pool until its source has what it waits for, then drains it.
func run(_ configuration: RelayConfiguration, _ plan: Plan, on loop: any EventLoop) async throws -> Told {
    try await loop.flatSubmit { () -> EventLoopFuture<Told> in
        let source = TestSource(plan, on: loop)
        let pool = RelayPool(configuration, on: loop, source: source, jitter: { 0 })
        source.pool = pool
        pool.wake()
        return source.finished.futureResult.assumeIsolated()
            .flatMap { pool.drain() }
            .map {
                source.pool = nil
                return source.told
            }
            .nonisolated()
    }.get()
}

extension RelayConfiguration {
    /// A relay on this machine, in the clear unless said otherwise.
    static func local(_ port: Int, host: String = "127.0.0.1", connections: Int = 1) -> RelayConfiguration {
        RelayConfiguration(
            name: "test",
            host: host,
            port: port,
            tlsPolicy: .off,
            hello: "me.example",
            connectionsMax: connections
        )
    }
}
