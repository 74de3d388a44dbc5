import Dispatch
import Domain
import Engine
import Storage
import StorageSQLite
import Synchronization
import Telemetry
import Transport

/// What the event loop gives the journal in one go.
struct JournalGroup: Sendable {
    struct Intent: Sendable {
        let target: TargetHandle
        let epoch: Epoch
        let position: UInt32
    }

    var intents: [Intent] = []
    var facts: [TargetFact] = []

    var isEmpty: Bool { self.intents.isEmpty && self.facts.isEmpty }
}

/// Everything that is committed together.
struct JournalBatch: Sendable {
    var groups: [JournalGroup] = []
    /// Rows up to this number may go.
    var acknowledged: UInt64 = 0

    var facts: [TargetFact] { self.groups.flatMap(\.facts) }

    var intents: [JournalStore.Intent] {
        self.groups.flatMap { group in
            group.intents.map { JournalStore.Intent(epoch: $0.epoch, position: $0.position) }
        }
    }
}

/// Where the runner's groups go to become durable; what came of them is told by ``JournalNews``.
protocol JournalInbox: AnyObject {
    func append(_ group: JournalGroup)

    /// Frees rows up to `number`.
    func acknowledge(_ number: UInt64)
}

/// What the journal tells the event loop, in order.
enum JournalNews: Sendable {
    /// Rows that are safe now, and how many of the groups given are in them: the oldest ones.
    case committed(rows: [JournalStore.CommittedRow], groups: Int)
    /// The journal cannot be written; it is tried again by itself. Said once.
    case refused(StoreError)
    /// It can be written again.
    case resumed
}

/// The journal's own thread: takes whatever has come together, commits it as one transaction, and tells of it in one hop.
///
/// Its queue is bounded by the leases held: a target brings at most one intent and one fact, and nothing more is begun while the
/// journal refuses.
final class JournalWriter: JournalInbox, Sendable {
    /// How often a refusing disk is tried.
    static let retryMilliseconds = 500

    private struct Inbox: Sendable {
        var batch = JournalBatch()
        var hasWork = false
        var isStopping = false
        var isWaiting = false
    }

    private let inbox = Mutex(Inbox())
    private let bell = DispatchSemaphore(value: 0)
    private let deliver: @Sendable (JournalNews) -> Void

    /// - Parameter deliver: Called on the journal's thread.
    init(deliver: @escaping @Sendable (JournalNews) -> Void) { self.deliver = deliver }

    /// Begins the thread.
    ///
    /// It owns the file from now on, and closes it when it ends.
    func start(_ file: sending JournalFile) throws(TransportError) -> SystemThread {
        let handover = Mutex<JournalFile?>(file)
        return try SystemThread.start(name: "journal") {
            guard let file = handover.withLock({ $0.take() }) else { return }
            self.run(file)
        }
    }

    func append(_ group: JournalGroup) {
        self.change {
            $0.batch.groups.append(group)
            $0.hasWork = true
        }
    }

    func acknowledge(_ number: UInt64) {
        self.change {
            $0.batch.acknowledged = max($0.batch.acknowledged, number)
            $0.hasWork = true
        }
    }

    /// Writes what is queued, closes the file and ends the thread.
    func stop() {
        self.change {
            $0.isStopping = true
            $0.hasWork = true
        }
    }

    private func change(_ body: (inout Inbox) -> Void) {
        let mustRing = self.inbox.withLock { inbox in
            body(&inbox)
            defer { inbox.isWaiting = false }
            return inbox.isWaiting
        }
        if mustRing { self.bell.signal() }
    }

    private func next() -> Inbox {
        while true {
            let taken = self.inbox.withLock { inbox -> Inbox? in
                guard inbox.hasWork else {
                    inbox.isWaiting = true
                    return nil
                }
                defer {
                    inbox.batch.groups = []
                    inbox.hasWork = false
                }
                return inbox
            }
            if let taken { return taken }
            self.bell.wait()
        }
    }

    private func run(_ file: JournalFile) {
        while true {
            let work = self.next()
            guard self.commit(work.batch, to: file) else { break }
            if work.isStopping { break }
        }
        try? file.database.close()
    }

    /// - Returns: `false` when the worker stops while the journal refuses.
    private func commit(_ work: JournalBatch, to file: JournalFile) -> Bool {
        let facts = work.facts
        var isRefusing = false
        while true {
            do throws(StoreError) {
                if !facts.isEmpty { CrashPoint.reach(.w06OutcomeBeforeJournal) }
                let rows = try file.commit(work)
                if !facts.isEmpty { CrashPoint.reach(.w05OutcomeJournalled) }
                if isRefusing { self.deliver(.resumed) }
                if !work.groups.isEmpty { self.deliver(.committed(rows: rows, groups: work.groups.count)) }
                return true
            } catch {
                if !isRefusing { self.deliver(.refused(error)) }
                isRefusing = true
                guard !self.inbox.withLock({ $0.isStopping }) else { return false }
                _ = self.bell.wait(timeout: .now() + .milliseconds(Self.retryMilliseconds))
            }
        }
    }
}
