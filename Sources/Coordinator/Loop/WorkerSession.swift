import Domain
import Engine
import Wire

/// A worker that is connected and said Hello.
final class WorkerSession {
    let id: UInt64
    let name: String
    let routing: [UInt8]
    let build: String
    var sequence: UInt64 = 0
    /// The newest credit; `nil` before the first.
    var credit: Credit?
    var lastHeard: Instant
    /// Revision of each campaign's content that was sent in this session.
    var contents: [Campaign.ID: Int] = [:]
    var relayProblems: [String: RelayProblem] = [:]
    /// Open targets by site.
    var openBySite: [String: Int] = [:]

    struct Credit {
        let nonce: UInt64
        let targets: Int
        let at: Instant
    }

    struct RelayProblem {
        let text: String
        /// One shard may try it from then on.
        var probeAt: Instant
    }

    init(id: UInt64, name: String, routing: [UInt8], build: String, at now: Instant) {
        self.id = id
        self.name = name
        self.routing = routing
        self.build = build
        self.lastHeard = now
    }

    /// Targets it can take now.
    func room(open: Int, at now: Instant) -> Int {
        guard let credit = self.credit, now.milliseconds(since: credit.at) < LoopLimits.creditAgeMilliseconds else {
            return 0
        }
        return max(0, min(credit.targets, LoopLimits.credit) - open)
    }
}

/// What is known of a worker over its sessions.
struct WorkerTally {
    var accepted = 0
    var rate = RateMeter()
}
