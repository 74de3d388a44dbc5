import Domain
import Storage

/// Plain counts since the start, for metrics.
struct LoopCounters: Sendable {
    var turns = 0
    var failedTurns = 0
    /// Reports taken in, whatever was in them.
    var reports = 0
    var grants = 0
    var granted = 0
    var outcomes: [Outcome: Int] = [:]
    var returned = 0
    var refusedReports = 0
    var staleReports = 0
    var sentTwice = 0
    var frozen = 0
    var malformed = 0
    /// Targets that brought workers down.
    var poisoned = 0
    /// Leases that did not move for too long.
    var stillLeases = 0
    /// Leases whose deadline passed before their worker reported.
    var expiredLeases = 0
    /// Times that a guard stopped something.
    var guardTrips: [GuardRules.Rule: Int] = [:]
    var turnWasFull = false
}

/// What metrics show of the loop, copied after each turn.
struct LoopSnapshot: Sendable {
    var counters = LoopCounters()
    var sessions = 0
    var campaigns: [CampaignState: Int] = [:]
    var relayProblems: [String: Int] = [:]
    /// Why nothing is sent, and what to do; `nil` when all is as it should be.
    var restored: String?
}

extension LoopCore {
    func snapshot() -> LoopSnapshot {
        var snapshot = LoopSnapshot(counters: self.counters, sessions: self.sessions.count)
        snapshot.restored = self.restoredText
        for campaign in self.campaigns.values {
            snapshot.campaigns[campaign.record.state, default: 0] += 1
        }
        for relay in self.options.relays.keys { snapshot.relayProblems[relay] = 0 }
        for session in self.sessions.values {
            for relay in session.relayProblems.keys { snapshot.relayProblems[relay, default: 0] += 1 }
        }
        return snapshot
    }
}
