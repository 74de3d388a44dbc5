import Domain
import Engine
import Storage
import UserFiles
import Wire

@testable import CoordinatorCore

extension PowerBench {
    static let options = LoopOptions(
        relays: [
            "main": LoopOptions.RelayOptions(
                wire: filled(WireRelay()) { $0.name = "main" },
                limits: [PowerBench.relayLimit],
                retries: RetryPolicy(delays: [20_000, 60_000], jitter: 0.2)
            )
        ],
        siteLimits: { _ in LoopOptions.SiteOptions(limits: [], connections: 8) },
        namedSites: [],
        rollup: [:],
        clusterLimits: [],
        leaseTTLMilliseconds: 60_000,
        orphanGraceMilliseconds: 600_000,
        machineBoot: "boot",
        messageIDKey: [1, 2, 3]
    )

    static let relayLimit = Limit(quantity: 60, periodMilliseconds: 1_000, burst: 90)

    static let campaign = """
        name: test
        relay: main
        audience: {list: everyone}
        from: a@b.example
        variants: [{name: a, subject: s, text: "Hi {{name}}"}]

        """

    func addContacts(_ count: Int) throws {
        try self.read { connection throws(StoreError) in
            try connection.transaction { () throws(StoreError) in
                let insert = try connection.prepare(
                    """
                    INSERT INTO contact (id, email, email_key, domain, created_at, updated_at, f_name)
                    VALUES (?1, ?2, ?2, ?3, 0, 0, ?4)
                    """
                )
                for id in 1...count {
                    // One large site, and many small ones.
                    let domain = id.isMultiple(of: 3) ? "s\(id % 20).example" : "large.example"
                    insert.bind(1, id)
                    insert.bind(2, "p\(id)@\(domain)")
                    insert.bind(3, domain)
                    insert.bind(4, "Person \(id)")
                    try insert.run()
                }
                try connection.execute(
                    "INSERT INTO list (id, name) VALUES (1, 'everyone'); INSERT INTO list_member SELECT 1, id FROM contact"
                )
            }
        }
    }

    /// Everybody's outcome in a campaign, by contact: `nil` is pending.
    func outcomes(_ id: Campaign.ID) throws -> [UInt64: (outcome: Outcome?, wasDoubted: Bool)] {
        try self.read { connection throws(StoreError) in
            let row = try connection.prepare("SELECT contact, state, doubted FROM target WHERE campaign = ?1")
            defer { row.reset() }
            row.bind(1, id.rawValue)
            var outcomes: [UInt64: (Outcome?, Bool)] = [:]
            while try row.step() {
                outcomes[UInt64(row.integer(0))] = (Outcome(rawValue: Int(row.integer(1))), row.integer(2) != 0)
            }
            return outcomes
        }
    }

    /// What is wrong with a campaign that is over.
    func faults(of id: Campaign.ID, audience: Int) throws -> [String] {
        let outcomes = try self.outcomes(id)
        var faults: [String] = []
        if outcomes.count != audience { faults.append("\(outcomes.count) targets of \(audience)") }
        for (contact, target) in outcomes.sorted(by: { $0.key < $1.key }) {
            let taken = self.departures.taken(UInt64(id.rawValue), contact)
            guard let outcome = target.outcome, outcome != .deferred else {
                faults.append("contact \(contact) is not settled")
                continue
            }
            if outcome == .expired { faults.append("contact \(contact) was given up") }
            if taken > (target.wasDoubted ? 2 : 1) { faults.append("contact \(contact) was written to \(taken) times") }
            if taken > 0, outcome != .accepted { faults.append("contact \(contact) has a message and is \(outcome)") }
            if taken == 0, outcome == .accepted { faults.append("contact \(contact) is accepted and has no message") }
        }
        return faults
    }

    /// Goes on until every campaign that runs is over.
    func finish(_ campaigns: [Campaign.ID], turns: Int = 3_000) throws -> Bool {
        for worker in self.workers { worker.isCalm = true }
        defer { for worker in self.workers { worker.isCalm = false } }
        for _ in 0..<turns {
            try self.step()
            if try campaigns.allSatisfy({ try self.status($0).state == .finished }) { return true }
            if self.workers.allSatisfy(\.isIdle) { self.advance(10_000) }
        }
        return false
    }
}

/// Every message that left.
struct Departures {
    private var times: [(at: Instant, campaign: UInt64)] = []
    private var takings: [Key: Int] = [:]

    private struct Key: Hashable {
        let campaign: UInt64
        let contact: UInt64
    }

    var count: Int { self.times.count }

    mutating func note(_ campaign: UInt64, _ contact: UInt64, isTaken: Bool, at now: Instant) {
        self.times.append((now, campaign))
        if isTaken { self.takings[Key(campaign: campaign, contact: contact), default: 0] += 1 }
    }

    func taken(_ campaign: UInt64, _ contact: UInt64) -> Int {
        self.takings[Key(campaign: campaign, contact: contact)] ?? 0
    }

    /// The most messages that left within one period, of all campaigns or one.
    func most(inMilliseconds period: Int64, of campaign: UInt64? = nil) -> Int {
        let times = self.times.filter { campaign == nil || $0.campaign == campaign }.map(\.at)
        var most = 0
        var first = 0
        for last in times.indices {
            while times[last].milliseconds(since: times[first]) >= period { first += 1 }
            most = max(most, last - first + 1)
        }
        return most
    }

    /// The workers' wall clock.
    func wall(_ now: Instant) -> Timestamp { Timestamp(milliseconds: 1_800_000_000_000 + now.milliseconds) }
}
