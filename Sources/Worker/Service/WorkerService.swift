import Dispatch
import Domain
import Engine
import Foundation
import Logging
import NIOCore
import NIOPosix
import Storage
import Synchronization
import Telemetry
import Transport

/// What a worker needs to know before it can start.
struct WorkerConfiguration: Sendable {
    var name: String
    var dataFolder: String
    var address: CoordinatorLink.Address
    var connections: Int
    var journalIsPowerSafe: Bool
    var hostName: String
    var build: String
}

/// A worker from start to end: the journal's thread, the link's thread, and one event loop between them.
final class WorkerService: Sendable {
    private let eventLoop: any EventLoop
    private let place: LoopPlace
    private let link: CoordinatorLink
    private let journal: JournalWriter
    private let context: Transport.Context
    private let threads: [SystemThread]
    private let ending: Ending

    /// Opens the journal and begins to connect.
    ///
    /// - Throws: ``StoreError`` for the journal, ``TransportError`` for keys and sockets.
    init(_ configuration: WorkerConfiguration, log: Logger) throws {
        let now = Timestamp(milliseconds: ServiceLog.wallMilliseconds())
        let file = try JournalFile.open(
            folder: configuration.dataFolder,
            worker: configuration.name,
            powerSafe: configuration.journalIsPowerSafe,
            at: now
        )
        Self.tell(of: file, log)
        let identity = WorkerIdentity(
            build: configuration.build,
            machineBoot: try BootClock.machineBootID(),
            journal: file.store.identity,
            journalIsDurable: configuration.journalIsPowerSafe,
            connections: configuration.connections,
            hostName: configuration.hostName,
            process: UInt64.random(in: 1 ... .max)
        )
        let ending = Ending(log: log)
        let eventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()
        let place = LoopPlace()
        let journal = JournalWriter { news in eventLoop.execute { place.loop?.handle(news) } }
        let beat = LoopBeat()
        let link = try CoordinatorLink(
            watch: .init(beat: beat),
            onEnd: { ending.end($0) },
            deliver: { events in eventLoop.execute { place.loop?.conversation.handle(events) } }
        )
        let restored = file.restored
        try eventLoop.submit {
            let runner = ShardRunner(on: eventLoop, journal: journal, restored: restored)
            let conversation = Conversation(
                on: eventLoop,
                link: link,
                journal: journal,
                runner: runner,
                identity: identity,
                log: log
            )
            let loop = WorkerLoop(on: eventLoop, runner: runner, conversation: conversation, log: log)
            place.fill(NIOLoopBound(loop, eventLoop: eventLoop))
        }.wait()
        let context = try Transport.Context()
        self.eventLoop = eventLoop
        self.place = place
        self.link = link
        self.journal = journal
        self.context = context
        self.ending = ending
        eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(LoopBeat.milliseconds)) { _ in
            beat.turn()
        }
        self.threads = [try journal.start(file), try link.start(configuration.address, in: context)]
        eventLoop.execute { place.loop?.start { ending.end(1) } }
    }

    /// Takes no more work, ends what is open, reports, and ends; ``wait()`` returns then.
    func drain() {
        self.eventLoop.execute { self.place.loop?.drain { self.ending.end(0) } }
    }

    /// Waits until the worker has ended.
    ///
    /// - Returns: The process's exit code.
    func wait() -> Int32 {
        let code = self.ending.wait()
        self.link.stop()
        self.journal.stop()
        for thread in self.threads { thread.join() }
        // Blocks for as long as the last frames take to leave, a second at most.
        try? self.context.terminate()
        return code
    }

    private static func tell(of file: borrowing JournalFile, _ log: Logger) {
        if let movedAside = file.movedAside {
            log.event(
                .journal,
                level: .error,
                "The journal was damaged and a new one begun; what the old one knew is in doubt",
                [.path: .string(movedAside), .problem: .string(file.damage ?? "")]
            )
        }
        if file.mark?.isKept == false {
            log.event(
                .journal,
                level: .warning,
                "The mark beside the journal cannot be opened, so a lost end of the journal would go unnoticed; check the folder"
            )
        }
        let facts = file.restored.rows.reduce(0) { $0 + $1.facts.count }
        guard facts > 0 else { return }
        log.event(
            .journal,
            "The journal holds outcomes that are still to be reported",
            [.count: .number(facts), .inDoubt: .number(file.restored.doubts)]
        )
    }
}

/// How the process ends: by itself, or because a thread cannot go on.
private final class Ending: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let code = Mutex<Int32>(0)
    private let log: Logger

    init(log: Logger) { self.log = log }

    /// Has ``wait()`` return; the highest code wins.
    func end(_ code: Int32) {
        self.code.withLock { $0 = max($0, code) }
        self.semaphore.signal()
    }

    /// The link's thread ended.
    func end(_ end: CoordinatorLink.End) {
        switch end {
        case .transport(let error):
            self.log.event(
                .failed,
                level: .critical,
                "Nothing can be said to the coordinator any more; this process ends so that another begins",
                [.problem: .string(error.message)]
            )
            self.end(1)
        case .hang(let milliseconds):
            self.log.event(
                .failed,
                level: .critical,
                "The event loop hangs; this process ends so that another begins",
                [.duration: .number(milliseconds)]
            )
            // Not in order: that would need the event loop. What was begun is in the journal.
            exit(1)
        }
    }

    /// - Returns: The process's exit code.
    func wait() -> Int32 {
        self.semaphore.wait()
        return self.code.withLock { $0 }
    }
}

/// Where the other threads' news finds the loop's objects, which can only be made and used on the loop.
private final class LoopPlace: Sendable {
    private let bound = Mutex<NIOLoopBound<WorkerLoop>?>(nil)

    func fill(_ loop: NIOLoopBound<WorkerLoop>) { self.bound.withLock { $0 = loop } }

    /// Only for use on the event loop.
    var loop: WorkerLoop? { self.bound.withLock { $0 }?.value }
}
