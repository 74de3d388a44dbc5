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
import Webhooks

/// The coordinator as a process: opens what it needs, runs the loop beside the API, and stops in order.
struct CoordinatorService {
    let settings: Settings
    let logger: Logger
    /// Log lines dropped since the start.
    let lostLines: @Sendable () -> Int

    func run(exitWithParent: Bool) async throws {
        self.logger.event(.starting, "Postrider coordinator \(Build.version)", [.build: .string(Build.version)])
        let lock = try DataLock(folder: self.settings.dataFolder)
        defer { lock.release() }
        // Before anything is written.
        try StartConditions(settings: self.settings).require()
        let signing = try self.settings.relaySigning()
        let returns = try self.returnOptions()
        let doors = try self.settings.webhookDoors()
        let store = try self.openStore()
        let metrics = MetricsRegistry()
        metrics.gauge(.build, Build.version).set(1)
        let recipients = try RecipientKeys(self.settings, store: store)
        try self.orStart { () throws(StoreError) in
            try store.access { connection throws(StoreError) in
                _ = try QuotedAddresses(connection, key: recipients.addresses).settle()
            }
        }
        let parts = try self.startLoop(store, recipients, signing: signing, returns: returns, metrics: metrics)
        let readers = try self.orStart { () throws(StoreError) in try ReaderPool(path: self.databasePath) }
        do {
            let tokens = try self.tokens()
            tokens.join(try await readers.read { connection throws(StoreError) in try TokenStore(connection).all() })
            let operations = self.operations(
                parts,
                recipients,
                readers: readers,
                signing: signing,
                tokens: tokens,
                metrics: metrics
            )
            let desk = LoopRecipientDesk(loop: parts.loop, readers: readers, key: recipients.unsubscribe)
            try await self.serve(
                parts,
                operations,
                desk,
                tokens,
                returns: returns,
                doors: doors,
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
        RejectErasure.removeLeftovers(in: self.rejectsFolder)
        let watchesCheckpoints = try self.armCheckpoint()
        return try self.orStart { () throws(StoreError) in
            let store = try SQLiteDatabase(path: self.databasePath, profile: .ledger, applicationID: Schema.ledgerID)
            try store.access { connection throws(StoreError) in
                try Schema.migrate(connection)
                _ = try ImportStore(connection).abortRunning(at: WallClock.now())
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
    private func startLoop(
        _ store: SQLiteDatabase,
        _ recipients: RecipientKeys,
        signing: [String: RelaySigning],
        returns: ReturnOptions?,
        metrics: MetricsRegistry
    ) throws -> LoopParts {
        try self.orStartTransport { () throws(TransportError) in
            try LoopParts(
                self.settings,
                recipients: recipients,
                signing: signing,
                returns: returns,
                store: store,
                metrics: metrics,
                logger: self.logger
            )
        }
    }

    private func returnOptions() throws -> ReturnOptions? {
        try self.orStartTransport { () throws(TransportError) in
            try self.settings.returnOptions()
        }
    }

    private func serve(
        _ parts: LoopParts,
        _ operations: CoordinatorOperations,
        _ desk: LoopRecipientDesk,
        _ tokens: Tokens,
        returns: ReturnOptions?,
        doors: [String: WebhookDoor],
        metrics: MetricsRegistry,
        exitWithParent: Bool
    ) async throws {
        let server = APIServer(
            operations: operations,
            tokens: tokens,
            metrics: metrics,
            listen: HTTPListener.Address(
                host: self.settings.coordinator.apiListen.host,
                port: self.settings.coordinator.apiListen.port
            ),
            logger: self.logger,
            onListening: { port in self.noteReady(port: port) }
        )
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: server, successTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: MetricsPublisher(loop: parts.loop, metrics: metrics, lostLines: self.lostLines)),
            .init(service: HangupService(admission: parts.admission, logger: self.logger)),
            .init(service: TokenUses(tokens: tokens, loop: parts.loop)),
            .init(
                service: RetentionService(
                    settings: self.settings.retention,
                    erasures: operations.erasures,
                    logger: self.logger,
                    now: { WallClock.now() }
                )
            ),
            .init(service: RemainsService(erasures: operations.erasures, logger: self.logger)),
        ]
        let record = ReturnRecord(metrics: metrics, logger: self.logger)
        if self.settings.coordinator.publicURL != nil {
            let webhooks = WebhookDesk(doors, returns, loop: parts.loop, record: record, logger: self.logger)
            let server = self.publicServer(desk, webhooks: webhooks, metrics: metrics)
            services.append(.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup))
        }
        if let settings = self.settings.returns, let options = returns {
            let ways = ReturnServices.make(
                settings,
                options,
                loop: parts.loop,
                record: record,
                logger: self.logger
            )
            services += ways.map { .init(service: $0, successTerminationBehavior: .gracefullyShutdownGroup) }
        }
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
            let publicly =
                self.settings.coordinator.publicURL == nil ? "" : ", or \(self.settings.coordinator.publicListen)"
            throw StartProblem(
                text: "cannot serve on \(self.settings.coordinator.apiListen)\(publicly): \(error)"
            )
        }
    }

    /// What recipients reach; only when links lead there.
    private func publicServer(
        _ desk: LoopRecipientDesk,
        webhooks: WebhookDesk?,
        metrics: MetricsRegistry
    ) -> PublicServer {
        let listen = self.settings.coordinator.publicListen
        return PublicServer(
            desk: desk,
            webhooks: webhooks,
            metrics: metrics,
            listen: HTTPListener.Address(host: listen.host, port: listen.port),
            logger: self.logger,
            onListening: { port in
                let address = "\(listen.host):\(port)"
                self.logger.event(
                    .listening,
                    "Listening for recipients on \(address)",
                    [.listen: .string(address)]
                )
            }
        )
    }

    private func operations(
        _ parts: LoopParts,
        _ recipients: RecipientKeys,
        readers: ReaderPool,
        signing: [String: RelaySigning],
        tokens: Tokens,
        metrics: MetricsRegistry
    ) -> CoordinatorOperations {
        let reads = Reads(
            readers: readers,
            rollup: self.settings.sites.rollup,
            rules: WhyRules(
                caps: self.settings.caps,
                consent: self.settings.consent,
                homeZone: ZoneFolder.homeZone(self.settings),
                addressKey: recipients.addresses
            )
        )
        return CoordinatorOperations(
            loop: parts.loop,
            imports: ImportService(
                loop: parts.loop,
                rejectsFolder: self.rejectsFolder,
                addressKey: recipients.addresses,
                now: { WallClock.now() }
            ),
            rehearsals: ImportRehearsals(
                loop: parts.loop,
                readers: readers,
                folder: self.rejectsFolder,
                now: { WallClock.now() }
            ),
            erasures: ErasureService(
                loop: parts.loop,
                reads: reads,
                sweep: RemainsSweep(loop: parts.loop, readers: readers),
                rejects: RejectSweep(reads: reads, folder: self.rejectsFolder),
                rejectsFolder: self.rejectsFolder
            ),
            reads: reads,
            approvals: ApprovalRules(
                allowsSubmitter: self.settings.approval == .oneself,
                expiresMilliseconds: self.settings.approvalExpiresMilliseconds
            ),
            relays: self.settings.relays.map(\.name),
            prices: Dictionary(self.settings.relays.map { ($0.name, Money($0.costPerMessage)) }) { first, _ in first },
            signing: signing,
            tests: TestDesk(addresses: self.settings.testAddresses, relays: self.settings.relays, signing: signing),
            admission: parts.admission,
            hasLinks: self.settings.coordinator.publicURL != nil,
            tokens: TokenDesk(tokens: tokens),
            importTelemetry: ImportTelemetry(metrics: metrics, logger: self.logger),
            caps: self.settings.caps,
            zones: ZoneFolder.system,
            homeZone: ZoneFolder.homeZone(self.settings),
            addressKey: recipients.addresses,
            consent: self.settings.consent
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

    private func orStartTransport<Result>(_ body: () throws(TransportError) -> Result) throws -> Result {
        do throws(TransportError) {
            return try body()
        } catch {
            throw StartProblem(text: error.message)
        }
    }

    private func orStart<Result>(_ body: () throws(StoreError) -> Result) throws -> Result {
        do throws(StoreError) {
            return try body()
        } catch {
            throw StartProblem(text: error.text)
        }
    }
}
