import Domain
import Engine
import Wire

/// A worker that is connected and said Hello.
final class WorkerSession {
    let id: UInt64
    let name: String
    let routing: [UInt8]
    let build: String
    /// Connections that it may open, over all relays.
    let connections: Int
    /// Of the last frame to it.
    var sequence: UInt64 = 0
    /// Of the last frame from it: they come one by one, and one that is missing must be noticed.
    var heardSequence: UInt64 = 0
    /// The store refuses something that this worker said: from there on nothing is acknowledged, since a number covers all before it.
    var hasLeftOut = false
    /// The newest credit; `nil` before the first.
    var credit: Credit?
    var lastHeard: Instant
    /// Revision of each campaign's content that was sent in this session.
    var contents: [Campaign.ID: Int] = [:]
    var relayProblems: [String: RelayProblem] = [:]
    /// What it has of each queue of which it has something.
    private(set) var uses: [RelayQueue: QueueUse] = [:]
    /// Open targets by relay.
    private(set) var openByRelay: [String: Int] = [:]
    /// When an outcome last came from each relay.
    var heardFromRelay: [String: Instant] = [:]
    /// A lease of suspects: while it is open the worker gets nothing else.
    var apart: Epoch?

    struct Credit {
        let nonce: UInt64
        let targets: Int
        let at: Instant
    }

    struct RelayProblem {
        let text: String
        /// One shard may try it from then on.
        var probeAt: Instant
        /// Found here, because nothing moved; an outcome ends it.
        var isStill = false

        /// Pause between two tries.
        var probeMilliseconds: Int64 {
            self.isStill ? LoopLimits.stillProbeMilliseconds : LoopLimits.relayProbeMilliseconds
        }
    }

    init(id: UInt64, name: String, routing: [UInt8], build: String, connections: Int = 1, at now: Instant) {
        self.id = id
        self.name = name
        self.routing = routing
        self.build = build
        self.connections = connections
        self.lastHeard = now
    }

    /// Notes targets that it got, and how many of the queue it may send at once.
    func takes(_ count: Int, in queue: RelayQueue, slots: Int) {
        self.uses[queue, default: QueueUse()].grant(count, slots: slots)
        self.openByRelay[queue.relay, default: 0] += count
    }

    /// Notes targets that are out of its hands, with `asReturned` because it handed them back.
    func settles(_ count: Int, in queue: RelayQueue, asReturned: Bool) {
        if asReturned { self.uses[queue]?.handBack(count) } else { self.uses[queue]?.settle(count) }
        if self.uses[queue]?.open == 0 { self.uses[queue] = nil }
        let openOfRelay = (self.openByRelay[queue.relay] ?? 0) - count
        self.openByRelay[queue.relay] = openOfRelay > 0 ? openOfRelay : nil
    }

    /// Nothing that it was granted counts any more.
    func forgetOpen() {
        self.uses.removeAll()
        self.openByRelay.removeAll()
        self.apart = nil
    }

    /// Targets it can take now.
    func room(open: Int, at now: Instant) -> Int { max(0, self.targetsMax(at: now) - open) }

    /// Targets that are kept free for all relays but one.
    ///
    /// Half of a worker's targets are shared out among the relays: one that hangs takes what it gets and gives nothing back.
    func reserved(besides relay: String, of relays: some Collection<String>, at now: Instant) -> Int {
        let share = self.targetsMax(at: now) / (2 * max(1, relays.count))
        var kept = 0
        for other in relays where other != relay { kept += max(0, share - (self.openByRelay[other] ?? 0)) }
        return kept
    }

    /// Whether it said of late how much it takes.
    func hasCredit(at now: Instant) -> Bool { self.targetsMax(at: now) > 0 }

    private func targetsMax(at now: Instant) -> Int {
        guard let credit = self.credit, now.milliseconds(since: credit.at) < LoopLimits.creditAgeMilliseconds else {
            return 0
        }
        return min(credit.targets, LoopLimits.credit)
    }
}

/// The process that a worker is, or was.
struct WorkerProcess: Hashable, Sendable {
    /// Random at its start; 0 when it does not tell.
    let id: UInt64
    /// It went down in order: what it held was handed back.
    var saidGoodbye = false
}

/// What is known of a worker over its sessions.
struct WorkerTally {
    var accepted = 0
    var rate = RateMeter()
}
