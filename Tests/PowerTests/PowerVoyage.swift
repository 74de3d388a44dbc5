import Domain
import Storage

@testable import CoordinatorCore

/// Campaigns under power cuts at random moments, by seed: in the middle of a write, between writes and syncs, between a commit and
/// what it let out.
struct PowerVoyage {
    /// What is done to the disk's honesty.
    enum Sabotage: CaseIterable {
        case none
        /// Syncs that do nothing.
        case deafDisk
        /// `PRAGMA synchronous=OFF`.
        case noSync
        /// Now and then a sync fails, and what it was to write is lost.
        case failingSyncs
    }

    struct Result {
        var cuts = 0
        var failures: [String] = []
        var facts = 0
        var grants = 0
        var departures = 0
        var faults = 0
    }

    /// Contacts in each campaign's audience.
    static let audience = 180
    private static let turnsMax = 40

    private let bench: PowerBench
    private let seed: UInt64
    private let sabotage: Sabotage
    private var random: SplitMix64
    private var result = Result()
    private var isSabotaged = false

    static func run(seed: UInt64, cuts: Int, sabotage: Sabotage = .none) throws -> Result {
        var voyage = try PowerVoyage(seed: seed, sabotage: sabotage)
        return try voyage.run(cuts: cuts)
    }

    private init(seed: UInt64, sabotage: Sabotage) throws {
        self.seed = seed
        self.sabotage = sabotage
        self.random = SplitMix64(seed &* 13 &+ 5)
        // Checkpoints as often as a long life would bring them.
        let checkpoint = [8, 60, 400, 4_000][self.random.number(in: 0...3)]
        var pragmas = ["wal_autocheckpoint=\(checkpoint)", "cache_size=-2000"]
        if sabotage == .noSync { pragmas.append("synchronous=OFF") }
        self.bench = try PowerBench(seed: seed, workers: 2, contacts: Self.audience, pragmas: pragmas)
    }

    private mutating func run(cuts: Int) throws -> Result {
        if self.sabotage == .deafDisk { self.bench.disk.ignoresSync(true) }
        while self.result.cuts < cuts, self.result.failures.isEmpty {
            try self.sail()
            self.result.cuts += 1
            self.bench.disk.lift()
            let missing = try self.bench.cutPower(seed: self.random.next())
            self.result.failures += missing.prefix(5).map { "seed \(self.seed), cut \(self.result.cuts): \($0)" }
        }
        if self.result.failures.isEmpty { try self.land() }
        self.result.facts = self.bench.promises.factCount
        self.result.grants = self.bench.promises.grantCount
        self.result.departures = self.bench.departures.count
        self.result.faults = self.bench.disk.faults
        return self.result
    }

    /// Work until the power goes.
    private mutating func sail() throws {
        let disk = self.bench.disk
        if self.sabotage == .failingSyncs {
            disk.fail(.sync, with: .sync, after: self.random.number(in: 0...12), times: self.random.number(in: 1...3))
        }
        // Most cuts strike while something is written, the others between two turns.
        if self.random.chance(75) { disk.turnOff(after: self.random.number(in: 0...400)) }
        for _ in 0..<self.random.number(in: 2...Self.turnsMax) where !disk.isOff {
            do {
                try self.act()
            } catch is StoreError {
                // Said to the operator; the machine may be off by now.
            }
        }
        guard !disk.isOff else { return }
        self.bench.speaks = self.random.number(in: 0...6)
        try? self.act()
        self.bench.speaks = nil
    }

    private mutating func act() throws {
        let running = try self.campaigns()
        if running.count < 2, self.random.chance(running.isEmpty ? 100 : 4) {
            _ = try self.bench.start(self.random.chance(30) ? "throttles: [\"50/s\"]\n" : "")
        } else if let record = running.randomElement(using: &self.random), self.random.chance(5) {
            let isPaused = record.state == .paused
            _ = try self.bench.take(isPaused ? .resume : .pause, on: record.id, leadsTo: isPaused ? .running : .paused)
        } else {
            try self.bench.step()
        }
    }

    /// Campaigns that are not over.
    private func campaigns() throws -> [CampaignRecord] {
        try self.bench.read { connection throws(StoreError) in
            try CampaignStore(connection).all().filter { $0.state == .running || $0.state == .paused }
        }
    }

    /// The weather is fine: everything is settled, and everybody was written to once.
    private mutating func land() throws {
        let campaigns = try self.campaigns()
        for record in campaigns where record.state == .paused {
            _ = try self.bench.take(.resume, on: record.id, leadsTo: .running)
        }
        let isOver = try self.bench.finish(campaigns.map(\.id))
        if !isOver { self.result.failures.append("seed \(self.seed): campaigns do not come to an end") }
        for record in campaigns {
            let faults = try self.bench.faults(of: record.id, audience: Self.audience)
            self.result.failures += faults.prefix(5).map { "seed \(self.seed), \(record.id.publicID): \($0)" }
        }
        let limit = PowerBench.relayLimit
        let most = self.bench.departures.most(inMilliseconds: limit.periodMilliseconds)
        if most > limit.quantity + limit.burst {
            self.result.failures.append("seed \(self.seed): \(most) messages within a second")
        }
    }
}
