import Domain
import Foundation
import Testing
import UserFiles

@Suite("postrider.yaml")
struct SettingsTests {
    private func parse(_ source: String, environment: [String: String] = [:]) throws -> Settings {
        try Settings.parse(source, file: "postrider.yaml", folder: "/srv/postrider", environment: environment)
    }

    @Test("every key has a default", arguments: ["", "{}", "---\n", "# nothing\n", "worker:\nsites:\nrelays:\n"])
    func defaults(source: String) throws {
        let settings = try self.parse(source)
        #expect(settings.dataFolder == "/srv/postrider/data")
        #expect(settings.keysFolder == "/srv/postrider/keys")
        #expect(settings.tokensFolder == "/srv/postrider/tokens")
        #expect(settings.coordinator.workersListen.description == "tcp://127.0.0.1:7700")
        #expect(settings.coordinator.apiListen.description == "127.0.0.1:7701")
        #expect(settings.coordinator.publicListen.description == "127.0.0.1:7702")
        #expect(settings.coordinator.publicURL == nil)
        #expect(settings.coordinator.leaseTTLMilliseconds == 60_000)
        #expect(settings.worker.name == nil)
        #expect(settings.worker.connections == 32)
        #expect(settings.worker.coordinatorKey == .file("/srv/postrider/keys/coordinator.pub"))
        #expect(
            settings.worker.keyFile(for: "local-1", keysFolder: settings.keysFolder)
                == "/srv/postrider/keys/local-1.key"
        )
        #expect(settings.relays.map(\.name) == ["main"])
        #expect(settings.relays.first?.port == 2_525)
        #expect(settings.relays.first?.security == .off)
        #expect(settings.relays.first?.retries == .standard)
        #expect(settings.relays.first?.timeouts == .standard)
        #expect(settings.sites.limits(of: "gmail.com") == SiteLimits(throttles: [], connections: 20))
        #expect(settings.approval == .twoPerson)
        #expect(settings.approvalExpiresMilliseconds == 604_800_000)
        #expect(settings.orphanGraceMilliseconds == 600_000)
        #expect(settings.log.level == .info)
        #expect(settings.journalSync == .process)
    }

    @Test("relays name the keys that sign")
    func signing() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let mode: [FileAttributeKey: Any] = [.posixPermissions: 0o600]
        _ = FileManager.default.createFile(atPath: "\(folder)/a.key", contents: Data("key a".utf8), attributes: mode)
        let source = """
            dkim:
              spring: { domain: Example.org, selector: s1, key_file: a.key }
              summer: { domain: example.com, selector: s2, key_file: a.key }
            relays:
              - { name: one, url: "smtp://mail.example.org", dkim: spring }
              - { name: two, url: "smtp://127.0.0.1", dkim: [spring, summer] }
              - { name: three, url: "smtp://127.0.0.1" }
            """
        let settings = try Settings.parse(source, file: "postrider.yaml", folder: folder, environment: [:])
        #expect(settings.signing.map(\.name) == ["spring", "summer"])
        #expect(settings.signing.map(\.domain) == ["example.org", "example.com"])
        #expect(settings.signing.first?.key.reveal() == "key a")
        #expect(settings.relays.map(\.signing) == [.keys(["spring"]), .keys(["spring", "summer"]), .relay])
        // Others could read the key.
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(folder)/a.key")
        let problems = #expect(throws: FileProblems.self) {
            try Settings.parse(source, file: "postrider.yaml", folder: folder, environment: [:])
        }
        #expect(problems?.diagnostics.first?.message.contains("chmod 600") == true)
    }

    @Test("the example of the design is read")
    func example() throws {
        let settings = try self.parse(
            """
            data_dir: ./data                      # database, keys, journals
            store: sqlite                         # or postgres://… (later)
            coordinator:
              workers_listen: tcp://127.0.0.1:7700
              api_listen: 127.0.0.1:7701          # operators: bearer token, never exposed by default
              public_listen: 127.0.0.1:7702       # recipients and providers: unsubscribe, webhooks
              public_url: https://go.example.org
            worker: { coordinator: tcp://127.0.0.1:7700, connections: 32 }
            relays:
              - { name: main, channel: email, url: "smtp://127.0.0.1:2525", throttles: ["5000/s"], cost_per_message: 0.0001 }
            sites:
              default: { throttles: ["100/s"], connections: 20 }
              gmail.com: { throttles: ["200/s,burst=400"], connections: 20 }
            """
        )
        #expect(settings.coordinator.publicURL == "https://go.example.org")
        #expect(settings.relays.first?.throttles == [Limit(quantity: 5_000, periodMilliseconds: 1_000)])
        #expect(settings.relays.first?.costPerMessage == 0.0001)
        let gmail = [Limit(quantity: 200, periodMilliseconds: 1_000, burst: 400)]
        #expect(settings.sites.limits(of: "gmail.com") == SiteLimits(throttles: gmail, connections: 20))
        #expect(settings.sites.limits(of: "example.org").throttles.map(\.text) == ["100/s"])
    }

    @Test("JSON is read as well")
    func json() throws {
        let settings = try self.parse(
            #"{"data_dir": "/var/lib/postrider", "worker": {"name": "w1", "connections": 4}}"#
        )
        #expect(settings.dataFolder == "/var/lib/postrider")
        #expect(settings.worker.name == "w1")
        #expect(settings.worker.connections == 4)
    }

    @Test("keys missing under a site come from the default, wherever it stands in the file")
    func siteDefaults() throws {
        let settings = try self.parse(
            """
            sites:
              GMail.com: { connections: 7 }
              aol.com: { throttles: [] }
              rollup: { googlemail.com: gmail.com }
              default: { throttles: ["100/s"], connections: 3 }
            """
        )
        #expect(settings.sites.limits(of: "gmail.com").throttles.map(\.text) == ["100/s"])
        #expect(settings.sites.limits(of: "gmail.com").connections == 7)
        #expect(settings.sites.limits(of: "aol.com") == SiteLimits(throttles: [], connections: 3))
        #expect(settings.sites.rollup == ["googlemail.com": "gmail.com"])
    }

    @Test(
        "the relay's protection follows from its address unless it is said",
        arguments: [
            (#"url: "smtp://127.0.0.1:2525""#, TransportSecurity.off, 2_525),
            (#"url: "smtp://localhost""#, .off, 25),
            (#"url: "smtp://[::1]:2525""#, .off, 2_525),
            (#"url: "smtp://127.0.0.1:2525", tls: opportunistic"#, .opportunistic, 2_525),
            (#"url: "smtp://mail.example.org:587", dkim: relay"#, .required, 587),
            (#"url: "smtp://mail.example.org", dkim: relay, tls: off"#, .off, 25),
            (#"url: "smtps://mail.example.org/", dkim: relay"#, .implicit, 465),
            (#"url: "smtps://mail.example.org:4465", dkim: relay, tls: required"#, .implicit, 4_465),
            // A name that merely begins like an address of this machine is another machine.
            (#"url: "smtp://127.0.0.1.example.org", dkim: relay"#, .required, 25),
        ]
    )
    func relaySecurity(keys: String, security: TransportSecurity, port: Int) throws {
        let relay = try #require(try self.parse("relays: [{name: main, \(keys)}]").relays.first)
        #expect(relay.security == security)
        #expect(relay.port == port)
    }

    @Test("what a relay may take for each step is said one by one; the rest stays")
    func relayTimeouts() throws {
        let source = "relays: [{name: m, url: 'smtp://localhost', timeouts: {connect: 1s, data: 90s, final: 30m}}]"
        var expected = TimeoutSettings.standard
        expected.connectMilliseconds = 1_000
        expected.dataMilliseconds = 90_000
        expected.finalMilliseconds = 1_800_000
        #expect(try self.parse(source).relays.map(\.timeouts) == [expected])
        #expect(TimeoutSettings.standard.finalMilliseconds == 600_000, "a doubt is worth ten minutes")
    }

    @Test("references to the environment are replaced in every value")
    func environment() throws {
        let settings = try self.parse(
            """
            data_dir: ${BASE}/data$${x}
            relays: [{name: main, url: "smtp://127.0.0.1:${PORT}", user: ann, password: "${WORD}"}]
            """,
            environment: ["BASE": "/mnt/disk", "PORT": "2600", "WORD": "canary-9d1c"]
        )
        #expect(settings.dataFolder == "/mnt/disk/data${x}")
        #expect(settings.relays.first?.port == 2_600)
        #expect(settings.relays.first?.credentials?.password.reveal() == "canary-9d1c")
    }

    @Test("a secret shows in no description, reflection or dump")
    func redaction() throws {
        let settings = try self.parse(
            #"relays: [{name: main, url: "smtp://127.0.0.1:25", user: ann, password: "${WORD}"}]"#,
            environment: ["WORD": "canary-9d1c"]
        )
        var dumped = ""
        dump(settings, to: &dumped)
        for text in ["\(settings)", String(reflecting: settings), dumped] {
            #expect(!text.contains("canary"))
            #expect(text.contains("ann"))
        }
    }

    @Test("a coordinator's key is taken as it is, whatever characters it has")
    func coordinatorKey() throws {
        let key = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
        #expect(try self.parse("worker: {coordinator_key: '\(key)'}").worker.coordinatorKey == .text(key))
        let odd = "${M>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7ab"
        #expect(try self.parse("worker: {coordinator_key: '\(odd)'}").worker.coordinatorKey == .text(odd))
    }

    @Test(
        "addresses round trip",
        arguments: [
            "127.0.0.1:7701", "[::1]:7701", "localhost:0", "*:80", "go.example.org:65535",
        ]
    )
    func listenAddresses(text: String) {
        #expect(ListenAddress(text)?.description == text)
        #expect(TCPEndpoint("tcp://\(text)")?.description == "tcp://\(text)")
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", ":7701", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "::1:7701",
            "[::1]",
            "[::1:7701", "a b:1", "-a:1", "a..b:1", "host:7701/x",
        ]
    )
    func badAddresses(text: String) {
        #expect(ListenAddress(text) == nil)
        #expect(TCPEndpoint("tcp://\(text)") == nil)
        #expect(TCPEndpoint(text) == nil)
    }
}
