import Domain
import TimeZones

extension Settings {
    /// Reads the file at `path`.
    ///
    /// - Parameters:
    ///   - path: As the user named it; relative to the current folder.
    ///   - environment: What `${NAME}` in a value is replaced by.
    /// - Returns: Settings in which every path is absolute and every default filled in.
    /// - Throws: All problems of the file at once.
    package static func load(path: String, environment: [String: String]) throws(FileProblems) -> Settings {
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.read(path, RegularFile.Demand(bytesMax: FileNode.sourceBytesMax))
        } catch {
            throw FileProblems([Diagnostic(file: path, "the file \(error.message)")])
        }
        let folder = Paths.folder(of: Paths.absolute(path))
        let source = String(decoding: bytes, as: UTF8.self)
        return try Self.parse(source, file: path, folder: folder, environment: environment)
    }

    /// Reads settings from text, as if it stood in `file`; relative paths start from `folder`, which is absolute.
    package static func parse(
        _ source: String,
        file: String,
        folder: String,
        environment: [String: String]
    ) throws(FileProblems) -> Settings {
        let root = try FileNode.parse(source, file: file)
        let reading = FileReading(file: file, source: source, environment: environment)
        let keys = KeyReader(root, path: "", reading: reading, keys: Self.keys)
        let log = KeyReader(keys.node("log"), path: "log", reading: reading, keys: Self.logKeys)
        let journal = KeyReader(keys.node("journal"), path: "journal", reading: reading, keys: Self.journalKeys)
        let signing = SigningSettings.read(keys, folder: folder)
        let settings = Settings(
            file: file,
            folder: folder,
            dataFolder: Paths.resolve(keys.text("data_dir") ?? "data", from: folder),
            keysFolder: Paths.resolve("keys", from: folder),
            tokensFolder: Paths.resolve("tokens", from: folder),
            store: Self.store(keys),
            coordinator: CoordinatorSettings(keys.node("coordinator"), reading: reading),
            worker: WorkerSettings(keys.node("worker"), folder: folder, reading: reading),
            relays: Self.relays(keys, folder: folder, signingNames: signing.map(\.name)),
            signing: signing,
            returns: ReturnSettings.read(keys, folder: folder),
            webhooks: WebhookSettings.read(keys, folder: folder),
            sites: SiteSettings(keys.node("sites"), path: "sites", reading: reading),
            throttles: keys.limits("throttles"),
            caps: keys.caps("caps"),
            guards: GuardSettings.read(keys).applied(to: .standard),
            approval: keys.choice("approval", default: .twoPerson),
            approvalExpiresMilliseconds: keys.duration("approval_expires", default: week, in: 60_000...52 * week),
            consent: keys.choice("consent", default: .standard),
            testAddresses: Self.testAddresses(keys),
            retention: RetentionSettings.read(keys),
            orphanGraceMilliseconds: keys.duration("orphan_grace", default: 600_000, in: 1_000...week),
            timezone: keys.value("timezone", default: nil, allowed: CampaignSchedule.zoneGrammar) {
                ZoneName.isPossible($0) ? .some($0) : nil
            },
            log: LogSettings(
                level: log.choice("level", default: .info),
                format: log.choice("format", default: .json)
            ),
            journalSync: journal.choice("sync", default: .process)
        )
        if !settings.webhooks.isEmpty, settings.coordinator.publicURL == nil {
            keys.problem("webhooks", "need an address that providers can reach; add coordinator.public_url")
        }
        return try reading.finish(settings)
    }

    static let keys = KeySet(
        known: [
            "data_dir", "store", "coordinator", "worker", "relays", "dkim", "returns", "webhooks", "sites", "throttles",
            "caps", "guards", "approval", "approval_expires", "consent", "retention", "test_addresses", "orphan_grace",
            "timezone", "log", "journal",
        ],
        notYet: ["senders"]
    )
    private static let logKeys = KeySet(known: ["level", "format"])
    private static let journalKeys = KeySet(known: ["sync"])

    private static func store(_ keys: KeyReader) -> StoreKind {
        if let text = keys.text("store"), text.hasPrefix("postgres") {
            // The rest of the address may hold a password.
            keys.problem("store", "PostgreSQL is not available in this version; allowed: sqlite")
            return .sqlite
        }
        return keys.choice("store", default: .sqlite)
    }

    private static func testAddresses(_ keys: KeyReader) -> [String] {
        let list = keys.list("test_addresses", atMost: Self.testAddressesMax, of: "addresses such as [me@example.org]")
        return (list ?? []).compactMap { path, node in
            guard let scalar = keys.reading.scalar(node, path: path) else { return nil }
            let parts = scalar.text.split(separator: "@", omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), !scalar.text.contains(where: \.isWhitespace)
            else {
                keys.reading.problem(
                    path,
                    at: scalar.place,
                    "\(quoted(scalar.text)) is no address; allowed: NAME@DOMAIN"
                )
                return nil
            }
            return scalar.text
        }
    }

    private static func relays(_ keys: KeyReader, folder: String, signingNames: [String]) -> [RelaySettings] {
        let list = keys.list("relays", atMost: Self.relaysMax, of: "relays, each with name and url")
        guard let elements = list else { return [.standard] }
        if elements.isEmpty { keys.problem("relays", "has no relay; allowed: 1 to \(Self.relaysMax)") }
        var names: Set<String> = []
        return elements.compactMap { path, node in
            let relay = RelaySettings(
                node,
                path: path,
                folder: folder,
                signingNames: signingNames,
                reading: keys.reading
            )
            guard let relay else { return nil }
            if !names.insert(relay.name).inserted {
                keys.reading.problem(
                    "\(path).name",
                    at: node.place,
                    "\(quoted(relay.name)) is the name of another relay"
                )
            }
            return relay
        }
    }
}

/// Seven days in milliseconds.
private let week: Int64 = 604_800_000

extension CoordinatorSettings {
    private static let keys = KeySet(known: [
        "workers_listen", "api_listen", "public_listen", "public_url", "lease_ttl",
    ])

    init(_ node: FileNode?, reading: FileReading) {
        let keys = KeyReader(node, path: "coordinator", reading: reading, keys: Self.keys)
        func listen(_ key: String, port: Int) -> ListenAddress {
            let standard = ListenAddress(host: "127.0.0.1", port: port)
            return keys.value(key, default: standard, allowed: ListenAddress.grammar, ListenAddress.init)
        }
        let endpoint = TCPEndpoint(host: "127.0.0.1", port: 7_700)
        self.init(
            workersListen: keys.value(
                "workers_listen",
                default: endpoint,
                allowed: TCPEndpoint.grammar,
                TCPEndpoint.init
            ),
            apiListen: listen("api_listen", port: 7_701),
            publicListen: listen("public_listen", port: 7_702),
            publicURL: keys.value("public_url", default: nil, allowed: "https://HOST, or http:// on this machine") {
                WebAddress.parse($0).map(Optional.some)
            },
            leaseTTLMilliseconds: keys.duration("lease_ttl", default: 60_000, in: 5_000...600_000)
        )
    }
}

extension WorkerSettings {
    private static let keys = KeySet(known: [
        "name", "coordinator", "coordinator_key", "coordinator_key_file", "key_file", "connections",
    ])

    init(_ node: FileNode?, folder: String, reading: FileReading) {
        let keys = KeyReader(node, path: "worker", reading: reading, keys: Self.keys)
        if keys.has("coordinator_key"), keys.has("coordinator_key_file") {
            keys.problem("coordinator_key", "is given twice; allowed: coordinator_key or coordinator_key_file")
        }
        let file = keys.text("coordinator_key_file") ?? "keys/coordinator.pub"
        let keyInFile = CoordinatorKey.file(Paths.resolve(file, from: folder))
        let endpoint = TCPEndpoint(host: "127.0.0.1", port: 7_700)
        self.init(
            name: keys.value("name", default: nil, allowed: Name.workerGrammar) {
                Name.readWorker($0).map(Optional.some)
            },
            coordinator: keys.value(
                "coordinator",
                default: endpoint,
                allowed: "\(TCPEndpoint.grammar), not every interface"
            ) {
                TCPEndpoint($0).flatMap { $0.host == "*" || $0.port == 0 ? nil : $0 }
            },
            coordinatorKey: Self.coordinatorKey(keys) ?? keyInFile,
            keyFile: keys.text("key_file").map { Paths.resolve($0, from: folder) },
            connections: keys.integer("connections", default: 32, in: 1...1_024)
        )
    }

    private static func coordinatorKey(_ keys: KeyReader) -> CoordinatorKey? {
        // A key may have "${" in it, so what has its form is taken as it is.
        if case .scalar(let raw) = keys.node("coordinator_key"), Self.isKey(raw.text) { return .text(raw.text) }
        return keys.value("coordinator_key", default: nil, allowed: "the 40 characters of keys/coordinator.pub") {
            Self.isKey($0) ? .some(.text($0)) : nil
        }
    }

    /// Whether the text has the form of a key: 40 visible ASCII characters.
    private static func isKey(_ text: String) -> Bool {
        text.utf8.count == 40 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }
}
