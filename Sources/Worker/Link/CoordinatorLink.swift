import Dispatch
import Domain
import Engine
import Synchronization
import Telemetry
import Transport
import Wire

/// What the link tells the event loop.
enum LinkEvent: Sendable {
    /// The handshake is done; nothing was said yet.
    case connected
    case disconnected
    /// The connection cannot be made, and why; libzmq goes on trying.
    case trouble(LinkTrouble)
    case message(FrameHeader, CoordinatorMessage)
    /// A grant whose columns fit together.
    case grant(FrameHeader, ReceivedGrant)
    /// A grant that cannot be understood, so that all of it goes back.
    case wrongGrant(FrameHeader, WireGrant, problem: String)
    /// Bytes that are no frame of ours.
    case noFrame(problem: String)
}

enum LinkTrouble: Hashable, Sendable {
    /// The coordinator does not know our key.
    case refused
    /// Whoever answers there is not the coordinator we know, or breaks off.
    case handshake(String)
    /// Nobody answers there.
    case unreachable
}

/// What the event loop has to say.
enum Outgoing: Sendable {
    case message(WorkerMessage)
    case report(ReportBook.Report)
}

/// Where the event loop's frames go.
protocol LinkOutlet: AnyObject {
    /// Queues a frame of a session (0 for `Hello`).
    func send(_ item: Outgoing, session: UInt64)

    /// The event loop looked at a batch of events.
    func handled()
}

/// The thread that owns the DEALER socket: frames to messages and back, nothing decided.
///
/// What comes in goes to the event loop in batches, what goes out comes through a bounded queue. Every frame that is lost with a
/// connection, or finds the queue full, is said again by ``Conversation``.
///
/// It also watches the event loop: when that hangs, nothing it holds is said or renewed any more, and only another process helps.
final class CoordinatorLink: LinkOutlet, Sendable {
    /// Frames waiting to go out.
    ///
    /// More wait only when the coordinator does not read; all of them are repeated later anyway.
    static let outgoingMax = 1_024
    /// Batches that the event loop has not looked at yet, before the link waits for it (and TCP for the link).
    static let batchesMax = 64
    /// Longest wait for the event loop to catch up, so that the socket's own timers are looked at.
    static let catchUpMilliseconds = 100

    struct Address: Sendable {
        let endpoint: Transport.Endpoint
        let keys: CurveKeyPair
        let coordinator: PublicKey
    }

    private struct Outbox: Sendable {
        var items: [(item: Outgoing, session: UInt64)] = []
        var isStopping = false
        /// Something could not be queued, and nothing but a new `Hello` is taken now: a report that goes out after one that was dropped
        /// would have both acknowledged.
        var isOverflowing = false
        /// The link's thread has yet to have a new `Hello` said.
        var mustGreet = false
    }

    private let outbox = Mutex(Outbox())
    private let wakeup: Wakeup
    private let openBatches = Atomic<Int>(0)
    private let caughtUp = DispatchSemaphore(value: 0)
    private let deliver: @Sendable ([LinkEvent]) -> Void
    private let watch: Watch
    private let onEnd: @Sendable (End) -> Void

    /// What the link's thread watches besides its socket.
    struct Watch: Sendable {
        let beat: LoopBeat
        /// How long the event loop may stand still.
        var patienceMilliseconds = LoopWatch.patienceMilliseconds
    }

    /// Why the link's thread cannot go on; the process must end then.
    enum End: Hashable, Sendable {
        case transport(TransportError)
        /// The event loop did not turn for this long.
        case hang(milliseconds: Int64)
    }

    /// - Parameters:
    ///   - watch: The event loop that is watched.
    ///   - onEnd: Called on the link's thread, at most once, when it ends without ``stop()``.
    ///   - deliver: Called on the link's thread; ``handled()`` must follow once the events were looked at.
    /// - Throws: ``TransportError/Code/library`` when the process has no file descriptor left.
    init(
        watch: Watch,
        onEnd: @escaping @Sendable (End) -> Void,
        deliver: @escaping @Sendable ([LinkEvent]) -> Void
    ) throws(TransportError) {
        self.wakeup = try Wakeup()
        self.watch = watch
        self.onEnd = onEnd
        self.deliver = deliver
    }

    /// Begins the thread, which connects, and again whenever the connection is lost.
    func start(_ address: Address, in context: Context) throws(TransportError) -> SystemThread {
        try SystemThread.start(name: "link") { self.run(address, context) }
    }

    func send(_ item: Outgoing, session: UInt64) {
        self.outbox.withLock { outbox in
            if session == 0 { outbox.isOverflowing = false }
            guard !outbox.isOverflowing else { return }
            guard outbox.items.count < Self.outgoingMax else {
                outbox.isOverflowing = true
                outbox.mustGreet = true
                return
            }
            outbox.items.append((item, session))
        }
        self.wakeup.signal()
    }

    func handled() {
        if self.openBatches.subtract(1, ordering: .relaxed).newValue == Self.batchesMax - 1 { self.caughtUp.signal() }
    }

    /// Sends what is queued, as far as there is room, and ends the thread.
    func stop() {
        self.outbox.withLock { $0.isStopping = true }
        self.wakeup.signal()
    }

    // MARK: The link's thread

    private func run(_ address: Address, _ context: Context) {
        do throws(TransportError) {
            let dealer = try DealerSocket(
                context,
                keys: address.keys,
                coordinator: address.coordinator,
                endpoint: address.endpoint
            )
            defer { dealer.close() }
            try self.serve(dealer, Poller(dealer, self.wakeup))
        } catch {
            self.onEnd(.transport(error))
        }
    }

    private func serve(_ dealer: DealerSocket, _ poller: Poller) throws(TransportError) {
        var sender = FrameSender()
        var watch = LoopWatch(
            turns: self.watch.beat.turns,
            at: Instant(milliseconds: BootClock.now()),
            patienceMilliseconds: self.watch.patienceMilliseconds
        )
        while true {
            let ready = try poller.wait(
                timeoutMilliseconds: LoopWatch.lookMilliseconds,
                wantsRoom: sender.isBlocked
            )
            guard !watch.hangs(turns: self.watch.beat.turns, at: Instant(milliseconds: BootClock.now())) else {
                return self.onEnd(.hang(milliseconds: self.watch.patienceMilliseconds))
            }
            if ready.wakeup { self.wakeup.drain() }
            var events: [LinkEvent] = []
            if ready.monitor {
                while let event = try dealer.nextEvent() { self.note(event, &sender, &events) }
            }
            if ready.socket {
                // As many as one batch should hold, then what goes out has its turn.
                for _ in 0..<256 {
                    guard let inbound = try dealer.receive() else { break }
                    events.append(FrameReading.event(inbound))
                }
            }
            self.hand(events)
            let (items, isStopping, mustGreet) = self.outbox.withLock { outbox in
                defer {
                    outbox.items.removeAll()
                    outbox.mustGreet = false
                }
                return (outbox.items, outbox.isStopping, outbox.mustGreet)
            }
            if mustGreet || !sender.queue(items) { self.greetAnew(&sender) }
            try sender.send(over: dealer)
            if isStopping { return }
        }
    }

    /// More is waiting than may: what is unacknowledged is told again in a new session.
    private func greetAnew(_ sender: inout FrameSender) {
        sender.removeAll()
        self.outbox.withLock { outbox in
            outbox.isOverflowing = true
            outbox.items.removeAll()
        }
        self.hand([.connected])
    }

    private func note(_ event: MonitorEvent, _ sender: inout FrameSender, _ events: inout [LinkEvent]) {
        switch event {
        case .connected:
            // What was said to the last connection is said again after `Welcome`.
            sender.removeAll()
            events.append(.connected)
        case .disconnected: events.append(.disconnected)
        case .retrying: events.append(.trouble(.unreachable))
        case .refused: events.append(.trouble(.refused))
        case .handshakeFailed(let problem), .acceptFailed(let problem): events.append(.trouble(.handshake(problem)))
        }
    }

    private func hand(_ events: [LinkEvent]) {
        guard !events.isEmpty else { return }
        let open = self.openBatches.add(1, ordering: .relaxed).newValue
        self.deliver(events)
        if open >= Self.batchesMax {
            _ = self.caughtUp.wait(timeout: .now() + .milliseconds(Self.catchUpMilliseconds))
        }
    }
}

/// Frames on their way out, in order, numbered when they go.
private struct FrameSender {
    private var items: [(item: Outgoing, session: UInt64)] = []
    private var numbering = FrameNumbering()
    /// The first item as bytes, when the socket had no room for it.
    private var blocked: [UInt8]?

    var isBlocked: Bool { self.blocked != nil }

    /// Adds frames behind the others.
    ///
    /// - Returns: `false` when that would be more than may wait; then none was added.
    mutating func queue(_ more: [(item: Outgoing, session: UInt64)]) -> Bool {
        guard self.items.count + more.count <= CoordinatorLink.outgoingMax else { return false }
        self.items.append(contentsOf: more)
        return true
    }

    mutating func removeAll() {
        self.items.removeAll()
        self.blocked = nil
    }

    mutating func send(over dealer: DealerSocket) throws(TransportError) {
        var done = 0
        defer { self.items.removeFirst(done) }
        while done < self.items.count {
            let bytes = self.blocked ?? self.numbering.frame(self.items[done].item, session: self.items[done].session)
            guard let bytes else {
                done += 1
                continue
            }
            guard try dealer.send(bytes) == .sent else {
                self.blocked = bytes
                return
            }
            if case .report = self.items[done].item { CrashPoint.reach(.w07Reported) }
            self.blocked = nil
            done += 1
        }
    }
}
