import Domain
import Engine
import Foundation
import Logging
import ServiceLifecycle
import Signing
import Storage
import StorageSQLite
import Synchronization
import Telemetry
import Transport
import UnixSignals
import UserFiles

/// The coordinator as a process: opens what it needs, runs the loop beside the API, and stops in order.
struct CoordinatorService {
    let settings: Settings
    let logger: Logger

    func run(exitWithParent: Bool) async throws {
        self.logger.event(.starting, "Postrider coordinator \(Build.name)", [.build: .string(Build.name)])
        let lock = try DataLock(folder: self.settings.dataFolder)
        defer { lock.release() }
        let store = try self.openStore()
        let metrics = MetricsRegistry()
        let signing = try self.settings.relaySigning()
        let parts = try self.startLoop(store, signing: signing)
        let readers = try self.orStart { () throws(StoreError) in try ReaderPool(path: self.databasePath) }
        do {
            try await self.serve(
                parts,
                operations: self.operations(parts, readers: readers, signing: signing),
                metrics: metrics,
                exitWithParent: exitWithParent
            )
        } catch {
            parts.stop()
            throw error
        }
        parts.stop()
        try await readers.close()
        try self.orStart { () throws(StoreError) in try store.close() }
        self.logger.event(.stopped, "Stopped")
    }

    private var databasePath: String { "\(self.settings.dataFolder)/postrider.sqlite" }
    private var rejectsFolder: String { "\(self.settings.dataFolder)/rejects" }

    private func openStore() throws -> SQLiteDatabase {
        do {
            try FileManager.default.createDirectory(atPath: self.rejectsFolder, withIntermediateDirectories: true)
        } catch {
            throw StartProblem(
                text: "the data folder cannot be made: \(self.rejectsFolder): \(error.localizedDescription)"
            )
        }
        let watchesCheckpoints = try self.armCheckpoint()
        return try self.orStart { () throws(StoreError) in
            let store = try SQLiteDatabase(path: self.databasePath, profile: .ledger, applicationID: Schema.ledgerID)
            try store.access { connection throws(StoreError) in
                try Schema.migrate(connection)
                // Otherwise one comes after 4,000 pages, which a test has to wait for.
                if watchesCheckpoints { try connection.execute("PRAGMA wal_autocheckpoint=100") }
            }
            return store
        }
    }

    /// Lets a fault test end the process in the middle of a checkpoint, if one wants to.
    private func armCheckpoint() throws -> Bool {
        guard CrashPoint.isArmed(.c07Checkpoint) else { return false }
        let path = URL(fileURLWithPath: self.databasePath).resolvingSymlinksInPath().path
        guard CheckpointWatch.beforeEachWrite(to: path, { CrashPoint.reach(.c07Checkpoint) }) else {
            throw StartProblem(text: "POSTRIDER_CRASH_AT=c07 needs another build of SQLite: this one hides its writes")
        }
        return true
    }

    /// Starts the loop's thread and proves that no stranger is let in.
    private func startLoop(_ store: SQLiteDatabase, signing: [String: RelaySigning]) throws -> LoopParts {
        do throws(TransportError) {
            return try LoopParts(self.settings, signing: signing, store: store, logger: self.logger)
        } catch {
            throw StartProblem(text: error.message)
        }
    }

    private func serve(
        _ parts: LoopParts,
        operations: CoordinatorOperations,
        metrics: MetricsRegistry,
        exitWithParent: Bool
    ) async throws {
        let server = APIServer(
            operations: operations,
            tokens: try self.tokens(),
            metrics: metrics,
            listen: APIServer.Listen(
                host: self.settings.coordinator.apiListen.host,
                port: self.settings.coordinator.apiListen.port
            ),
            logger: self.logger,
            onListening: { port in self.noteReady(port: port) }
        )
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: MetricsPublisher(loop: parts.loop, metrics: metrics)),
            .init(service: HangupService(admission: parts.admission, logger: self.logger)),
        ]
        if exitWithParent {
            services.append(.init(service: ParentWatch(), successTerminationBehavior: .gracefullyShutdownGroup))
        }
        var quiet = Logger(label: "lifecycle")
        quiet.logLevel = .error
        let group = ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet)
        )
        do {
            try await group.run()
        } catch {
            throw StartProblem(text: "the API cannot be served on \(self.settings.coordinator.apiListen): \(error)")
        }
    }

    private func operations(
        _ parts: LoopParts,
        readers: ReaderPool,
        signing: [String: RelaySigning]
    ) -> CoordinatorOperations {
        CoordinatorOperations(
            loop: parts.loop,
            imports: ImportService(loop: parts.loop, rejectsFolder: self.rejectsFolder, now: { WallClock.now() }),
            reads: Reads(readers: readers, rollup: self.settings.sites.rollup),
            approvals: ApprovalRules(
                allowsSubmitter: self.settings.approval == .oneself,
                expiresMilliseconds: self.settings.approvalExpiresMilliseconds
            ),
            relays: self.settings.relays.map(\.name),
            signing: signing,
            admission: parts.admission
        )
    }

    private func tokens() throws -> Tokens {
        do throws(InvalidTokens) {
            return try Tokens(folder: self.settings.tokensFolder)
        } catch {
            throw StartProblem(text: error.diagnostics.map(\.description).joined(separator: "; "))
        }
    }

    private func noteReady(port: Int) {
        let listen = "\(self.settings.coordinator.apiListen.host):\(port)"
        self.logger.event(
            .listening,
            "Listening for operators on \(listen) and for workers on \(self.settings.coordinator.workersListen)",
            [.listen: .string(listen)]
        )
    }

    private func orStart<Result>(_ body: () throws(StoreError) -> Result) throws -> Result {
        do throws(StoreError) {
            return try body()
        } catch {
            throw StartProblem(text: error.text)
        }
    }
}

/// Name and version of this program.
enum Build {
    static let name = "0.1.0"
}
