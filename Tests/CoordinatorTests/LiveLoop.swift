import Domain
import Engine
import Foundation
import Storage
import StorageSQLite
import Testing
import Transport

@testable import CoordinatorCore

/// A folder as a coordinator has it, and loops on it, one after the other: for services that work beside a real one.
final class LiveFolder: Sendable {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString)").path
    var store: String { "\(self.path)/postrider.sqlite" }
    var rejects: String { "\(self.path)/rejects" }

    init() throws {
        try FileManager.default.createDirectory(atPath: self.rejects, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    /// Runs a coordinator's loop with readers while `body` runs.
    func run<Result>(_ body: (LiveLoop) async throws -> Result) async throws -> Result {
        let live = try LiveLoop(self)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(live)) } catch { result = .failure(error) }
        try await live.stop()
        return try result.get()
    }
}

/// A loop on a thread of its own with its socket, and readers of its store.
final class LiveLoop: Sendable {
    let loop: CoordinatorLoop
    let reads: Reads
    let erasures: ErasureService
    private let database: SQLiteDatabase
    private let authenticator: Authenticator
    private let thread: SystemThread

    init(_ folder: LiveFolder) throws {
        let database = try SQLiteDatabase(path: folder.store, profile: .ledger, applicationID: Schema.ledgerID)
        self.database = database
        let context = try Context()
        let keys = try CurveKeyPair.generate()
        let authenticator = try Authenticator(context, allowList: AllowList()) { _ in }
        self.authenticator = authenticator
        let loop = try CoordinatorLoop(log: { _ in })
        self.loop = loop
        let options = LoopBench.options
        let endpoint = try Transport.Endpoint("tcp://127.0.0.1:*")
        try database.access { connection throws(StoreError) in try Schema.migrate(connection) }
        self.thread = try SystemThread.start(name: "test loop") {
            do {
                let core = try database.access { connection throws(StoreError) in
                    let core = try LoopCore(connection, options: options, random: SplitMix64(1))
                    try core.start(now: Instant(milliseconds: BootClock.now()), wall: WallClock.now())
                    return core
                }
                let router = try RouterSocket(context, keys: keys, authenticator: authenticator, endpoint: endpoint)
                defer { router.close() }
                try loop.run(core, database: database, router: router)
            } catch {
                Issue.record("the loop ended: \(error)")
            }
        }
        self.reads = Reads(readers: try ReaderPool(path: folder.store), rollup: [:])
        self.erasures = ErasureService(
            loop: loop,
            reads: self.reads,
            sweep: RemainsSweep(loop: loop, readers: self.reads.readers),
            rejects: RejectSweep(reads: self.reads, folder: folder.rejects),
            rejectsFolder: folder.rejects
        )
    }

    func integer(_ sql: String) async throws -> Int64 {
        try await self.reads.readers.read { connection throws(StoreError) in try connection.firstInteger(sql) ?? -1 }
    }

    /// The first column of each row, as text.
    func texts(_ sql: String) async throws -> [String] {
        try await self.reads.readers.read { connection throws(StoreError) in
            let row = try connection.prepare(sql)
            defer { row.reset() }
            var texts: [String] = []
            while try row.step() { texts.append(row.text(0)) }
            return texts
        }
    }

    func execute(_ sql: String) async throws {
        try await self.loop.write { connection throws(StoreError) in try connection.execute(sql) }
    }

    fileprivate func stop() async throws {
        await self.erasures.sweep.stop()
        self.loop.stop()
        self.authenticator.stop()
        self.thread.join()
        try await self.reads.readers.close()
        try self.database.close()
    }
}
