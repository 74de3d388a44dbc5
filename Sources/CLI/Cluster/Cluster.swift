import Dispatch
import Domain
import Foundation
import Synchronization
import UserFiles

/// `postrider up`: a coordinator and workers as children of this process.
final class Cluster: Sendable {
    private enum Event: Sendable {
        case ended(Supervision.Child, ChildProcess.Ending?)
        case restartDue(Supervision.Child)
        /// Our coordinator answers for the first time.
        case answered
        case stop(String)
        case workersLate
        case late
    }

    private let settings: Settings
    private let workers: Int
    private let folder: String
    private let log: ClusterLog
    /// The process of our coordinator; 0 before its first start.
    private let coordinator = Mutex<pid_t>(0)
    private let events: AsyncStream<Event>
    private let post: AsyncStream<Event>.Continuation
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now

    /// - Parameters:
    ///   - settings: Read already, so that a mistake in them is told once and not by every child.
    ///   - workers: At least 1.
    ///   - folder: Where the services' executables are.
    init(settings: Settings, workers: Int, folder: String) {
        self.settings = settings
        self.workers = workers
        self.folder = folder
        let (events, post) = AsyncStream.makeStream(of: Event.self)
        self.events = events
        self.post = post
        self.log = ClusterLog(isJSON: settings.log.format == .json) { post.yield(.stop("nobody reads the log")) }
    }

    /// Runs until somebody asks for an end, or the coordinator refuses to start.
    ///
    /// - Throws: Before anything is started, when the data folder is in use; afterwards, when it did not end well.
    func run() async throws {
        let lock = try FolderLock(folder: self.settings.dataFolder)
        defer { withExtendedLifetime(lock) {} }
        try await FolderLock.waitUntilFree(
            self.settings.dataFolder,
            seconds: Double(Supervision.workersStopSeconds)
        ) { holder in
            let text = "A coordinator (\(holder)) still uses the data folder; waiting for its end"
            self.log.write("warning", "waiting", text)
        }
        try await self.supervise()
    }

    private func supervise() async throws {
        let signals = [SIGINT, SIGTERM].map(self.watch)
        defer { for source in signals { source.cancel() } }
        let readiness = Task { await self.waitUntilReady() }
        defer { readiness.cancel() }
        var supervision = Supervision(workers: self.workers)
        var processes: [Supervision.Child: ChildProcess] = [:]
        var queue = supervision.begin()
        var events = self.events.makeAsyncIterator()
        while true {
            while !queue.isEmpty {
                let action = queue.removeFirst()
                switch action {
                case .start(let child):
                    if let process = self.startProcess(child) {
                        processes[child] = process
                        queue += supervision.started(child, atSeconds: self.seconds)
                    }
                case .startLater(let child, let seconds): self.later(seconds, .restartDue(child))
                case .terminate(let child): processes[child]?.signal(SIGTERM)
                case .kill(let child): processes[child]?.signal(SIGKILL)
                case .finish(let wasKilled):
                    self.log.write("info", "stopped", "All services have ended")
                    guard !supervision.wasRefused else {
                        throw Failure(.failed, "the coordinator does not start; the lines above say why")
                    }
                    guard !wasKilled else { throw Failure(.failed, "a service did not end in time and was killed") }
                    return
                }
            }
            guard let event = await events.next() else { return }
            queue += self.decide(event, &supervision)
        }
    }

    private var seconds: Double { (self.clock.now - self.start).inSeconds }

    private func decide(_ event: Event, _ supervision: inout Supervision) -> [Supervision.Action] {
        switch event {
        case .ended(let child, let ending):
            let wasRefused = supervision.wasRefused
            let isRefusal = if case .exited(let code) = ending { code != 0 } else { false }
            let actions = supervision.ended(child, atSeconds: self.seconds, isRefusal: isRefusal)
            if let ending { self.tell(child, ending, actions) }
            if supervision.wasRefused, !wasRefused { self.limitEnd() }
            return actions
        case .answered:
            supervision.coordinatorAnswered()
            return []
        case .restartDue(let child): return supervision.restartDue(child)
        case .workersLate: return supervision.workersTookTooLong()
        case .late: return supervision.tookTooLong()
        case .stop(let reason):
            self.log.write("info", "draining", "Ending all services", [("reason", .text(reason))])
            self.limitEnd()
            return supervision.stopRequested()
        }
    }

    /// All are ending; sees to it that they do.
    private func limitEnd() {
        self.later(Supervision.workersStopSeconds, .workersLate)
        self.later(Supervision.stopSeconds, .late)
    }

    private func tell(_ child: Supervision.Child, _ ending: ChildProcess.Ending, _ actions: [Supervision.Action]) {
        let name = child.name
        guard case .startLater(_, let seconds) = actions.first else {
            self.log.write("info", "child_ended", "\(name) has ended", [("reason", .text("\(ending)"))])
            return
        }
        let message = "\(name) ended by itself and starts again in \(seconds) s"
        self.log.write("error", "child_ended", message, [("reason", .text("\(ending)"))])
    }

    private func later(_ seconds: Int, _ event: Event) {
        Task { [clock, post] in
            // Nothing cancels this task; a process that ends does not wait for it.
            try? await clock.sleep(for: .seconds(seconds))
            post.yield(event)
        }
    }

    private func startProcess(_ child: Supervision.Child) -> ChildProcess? {
        let program: String
        var arguments = ["--config", self.settings.file, "--exit-with-parent"]
        switch child {
        case .coordinator: program = "postrider-coordinator"
        case .worker:
            program = "postrider-worker"
            arguments += ["--name", child.name]
        }
        do {
            let process = try ChildProcess.start(
                "\(self.folder)/\(program)",
                arguments,
                onLine: { [log] in log.pass($0, isError: $1) },
                onEnd: { [post] in post.yield(.ended(child, $0)) }
            )
            let pid = Int(process.pid)
            if child == .coordinator { self.coordinator.withLock { $0 = process.pid } }
            self.log.write("info", "child_started", "\(child.name) was started", [("pid", .number(pid))])
            return process
        } catch {
            self.log.write("error", "child_ended", error.message)
            self.post.yield(.ended(child, nil))
            return nil
        }
    }

    private func watch(_ number: CInt) -> any DispatchSourceSignal {
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        let name = number == SIGINT ? "Ctrl-C" : "SIGTERM"
        source.setEventHandler { [post] in post.yield(.stop(name)) }
        source.resume()
        return source
    }

    /// Between two questions whether the services are ready.
    private static let readinessInterval = Duration.milliseconds(100)

    /// Logs `ready` once our own coordinator answers and has admitted all of our workers.
    private func waitUntilReady() async {
        let found = try? Found.base(of: self.settings)
        guard let base = found else { return }
        let tokenFile = "\(self.settings.tokensFolder)/\(Role.viewer.name).token"
        // Without it nothing but a count of the workers is known.
        let token = try? TokenFile.read(tokenFile)
        do {
            try await APIClient.with(base: base, token: token, tokenFile: tokenFile) { client in
                var hasAnswered = false
                while !Task.isCancelled {
                    if let readiness = try? await client.get("/readyz").decode(Readiness.self), self.isOurs(readiness) {
                        if !hasAnswered { self.post.yield(.answered) }
                        hasAnswered = true
                        if readiness.ready, await self.hasAllWorkers(readiness, client) {
                            return self.tellReady(readiness, base)
                        }
                    }
                    try await self.clock.sleep(for: Self.readinessInterval)
                }
            }
        } catch {
            // Only the end of this process interrupts it.
        }
    }

    /// Whether the coordinator that answers is our child: another cluster may have the address.
    private func isOurs(_ readiness: Readiness) -> Bool {
        readiness.process == Int(self.coordinator.withLock { $0 })
    }

    /// Whether our own workers are connected; there may be others.
    private func hasAllWorkers(_ readiness: Readiness, _ client: APIClient) async -> Bool {
        guard readiness.workers >= self.workers else { return false }
        guard let list = try? await client.get("/v1/workers").decode(WorkerList.self) else { return true }
        let connected = Set(list.workers.filter { $0.state == "connected" }.map(\.name))
        return (1...self.workers).allSatisfy { connected.contains(Supervision.Child.worker($0).name) }
    }

    private func tellReady(_ readiness: Readiness, _ base: String) {
        let fields: [(String, ClusterLog.Value)] = [("workers", .number(self.workers)), ("listen", .text(base))]
        self.log.write("info", "ready", "The API answers and the workers are admitted", fields)
        if let restored = readiness.restored { self.log.write("error", "restored", restored, []) }
    }
}
