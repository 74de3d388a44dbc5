import Domain
import Engine
import Logging
import NIOCore
import Relay
import Storage
import Telemetry

/// Everything of the worker that lives on its event loop, and the loop's clock.
final class WorkerLoop {
    /// Turns of the clock while there is work: the shortest time that anything here waits for, twice.
    static let busyMilliseconds: Int64 = 10
    /// While there is none.
    static let idleMilliseconds: Int64 = 200
    static let throughputMilliseconds: Int64 = 5_000

    let runner: ShardRunner
    let conversation: Conversation
    private let eventLoop: any EventLoop
    private let log: Logger
    private var drainPlan: DrainPlan?
    private var onLeave: () -> Void = {}
    private var onDamage: () -> Void = {}
    private var relayLines: [Int: Occasionally] = [:]
    private var journalLines = Occasionally()
    private var throughput: ThroughputLog
    /// Number of the turn that comes next; one that was overtaken does nothing.
    private var nextTick = 0
    private var isResting = false

    init(on eventLoop: any EventLoop, runner: ShardRunner, conversation: Conversation, log: Logger) {
        self.eventLoop = eventLoop
        self.runner = runner
        self.conversation = conversation
        self.log = log
        self.throughput = ThroughputLog(since: runner.now(), log: log)
    }

    /// Starts the clock.
    ///
    /// - Parameter onDamage: Called when the journal turned out damaged: nothing more can be promised, the process must end.
    func start(onDamage: @escaping () -> Void) {
        self.onDamage = onDamage
        // The loop lives as long as the process; the closures keep each other.
        self.runner.onNews = {
            self.conversation.speak()
            // What is not said at once is said soon, however long the clock meant to rest.
            if self.isResting { self.scheduleTick(in: Self.busyMilliseconds) }
        }
        self.runner.onRelayChange = { self.relayChanged($0) }
        self.tick()
    }

    func handle(_ news: JournalNews) {
        switch news {
        case .committed(let rows, let groups): self.runner.committed(rows, groups: groups)
        case .resumed:
            self.log.event(.journal, "The journal can be written again")
            self.runner.resumed()
        case .refused(let error):
            self.runner.stalled()
            if case .corrupt = error {
                self.log.event(.journal, level: .critical, "The journal is damaged", [.problem: .string(error.text)])
                return self.onDamage()
            }
            guard self.journalLines.allows(at: self.runner.now()) else { return }
            self.log.event(
                .journal,
                level: .error,
                "The journal cannot be written, so nothing is sent; it is tried again by itself",
                [.problem: .string(error.text)]
            )
        }
    }

    /// Goes down in order.
    ///
    /// - Parameter onLeave: Called once nothing is left to do.
    func drain(onLeave: @escaping () -> Void) {
        guard self.drainPlan == nil else { return }
        self.onLeave = onLeave
        self.drainPlan = DrainPlan(at: self.runner.now())
        self.log.event(
            .draining,
            "Taking no more work",
            [.inFlight: .number(self.runner.book.open), .leased: .number(self.runner.book.held)]
        )
        self.runner.drain()
        for desk in self.runner.desks { _ = desk.pool?.drain() }
        self.conversation.leaveSoon()
    }

    // MARK: The clock

    private func tick() {
        self.runner.tick()
        if self.runner.book.giveUpOnJournal(at: self.runner.now()) { self.conversation.greetAgain() }
        self.conversation.speak()
        self.throughput.write(self.conversation.tallies, at: self.runner.now())
        self.remindOfRelays()
        self.goDown()
        let mayRest = self.runner.isIdle && self.drainPlan == nil
        self.scheduleTick(in: mayRest ? Self.idleMilliseconds : Self.busyMilliseconds)
    }

    private func scheduleTick(in milliseconds: Int64) {
        self.isResting = milliseconds > Self.busyMilliseconds
        self.nextTick += 1
        let number = self.nextTick
        self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
            if number == self.nextTick { self.tick() }
        }
    }

    private func goDown() {
        guard var plan = self.drainPlan else { return }
        let isReported = self.runner.isIdle || !self.conversation.isWelcomed && self.runner.isSettled
        let step = plan.step(open: self.runner.book.open, isReported: isReported, at: self.runner.now())
        self.drainPlan = plan
        switch step {
        case .wait: break
        case .cut:
            self.log.event(
                .draining,
                level: .warning,
                "Cutting off messages whose relay does not answer: they are in doubt",
                [.inFlight: .number(self.runner.book.open)]
            )
            for desk in self.runner.desks { desk.pool?.cut() }
        case .leave:
            self.conversation.sayGoodbye()
            self.onLeave()
        }
    }

    // MARK: Relays

    private func relayChanged(_ desk: RelayDesk) {
        self.conversation.sayState(of: desk)
        if desk.problem == nil {
            self.log.event(.relayRecovered, "The relay works again", [.relay: .string(desk.name)])
            self.relayLines[desk.number] = nil
        } else {
            self.remind(of: desk)
        }
    }

    private func remindOfRelays() {
        for desk in self.runner.desks where desk.problem != nil { self.remind(of: desk) }
    }

    private func remind(of desk: RelayDesk) {
        guard let problem = desk.problem,
            self.relayLines[desk.number, default: Occasionally()].allows(at: self.runner.now())
        else { return }
        self.log.event(
            .relayProblem,
            level: .warning,
            "The relay cannot be used; its targets wait",
            [.relay: .string(desk.name), .problem: .string(problem)]
        )
    }
}

/// The `throughput` lines: one for each campaign at work, every 5 s.
struct ThroughputLog {
    private var since: Instant
    private let log: Logger

    init(since: Instant, log: Logger) {
        self.since = since
        self.log = log
    }

    mutating func write(_ tallies: [Campaign.ID: CampaignTally], at now: Instant) {
        let elapsed = now.milliseconds(since: self.since)
        guard elapsed >= WorkerLoop.throughputMilliseconds else { return }
        self.since = now
        let seconds = Double(elapsed) / 1_000
        for tally in tallies.values.sorted(by: { $0.campaign < $1.campaign }) where !tally.isQuiet {
            self.log.event(
                .throughput,
                "Sending",
                [
                    .campaign: .string(tally.campaign.publicID),
                    .acceptedPerSecond: .number(Double(tally.accepted) / seconds),
                    .deferredPerSecond: .number(Double(tally.deferred) / seconds),
                    .bouncedPerSecond: .number(Double(tally.bounced) / seconds),
                    .inFlight: .number(tally.inFlight),
                    .leased: .number(tally.leased),
                ]
            )
            (tally.accepted, tally.deferred, tally.bounced) = (0, 0, 0)
        }
    }
}
