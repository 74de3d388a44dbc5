package import Domain
package import Engine
import Logging
package import NIOCore
package import Relay
package import Storage

/// A worker whose threads, clocks, disk and network are its caller's: what the simulator runs.
///
/// Everything between them is what `postrider-worker` runs: the conversation, the runner, the relays' pools and the journal's SQL.
/// One thread, which is also the event loop's.
package final class DrivenWorker {
    /// What the caller brings.
    package struct Surroundings {
        let eventLoop: any EventLoop
        let clocks: WorkerClocks
        let journal: any SQLConnection
        let random: any RandomNumberGenerator
        let makeChannel: (RelayConfiguration, @escaping (Result<any Channel, DialProblem>) -> Void) -> Void

        /// - Parameters:
        ///   - eventLoop: Runs everything; tells the time to relay connections.
        ///   - clocks: Tell the time to everything else.
        ///   - journal: An open database for this journal alone, empty or as an earlier worker left it.
        ///   - random: For nonces and pauses.
        ///   - makeChannel: Begins to connect to a relay, and calls back once.
        package init(
            eventLoop: any EventLoop,
            clocks: WorkerClocks,
            journal: any SQLConnection,
            random: any RandomNumberGenerator,
            makeChannel: @escaping (RelayConfiguration, @escaping (Result<any Channel, DialProblem>) -> Void) -> Void
        ) {
            self.eventLoop = eventLoop
            self.clocks = clocks
            self.journal = journal
            self.random = random
            self.makeChannel = makeChannel
        }
    }

    private let journal: DrivenJournal
    private let link = DrivenLink()
    private let runner: ShardRunner
    private let loop: WorkerLoop

    /// Opens the journal; nothing is said before ``start(onDamage:)``.
    ///
    /// - Parameters:
    ///   - surroundings: Loop, clocks, disk and network.
    ///   - identity: What it says of itself; its journal's identity is used when the journal is new.
    /// - Throws: What the journal's connection throws, ``StoreError/corrupt(_:)`` for a journal that cannot be believed.
    package init(_ surroundings: Surroundings, identity: WorkerIdentity) throws(StoreError) {
        let store = try JournalStore(surroundings.journal, newIdentity: identity.journal)
        let restored = try store.restore(surroundings.journal, at: surroundings.clocks.wall())
        var identity = identity
        identity.journal = store.identity
        let eventLoop = surroundings.eventLoop
        let log = Logger(label: "driven", factory: { _ in SwiftLogNoOpLogHandler() })
        self.journal = DrivenJournal(store, surroundings.journal)
        self.runner = ShardRunner(
            on: eventLoop,
            journal: self.journal,
            restored: restored,
            clocks: surroundings.clocks
        )
        var jitter = surroundings.random
        let conversation = Conversation(
            on: eventLoop,
            link: self.link,
            journal: self.journal,
            runner: self.runner,
            identity: identity,
            random: surroundings.random,
            log: log
        ) { configuration, desk in
            RelayPool(
                configuration,
                on: eventLoop,
                source: desk,
                jitter: { Double.random(in: 0..<1, using: &jitter) },
                makeChannel: surroundings.makeChannel
            )
        }
        self.loop = WorkerLoop(on: eventLoop, runner: self.runner, conversation: conversation, log: log)
    }

    /// Begins to run.
    package func start(onDamage: @escaping () -> Void) { self.loop.start(onDamage: onDamage) }

    /// Goes down in order; `onLeave` is called once nothing is left to do.
    package func drain(onLeave: @escaping () -> Void) { self.loop.drain(onLeave: onLeave) }

    /// Ends without another word, as a killed process does, and lets go of everything.
    package func abandon() {
        self.link.isClosed = true
        self.journal.isClosed = true
        self.runner.onNews = {}
        self.runner.onRelayChange = { _ in }
        for desk in self.runner.desks {
            desk.pool?.cut()
            desk.pool = nil
        }
    }

    // MARK: Network

    /// The connection to the coordinator is made.
    package func connected() { self.loop.conversation.handle([.connected]) }

    /// The connection to the coordinator is lost.
    package func disconnected() {
        self.link.items.removeAll()
        self.loop.conversation.handle([.disconnected])
    }

    /// A frame from the coordinator.
    package func receive(_ frame: [UInt8]) { self.loop.conversation.handle([FrameReading.event(frame)]) }

    /// Takes the frames that are to go out now.
    package func takeFrames() -> [[UInt8]] { self.link.takeFrames() }

    // MARK: Journal

    /// Whether anything waits to be committed.
    package var hasJournalWork: Bool { !self.journal.isClosed && self.journal.hasWork }

    /// Targets whose messages are made, and whose intents are in the next commit.
    package var madeMessages: [JournalledTarget] { self.journal.awaitedIntents }

    /// Commits what waits, in one transaction.
    ///
    /// - Returns: What to tell the worker, and what was written; `nil` for a commit about which there is nothing to tell.
    package func commitJournal() -> JournalCommit? { self.journal.commit() }

    /// Tells the worker of a commit.
    package func tell(_ commit: JournalCommit) {
        for news in commit.news { self.loop.handle(news) }
    }

    /// One try to write the journal.
    package struct JournalCommit {
        /// Targets by epoch and position whose intents are durable now.
        package let intents: [JournalledTarget]
        /// Facts that are durable now.
        package let facts: [TargetFact]
        /// `false`: nothing was written; the same is tried again.
        package let isWritten: Bool
        let news: [JournalNews]
    }

    // MARK: For checks

    /// Targets held without a fact, and those of them that are with a connection.
    package var counts: (held: Int, open: Int) { (self.runner.book.held, self.runner.book.open) }

    /// Whether nothing is held and everything was acknowledged.
    package var isIdle: Bool { self.runner.isIdle }
}

/// A target as the journal names it.
package struct JournalledTarget: Hashable, Sendable {
    package let epoch: Epoch
    package let position: UInt32

    package init(epoch: Epoch, position: UInt32) {
        self.epoch = epoch
        self.position = position
    }
}

/// The journal's queue, committed when the caller says so.
private final class DrivenJournal: JournalInbox {
    private let store: JournalStore
    private let connection: any SQLConnection
    private var batch = JournalBatch()
    /// A batch that was refused; it is tried again before anything else.
    private var refused: JournalBatch?
    private(set) var hasWork = false
    var isClosed = false

    init(_ store: JournalStore, _ connection: any SQLConnection) {
        self.store = store
        self.connection = connection
    }

    func append(_ group: JournalGroup) {
        self.batch.groups.append(group)
        self.hasWork = true
    }

    func acknowledge(_ number: UInt64) {
        self.batch.acknowledged = max(self.batch.acknowledged, number)
        self.hasWork = true
    }

    var awaitedIntents: [JournalledTarget] {
        (self.refused ?? self.batch).intents.map { JournalledTarget(epoch: $0.epoch, position: $0.position) }
    }

    func commit() -> DrivenWorker.JournalCommit? {
        guard self.hasWork, !self.isClosed else { return nil }
        let isAgain = self.refused != nil
        let work = self.refused ?? self.batch
        if !isAgain { self.batch.groups = [] }
        do throws(StoreError) {
            let rows = try self.store.commit(
                self.connection,
                intents: work.intents,
                facts: work.facts,
                acknowledged: work.acknowledged
            )
            self.refused = nil
            self.hasWork = isAgain
            var news: [JournalNews] = isAgain ? [.resumed] : []
            if !work.groups.isEmpty { news.append(.committed(rows: rows, groups: work.groups.count)) }
            return DrivenWorker.JournalCommit(
                intents: work.intents.map { JournalledTarget(epoch: $0.epoch, position: $0.position) },
                facts: work.facts,
                isWritten: true,
                news: news
            )
        } catch {
            self.refused = work
            return DrivenWorker.JournalCommit(
                intents: [],
                facts: [],
                isWritten: false,
                news: isAgain ? [] : [.refused(error)]
            )
        }
    }
}

/// The queue of frames on their way out.
private final class DrivenLink: LinkOutlet {
    var items: [(item: Outgoing, session: UInt64)] = []
    var isClosed = false
    private var numbering = FrameNumbering()

    func send(_ item: Outgoing, session: UInt64) {
        if !self.isClosed { self.items.append((item, session)) }
    }

    func handled() {}

    func takeFrames() -> [[UInt8]] {
        defer { self.items.removeAll(keepingCapacity: true) }
        return self.items.compactMap { self.numbering.frame($0.item, session: $0.session) }
    }
}
