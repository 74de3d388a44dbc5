import Domain
import Engine
import Storage
import Wire

@testable import CoordinatorCore

/// What the coordinator promised, by saying it: it must be on the disk whatever happens to the power.
struct Promises {
    private struct Grant {
        let holder: String
        let campaign: Int64
        let lane: Int
        let positions: [Int]
    }

    private struct Fact: Hashable {
        let campaign: Int64
        let lane: Int
        let position: Int
        let epoch: UInt64
    }

    /// Grants that left, by epoch.
    private var grants: [UInt64: Grant] = [:]
    /// Outcomes that were acknowledged.
    private var facts: [Fact: Outcome] = [:]
    /// Targets that are accepted for good.
    private var accepted: Set<Fact> = []
    /// States that each campaign may be in, as far as commands were answered.
    private var states: [Campaign.ID: Set<CampaignState>] = [:]
    private var highestEpoch: UInt64 = 0
    /// Promises that were broken at once.
    private var broken: [String] = []

    var factCount: Int { self.facts.count }
    var grantCount: Int { self.grants.count }

    // What leaves.

    mutating func note(_ payload: [UInt8], to worker: PowerWorker) throws {
        switch try CoordinatorMessage.decode(payload).message {
        case .grant(let grant): self.note(grant, to: worker.name)
        case .acknowledge(let acknowledge):
            for (row, fact) in worker.journal where row <= acknowledge.number { self.note(fact) }
        default: break
        }
    }

    private mutating func note(_ grant: WireGrant, to holder: String) {
        if grant.epoch <= self.highestEpoch {
            self.broken.append("epoch \(grant.epoch) was granted after \(self.highestEpoch)")
        }
        self.highestEpoch = max(self.highestEpoch, grant.epoch)
        let noted = Grant(
            holder: holder,
            campaign: Int64(grant.campaign),
            lane: Int(grant.lane),
            positions: grant.position.map { Int($0) }
        )
        self.grants[grant.epoch] = noted
        for position in noted.positions {
            let target = Fact(campaign: noted.campaign, lane: noted.lane, position: position, epoch: 0)
            if self.accepted.contains(target) {
                self.broken.append("target \(position) of lane \(noted.lane) was accepted and is granted again")
            }
        }
    }

    private mutating func note(_ fact: PowerWorker.Fact) {
        guard let grant = self.grants[fact.epoch] else { return }
        let outcome: Outcome
        switch fact.outcome {
        case .accepted: outcome = .accepted
        case .deferred: outcome = .deferred
        case .bounced: outcome = .bounced
        case .inDoubt: outcome = .inDoubt
        default: return
        }
        let key = Fact(campaign: grant.campaign, lane: grant.lane, position: fact.position, epoch: fact.epoch)
        self.facts[key] = outcome
        guard outcome == .accepted else { return }
        self.accepted.insert(Fact(campaign: grant.campaign, lane: grant.lane, position: fact.position, epoch: 0))
    }

    // What operators are told.

    /// A command was given that may lead to this state.
    mutating func asked(_ id: Campaign.ID, _ state: CampaignState) { self.states[id, default: []].insert(state) }

    /// The command was answered.
    mutating func answered(_ id: Campaign.ID, _ states: Set<CampaignState>) { self.states[id] = states }

    // What is there.

    /// - Returns: What is wrong with the database, or missing in it.
    func missing(_ connection: any SQLConnection) throws(StoreError) -> [String] {
        var missing = self.broken
        let check = try connection.prepare("PRAGMA integrity_check")
        defer { check.reset() }
        while try check.step() {
            if check.text(0) != "ok" { missing.append("integrity: \(check.text(0))") }
        }
        missing += try self.missingFacts(connection)
        missing += try self.missingGrants(connection)
        let campaigns = try CampaignStore(connection).all()
        for (id, states) in self.states {
            let found = campaigns.first { $0.id == id }?.state
            // A campaign finishes by itself, also a paused one of which nothing is left.
            let isFine = found.map { states.contains($0) || $0 == .finished } ?? false
            if !isFine { missing.append("\(id.publicID) is \(found.map { "\($0)" } ?? "gone"), not one of \(states)") }
        }
        for record in campaigns {
            missing += try CountQueries(connection).differences(record.id).map { "\(record.id.publicID): \($0)" }
        }
        return missing
    }

    private func missingFacts(_ connection: any SQLConnection) throws(StoreError) -> [String] {
        let row = try connection.prepare("SELECT campaign, lane, position, epoch, outcome FROM ledger")
        defer { row.reset() }
        var ledger: [Fact: Outcome] = [:]
        while try row.step() {
            let key = Fact(
                campaign: row.integer(0),
                lane: Int(row.integer(1)),
                position: Int(row.integer(2)),
                epoch: UInt64(bitPattern: row.integer(3))
            )
            ledger[key] = Outcome(rawValue: Int(row.integer(4)))
        }
        let state = try connection.prepare("SELECT campaign, lane, position FROM target WHERE state = 1")
        defer { state.reset() }
        var settled: Set<Fact> = []
        while try state.step() {
            settled.insert(
                Fact(
                    campaign: state.integer(0),
                    lane: Int(state.integer(1)),
                    position: Int(state.integer(2)),
                    epoch: 0
                )
            )
        }
        let facts = self.facts.filter { ledger[$0.key] != $0.value }.map {
            "the ledger has \(ledger[$0.key].map { "\($0)" } ?? "nothing") for \($0.value) of \($0.key)"
        }
        return facts + self.accepted.subtracting(settled).map { "\($0) was accepted and is not any more" }
    }

    private func missingGrants(_ connection: any SQLConnection) throws(StoreError) -> [String] {
        let row = try connection.prepare("SELECT epoch, holder FROM shard")
        defer { row.reset() }
        var holders: [UInt64: String] = [:]
        while try row.step() { holders[UInt64(bitPattern: row.integer(0))] = row.text(1) }
        return self.grants.filter { holders[$0.key] != $0.value.holder }.map { "the shard of epoch \($0.key) is gone" }
    }
}
