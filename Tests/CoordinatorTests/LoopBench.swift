import Domain
import Engine
import Foundation
import Storage
import StorageSQLite
import Testing
import UserFiles
import Wire

@testable import CoordinatorCore

/// A loop with a store in memory, a clock that the test moves, and workers that follow a script.
///
/// Every turn ends with the law that the counts kept on the lanes are those of the targets.
final class LoopBench {
    let database: SQLiteDatabase
    let connection: FailingConnection
    var options: LoopOptions
    private(set) var core: LoopCore
    private(set) var now = Instant(milliseconds: 1_000_000)
    private(set) var wall = Timestamp(milliseconds: 1_800_000_000_000)
    private(set) var workers: [ScriptedWorker] = []
    /// Frames that were sent to nobody the bench knows.
    private(set) var strayFrames = 0
    private(set) var notes: [LoopNote] = []
    private let seed: UInt64

    /// How long approvals hold.
    var approvalMilliseconds: Int64 = 86_400_000

    static let start = Timestamp(milliseconds: 1_800_000_000_000)

    /// With a path it works on a copy of another bench's store; without one everything is new and in memory.
    init(seed: UInt64 = 1, path: String? = nil, _ change: (inout LoopOptions) -> Void = { _ in }) throws {
        self.seed = seed
        var options = LoopBench.options
        change(&options)
        self.options = options
        let database = try SQLiteDatabase(path: path, profile: .ledger, applicationID: Schema.ledgerID)
        self.database = database
        let connection = try database.access { connection throws(StoreError) in
            try Schema.migrate(connection)
            _ = try FieldStore(connection).define([Field(name: "name", type: .text)])
            return FailingConnection(connection)
        }
        self.connection = connection
        let (now, wall) = (self.now, self.wall)
        self.core = try database.access { _ throws(StoreError) in
            let core = try LoopCore(connection, options: options, random: SplitMix64(seed))
            try core.start(now: now, wall: wall)
            return core
        }
    }

    static var options: LoopOptions {
        let relay = LoopOptions.RelayOptions(
            wire: filled(WireRelay()) { $0.name = "main" },
            limits: [],
            retries: RetryPolicy(delays: [60_000, 120_000], jitter: 0)
        )
        return LoopOptions(
            relays: ["main": relay],
            siteLimits: { _ in LoopOptions.SiteOptions(limits: [], connections: 8) },
            namedSites: [],
            rollup: [:],
            clusterLimits: [],
            leaseTTLMilliseconds: 60_000,
            orphanGraceMilliseconds: 600_000,
            machineBoot: "boot",
            messageIDKey: [1, 2, 3]
        )
    }

    // MARK: Turns

    /// Takes a turn, hands its frames to the workers, and checks the counts.
    func turn(_ events: [LoopEvent] = []) throws {
        let (core, now, wall) = (self.core, self.now, self.wall)
        let effects = try self.database.access { _ throws(StoreError) in core.step(events, now: now, wall: wall) }
        for effect in effects {
            switch effect {
            case .send(let routing, let payload):
                guard let worker = self.workers.first(where: { $0.routing == routing }) else {
                    self.strayFrames += 1
                    continue
                }
                try worker.receive(payload, at: now)
            case .finished(let command, let error): command.finished(error)
            case .log(let note): self.notes.append(note)
            }
        }
        try self.checkCounts()
        let first = self.workers.compactMap { $0.takeFirstWord() }
        if !first.isEmpty { try self.turn(first) }
    }

    func advance(_ milliseconds: Int64) {
        self.now = self.now.advanced(byMilliseconds: milliseconds)
        self.wall = self.wall.advanced(byMilliseconds: milliseconds)
    }

    /// Somebody sets the machine's clock.
    func setClock(byMilliseconds milliseconds: Int64) { self.wall = self.wall.advanced(byMilliseconds: milliseconds) }

    /// A coordinator that died is started again on the same store.
    func restart() throws {
        let (connection, options, now, wall, seed) = (self.connection, self.options, self.now, self.wall, self.seed)
        self.core = try self.database.access { _ throws(StoreError) in
            let core = try LoopCore(connection, options: options, random: SplitMix64(seed))
            try core.start(now: now, wall: wall)
            return core
        }
        try self.checkCounts()
    }

    func checkCounts() throws {
        let differences = try self.read { connection throws(StoreError) in
            var all: [String] = []
            for record in try CampaignStore(connection).all() {
                all += try CountQueries(connection).differences(record.id).map { "\(record.id.publicID): \($0)" }
            }
            return all
        }
        try #require(differences == [])
    }

    // MARK: Workers

    func worker(_ name: String, connection: String = "") -> ScriptedWorker {
        let worker = ScriptedWorker(name, connection: connection)
        self.workers.append(worker)
        return worker
    }

    /// A worker that is connected and has room.
    func connectedWorker(_ name: String, credit: Int = 1_024) throws -> ScriptedWorker {
        let worker = self.worker(name)
        try self.turn([worker.hello()])
        try self.turn([worker.credit(credit, at: self.now)])
        return worker
    }

    // MARK: What operators do

    func command(_ body: @escaping @Sendable (LoopCore) throws -> Void) throws {
        let box = SharedOutcome()
        try self.turn([.command(LoopCommand(body: body, finished: { box.set($0) }))])
        if let error = box.error { throw error }
    }

    /// Submits a campaign and has it approved, which starts it.
    func start(_ source: String, name: String = "c.yaml") throws -> Campaign.ID {
        let id = try self.submit(source, name: name)
        try self.step(.approve, on: id, by: Caller(name: "ann", role: .approver))
        return id
    }

    func submit(_ source: String, name: String = "c.yaml") throws -> Campaign.ID {
        let found = SharedOutcome()
        try self.command { core in
            let plan = try CampaignPlan(
                source: source,
                fileName: name,
                files: [:],
                id: Campaign.ID(1),
                names: try core.names()
            )
            let upload = CoordinatorCore.CampaignFile(file: name, source: source, files: [:])
            let draft = try CampaignDraft(upload: upload, plan: plan, relay: plan.file.relay ?? "main")
            found.set(try core.submit(draft, replacing: nil, by: "bob").id.rawValue)
        }
        return Campaign.ID(try #require(found.number))
    }

    func step(
        _ step: CampaignStep,
        on id: Campaign.ID,
        by caller: Caller = Caller(name: "bob", role: .operator),
        digest: String? = nil
    ) throws {
        let rules = ApprovalRules(allowsSubmitter: false, expiresMilliseconds: self.approvalMilliseconds)
        try self.command { core in _ = try core.take(step, on: id, digest: digest, by: caller, rules: rules) }
    }

    func status(_ id: Campaign.ID) throws -> CampaignStatus {
        let core = self.core
        let result: Result<CampaignStatus, any Error> = try self.database.access { _ throws(StoreError) in
            Result { try core.status(of: id) }
        }
        return try result.get()
    }
}
