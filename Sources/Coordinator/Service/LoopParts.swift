import Domain
import Engine
import Foundation
import Logging
import Signing
import Storage
import StorageSQLite
import Synchronization
import Telemetry
import Transport
import UserFiles
import Wire

/// The loop with its thread, socket and allow-list.
final class LoopParts: Sendable {
    let loop: CoordinatorLoop
    let admission: WorkerAdmission
    private let thread: SystemThread
    private let authenticator: Authenticator

    /// Starts everything, and refuses to when a stranger is let in.
    init(
        _ settings: Settings,
        recipients: RecipientKeys,
        signing: [String: RelaySigning],
        returns: ReturnOptions?,
        store: SQLiteDatabase,
        metrics: MetricsRegistry,
        logger: Logger
    ) throws(TransportError) {
        let keys = try KeyFile.read("\(settings.keysFolder)/coordinator.key")
        let listPath = "\(settings.keysFolder)/workers.allow"
        let context = try Context()
        let refusals = RefusalLog(logger: logger, metrics: metrics)
        self.authenticator = try Authenticator(context, allowList: try AllowList.read(listPath)) { refusals.note($0) }
        self.admission = WorkerAdmission(path: listPath, authenticator: self.authenticator)
        let turns = metrics.histogram(.turnSeconds)
        self.loop = try CoordinatorLoop(
            log: { note in
                logger.event(
                    note.event,
                    level: note.level,
                    "\(note.message)",
                    Dictionary(note.fields) { first, _ in first }
                )
            },
            onTurn: { turns.record($0) }
        )
        let endpoint = try Endpoint(settings.coordinator.workersListen.description)
        let start = LoopStart()
        var options = try Self.options(settings, signing: signing, place: try Self.place(settings.dataFolder))
        options.addressKey = recipients.addresses
        options.links = settings.coordinator.publicURL.map {
            UnsubscribeLinks(publicURL: $0, key: recipients.unsubscribe)
        }
        options.returns = returns
        let loopOptions = options
        let loop = self.loop
        let authenticator = self.authenticator
        self.thread = try SystemThread.start(name: "loop") {
            start.run(
                loop,
                LoopStart.Needs(
                    store: store,
                    context: context,
                    keys: keys,
                    authenticator: authenticator,
                    endpoint: endpoint,
                    options: loopOptions
                )
            )
            try? context.terminate()
        }
        do throws(TransportError) {
            let listening = try start.wait()
            refusals.isSelfTesting.store(true, ordering: .relaxed)
            try SelfTest.requireStrangersRefused(at: listening, coordinator: keys.publicKey)
            refusals.isSelfTesting.store(false, ordering: .relaxed)
            self.loop.isSelfTesting.store(false, ordering: .relaxed)
            logger.event(.selfTest, "A stranger's key is refused, as it must be")
        } catch {
            self.loop.stop()
            self.authenticator.stop()
            throw error
        }
    }

    func stop() {
        self.loop.stop()
        self.authenticator.stop()
        self.thread.join()
    }

    private static func place(_ folder: String) throws(TransportError) -> DataPlace {
        do throws(StoreError) {
            return try DataPlace(folder: folder)
        } catch {
            throw TransportError(.file, error.text)
        }
    }

    private static func options(
        _ settings: Settings,
        signing: [String: RelaySigning],
        place: DataPlace
    ) throws(TransportError) -> LoopOptions {
        var relays: [String: LoopOptions.RelayOptions] = [:]
        for relay in settings.relays {
            relays[relay.name] = LoopOptions.RelayOptions(
                wire: try relay.wire(),
                limits: relay.throttles,
                retries: RetryPolicy(delays: relay.retries.delaysMilliseconds, jitter: relay.retries.jitter),
                costPerMessage: Money(relay.costPerMessage),
                signing: signing[relay.name] ?? .keys([])
            )
        }
        let sites = settings.sites
        return LoopOptions(
            relays: relays,
            siteLimits: { site in
                let limits = sites.limits(of: site)
                return LoopOptions.SiteOptions(limits: limits.throttles, connections: limits.connections)
            },
            namedSites: Set(sites.named.keys),
            rollup: sites.rollup,
            clusterLimits: settings.throttles,
            leaseTTLMilliseconds: settings.coordinator.leaseTTLMilliseconds,
            orphanGraceMilliseconds: settings.orphanGraceMilliseconds,
            machineBoot: try BootClock.machineBootID(),
            messageIDKey: [],
            homeZone: ZoneFolder.homeZone(settings),
            guards: settings.guards,
            caps: settings.caps,
            approvals: ApprovalRules(
                allowsSubmitter: settings.approval == .oneself,
                expiresMilliseconds: settings.approvalExpiresMilliseconds
            ),
            consent: settings.consent,
            place: place.found,
            writeMarker: { epoch throws(StoreError) in try place.writeMarker(epoch) }
        )
    }
}

extension RelaySettings {
    /// What workers are told of a relay.
    func wire() throws(TransportError) -> WireRelay {
        var authorities = Data()
        if let file = self.certificateFile {
            guard let bytes = FileManager.default.contents(atPath: file) else {
                throw TransportError(.file, "relay \(self.name): the file \(file) cannot be read")
            }
            authorities = bytes
        }
        return filled(WireRelay()) {
            let scheme = self.security == .implicit ? "smtps" : "smtp"
            let host = self.host.contains(":") ? "[\(self.host)]" : self.host
            $0.name = self.name
            $0.url = "\(scheme)://\(host):\(self.port)"
            $0.user = self.credentials?.user ?? ""
            $0.password = self.credentials?.password.reveal() ?? ""
            $0.tls = self.security == .implicit ? TransportSecurity.required.rawValue : self.security.rawValue
            $0.ca = authorities
            $0.helo = self.helo ?? ""
            $0.timeouts = self.timeouts.wire
        }
    }
}

extension TimeoutSettings {
    fileprivate var wire: WireRelayTimeouts {
        filled(WireRelayTimeouts()) {
            $0.connect = UInt32(clamping: self.connectMilliseconds)
            $0.greeting = UInt32(clamping: self.greetingMilliseconds)
            $0.reply = UInt32(clamping: self.replyMilliseconds)
            $0.data = UInt32(clamping: self.dataMilliseconds)
            $0.block = UInt32(clamping: self.blockMilliseconds)
            $0.final = UInt32(clamping: self.finalMilliseconds)
        }
    }
}

/// Starts the loop on its thread, and tells the starter how that went.
private final class LoopStart: Sendable {
    struct Needs: Sendable {
        let store: SQLiteDatabase
        let context: Context
        let keys: CurveKeyPair
        let authenticator: Authenticator
        let endpoint: Endpoint
        let options: LoopOptions
    }

    private let outcome = Mutex<Result<Endpoint, TransportError>?>(nil)
    private let isKnown = DispatchSemaphore(value: 0)

    /// - Returns: Where the socket listens.
    func wait() throws(TransportError) -> Endpoint {
        self.isKnown.wait()
        return try self.outcome.withLock { $0 ?? .failure(TransportError(.terminated, "the loop did not start")) }.get()
    }

    func run(_ loop: CoordinatorLoop, _ needs: Needs) {
        do throws(TransportError) {
            let core = try self.core(needs)
            let router = try RouterSocket(
                needs.context,
                keys: needs.keys,
                authenticator: needs.authenticator,
                endpoint: needs.endpoint
            )
            defer { router.close() }
            self.tell(.success(router.endpoint))
            try loop.run(core, database: needs.store, router: router)
        } catch {
            guard !self.tell(.failure(error)) else { return }
            // Without its loop the coordinator answers nobody: better to end, and be started again.
            FileHandle.standardError.write(Data("postrider-coordinator: the loop ended: \(error.message)\n".utf8))
            Foundation.exit(1)
        }
    }

    private func core(_ needs: Needs) throws(TransportError) -> LoopCore {
        do throws(StoreError) {
            return try needs.store.access { connection throws(StoreError) in
                var options = needs.options
                options.messageIDKey = try Self.messageIDKey(ClusterStore(connection))
                let core = try LoopCore(connection, options: options, random: SystemRandomNumberGenerator())
                try core.start(now: Instant(milliseconds: BootClock.now()), wall: WallClock.now())
                return core
            }
        } catch {
            throw TransportError(.file, error.text)
        }
    }

    /// The secret for Message-IDs, made with the database.
    private static func messageIDKey(_ store: ClusterStore) throws(StoreError) -> [UInt8] {
        if let known = try store.meta(MetaKey.messageIDKey) { return Array(known.utf8) }
        var random = SystemRandomNumberGenerator()
        let made = (0..<4).map { _ in String(random.next() as UInt64, radix: 16) }.joined(separator: "-")
        try store.setMeta(MetaKey.messageIDKey, made)
        return Array(made.utf8)
    }

    /// - Returns: Whether it was the first news.
    @discardableResult
    private func tell(_ result: Result<Endpoint, TransportError>) -> Bool {
        let isFirst = self.outcome.withLock { outcome in
            guard outcome == nil else { return false }
            outcome = result
            return true
        }
        if isFirst { self.isKnown.signal() }
        return isFirst
    }
}

/// Says which keys were refused, but not those of the self-test.
private final class RefusalLog: Sendable {
    let isSelfTesting = Atomic<Bool>(true)
    private let logger: Logger
    private let metrics: MetricsRegistry

    init(logger: Logger, metrics: MetricsRegistry) {
        self.logger = logger
        self.metrics = metrics
    }

    func note(_ refusal: Refusal) {
        guard !self.isSelfTesting.load(ordering: .relaxed) else { return }
        self.metrics.counter(.workersRefused).increment()
        self.logger.event(
            .workerRefused,
            level: .warning,
            "A worker was refused: \(refusal.cause.rawValue), key \(refusal.keyFingerprint), from \(refusal.address)",
            [.reason: .string(refusal.cause.rawValue), .key: .string(refusal.keyFingerprint)]
        )
    }
}
