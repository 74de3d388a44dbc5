/// Which children of `postrider up` run, and what follows when one ends: decisions only.
///
///     begin ──▶ running ──stopRequested──▶ workers end ──▶ coordinator ends ──▶ finished
///                 │  ▲                          │                │
///                 └──┘ exited, restartDue       └──too long──────┴──▶ killed
///
/// Workers are ended first: the coordinator is still there to take what they report. A coordinator that refuses to start, before it
/// ever answered, ends all: what it refuses is no passing trouble.
struct Supervision {
    enum Child: Hashable, Sendable {
        case coordinator
        /// Numbered from 1.
        case worker(Int)

        /// In logs, and of a worker on the allow-list.
        var name: String {
            switch self {
            case .coordinator: "coordinator"
            case .worker(let number): "local-\(number)"
            }
        }
    }

    enum Action: Equatable {
        case start(Child)
        case startLater(Child, seconds: Int)
        case terminate(Child)
        case kill(Child)
        /// Every child has ended; `wasKilled` when one had to be.
        case finish(wasKilled: Bool)
    }

    /// Longest pause before a child is started again.
    static let delaySecondsMax = 30
    /// A child that ran this long had a good start: its next end counts as the first.
    static let goodRunSeconds = 60.0
    /// Time for everybody to end after a stop was asked for; the services themselves take up to 30 s.
    static let stopSeconds = 35
    /// Part of it for the workers alone.
    static let workersStopSeconds = 31

    private enum Stage {
        case running
        case endingWorkers
        case endingAll
    }

    private struct State {
        var isRunning = false
        var startedAt = 0.0
        /// Ends in a row without a good run between them.
        var failures = 0
    }

    private let children: [Child]
    private var states: [Child: State] = [:]
    private var stage = Stage.running
    private var wasKilled = false
    /// The coordinator answered once.
    private var hasAnswered = false
    /// The coordinator refused to start, and all end for it.
    private(set) var wasRefused = false

    init(workers: Int) {
        self.children = [.coordinator] + (1...max(1, workers)).map(Child.worker)
        for child in self.children { self.states[child] = State() }
    }

    /// Starts everybody.
    mutating func begin() -> [Action] { self.children.map(Action.start) }

    /// A child runs.
    mutating func started(_ child: Child, atSeconds now: Double) -> [Action] {
        self.states[child]?.isRunning = true
        self.states[child]?.startedAt = now
        // A stop that was asked for while it started holds for it too.
        switch self.stage {
        case .running: return []
        case .endingWorkers where child == .coordinator: return []
        case .endingWorkers, .endingAll: return [.terminate(child)]
        }
    }

    /// Our coordinator answers: whatever ends it from now on, it is started again.
    mutating func coordinatorAnswered() { self.hasAnswered = true }

    /// A child ended, or could not be started.
    ///
    /// - Parameters:
    ///   - child: Which.
    ///   - now: Seconds of the caller's clock.
    ///   - isRefusal: It ended itself, and said that something is wrong.
    /// - Returns: What follows.
    mutating func ended(_ child: Child, atSeconds now: Double, isRefusal: Bool = false) -> [Action] {
        guard var state = self.states[child] else { return [] }
        if state.isRunning, now - state.startedAt >= Self.goodRunSeconds { state.failures = 0 }
        state.isRunning = false
        defer { self.states[child] = state }
        switch self.stage {
        case .running where child == .coordinator && isRefusal && !self.hasAnswered:
            self.wasRefused = true
            self.states[child] = state
            return self.stopRequested()
        case .running:
            let seconds = min(Self.delaySecondsMax, 1 << min(state.failures, 10))
            state.failures += 1
            return [.startLater(child, seconds: seconds)]
        case .endingWorkers, .endingAll:
            self.states[child] = state
            return self.next()
        }
    }

    /// The pause before a start is over.
    mutating func restartDue(_ child: Child) -> [Action] {
        guard case .running = self.stage, self.states[child]?.isRunning == false else { return [] }
        return [.start(child)]
    }

    /// Somebody wants an end; the second time, at once.
    mutating func stopRequested() -> [Action] {
        switch self.stage {
        case .running:
            self.stage = .endingWorkers
            let workers = self.running.filter { $0 != .coordinator }
            return workers.isEmpty ? self.next() : workers.map(Action.terminate)
        case .endingWorkers, .endingAll:
            return self.killAll()
        }
    }

    /// The workers' part of the time is over.
    mutating func workersTookTooLong() -> [Action] {
        guard case .endingWorkers = self.stage else { return [] }
        self.stage = .endingAll
        return self.running.contains(.coordinator) ? [.terminate(.coordinator)] : []
    }

    /// The whole time is over.
    mutating func tookTooLong() -> [Action] { self.killAll() }

    private var running: [Child] { self.children.filter { self.states[$0]?.isRunning == true } }

    /// What follows when a child ended while all end.
    private mutating func next() -> [Action] {
        let running = self.running
        if running.isEmpty { return [.finish(wasKilled: self.wasKilled)] }
        guard case .endingWorkers = self.stage, running == [.coordinator] else { return [] }
        self.stage = .endingAll
        return [.terminate(.coordinator)]
    }

    private mutating func killAll() -> [Action] {
        self.stage = .endingAll
        let running = self.running
        self.wasKilled = !running.isEmpty || self.wasKilled
        return running.map(Action.kill)
    }
}
