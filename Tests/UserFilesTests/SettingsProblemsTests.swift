import Domain
import Testing
import UserFiles

@Suite("Mistakes in postrider.yaml")
struct SettingsProblemsTests {
    private func problems(_ source: String) -> [Diagnostic] {
        do throws(FileProblems) {
            _ = try Settings.parse(source, file: "p.yaml", folder: "/srv", environment: ["SET": "1"])
            return []
        } catch {
            return error.diagnostics
        }
    }

    /// Source, place, key, and a word of what is allowed.
    @Test(
        "a mistake is named with line, column, key and what is allowed",
        arguments: [
            ("dta_dir: ./data", 1, 1, "dta_dir", "did you mean \"data_dir\"?"),
            ("\nqwertyuiop: 1", 2, 1, "qwertyuiop", "allowed: data_dir"),
            ("store: mysql", 1, 8, "store", "allowed: sqlite"),
            ("store: postgres://user:pw@host/db", 1, 8, "store", "PostgreSQL is not available in this version"),
            ("senders: {}", 1, 1, "senders", "not available in this version"),
            ("consent: strict", 1, 10, "consent", "allowed: default, gdpr, us"),
            ("retention: {replies: 12h}", 1, 22, "retention.replies", "from 1d to 36500d"),
            ("retention: {audit: 9d}", 1, 13, "retention.audit", "replies, rejects, contacts"),
            ("guards: {bounces: {pause: 0%}}", 1, 27, "guards.bounces.pause", "a share such as 15%"),
            ("timezone: ../x", 1, 11, "timezone", "an IANA time zone"),
            ("caps: [3]", 1, 8, "caps[0]", "3/7d"),
            ("- a\n- b", 1, 1, "", "allowed: a group of keys"),
            ("coordinator: tcp://x", 1, 14, "coordinator", "workers_listen"),
            ("coordinator:\n  api_listen: 7701", 2, 15, "coordinator.api_listen", "HOST:PORT"),
            ("coordinator:\n  workers_listen: 127.0.0.1:7700", 2, 19, "coordinator.workers_listen", "tcp://HOST:PORT"),
            ("coordinator:\n  workers_listn: x", 2, 3, "coordinator.workers_listn", "\"workers_listen\""),
            ("coordinator: {lease_ttl: 3s}", 1, 26, "coordinator.lease_ttl", "from 5s to 10m"),
            ("coordinator: {lease_ttl: 11m}", 1, 26, "coordinator.lease_ttl", "from 5s to 10m"),
            ("coordinator: {lease_ttl: 60}", 1, 26, "coordinator.lease_ttl", "a number and a unit"),
            ("coordinator: {public_url: http://go.example.org}", 1, 27, "coordinator.public_url", "https://HOST"),
            (
                "coordinator: {public_url: 'https://u:p@go.example.org'}", 1, 27, "coordinator.public_url",
                "https://HOST"
            ),
            ("coordinator: {public_url: 'https://go.example.org/?a'}", 1, 27, "coordinator.public_url", "https://HOST"),
            ("worker: {connections: 0}", 1, 23, "worker.connections", "from 1 to 1024"),
            ("worker: {connections: 1025}", 1, 23, "worker.connections", "from 1 to 1024"),
            ("worker: {connections: many}", 1, 23, "worker.connections", "a whole number"),
            ("worker: {connections: [1]}", 1, 23, "worker.connections", "a single value"),
            ("worker: {name: Über}", 1, 16, "worker.name", "1 to 32 of a-z"),
            ("worker: {coordinator: 'tcp://*:7700'}", 1, 23, "worker.coordinator", "tcp://HOST:PORT"),
            ("worker: {coordinator_key: short}", 1, 27, "worker.coordinator_key", "40 characters"),
            ("relays: []", 1, 9, "relays", "1 to 64"),
            ("relays: {name: main}", 1, 9, "relays", "a list of relays"),
            ("relays:\n  - url: smtp://127.0.0.1", 2, 5, "relays[0].name", "is missing"),
            ("relays:\n  - name: main", 2, 5, "relays[0].url", "smtp://HOST[:PORT]"),
            ("relays: [{name: main, url: 'http://x'}]", 1, 28, "relays[0].url", "smtp://HOST[:PORT]"),
            ("relays: [{name: main, url: 'smtp://ann:pw@x'}]", 1, 28, "relays[0].url", "must not carry a user"),
            ("relays: [{name: main, url: 'smtp://localhost:0'}]", 1, 28, "relays[0].url", "smtp://HOST[:PORT]"),
            ("relays: [{name: Main, url: 'smtp://localhost'}]", 1, 17, "relays[0].name", "1 to 60 of a-z"),
            ("relays: [{name: m, channel: sms, url: 'smtp://localhost'}]", 1, 29, "relays[0].channel", "not available"),
            ("relays: [{name: m, url: 'smtp://mail.example.org'}]", 1, 10, "relays[0].dkim", "allowed: relay"),
            ("relays: [{name: m, url: 'smtp://localhost', dkim: k1}]", 1, 51, "relays[0].dkim", "there is no key"),
            ("dkim: {relay: {}}", 1, 8, "dkim.relay", "not \"relay\""),
            ("dkim: {k1: {domain: a.b, selector: s}}", 1, 12, "dkim.k1.key_file", "postrider dkim key"),
            (
                "relays: [{name: m, url: 'smtp://localhost', tls: yes}]", 1, 50, "relays[0].tls",
                "required, opportunistic"
            ),
            ("relays: [{name: m, url: 'smtp://localhost', tls: implicit}]", 1, 50, "relays[0].tls", "required, opport"),
            ("relays: [{name: m, url: 'smtps://localhost', tls: off}]", 1, 51, "relays[0].tls", "always encrypted"),
            ("relays: [{name: m, url: 'smtp://localhost', user: a}]", 1, 51, "relays[0].user", "password_file"),
            ("relays: [{name: m, url: 'smtp://localhost', password: a}]", 1, 55, "relays[0].password", "${NAME}"),
            (
                "relays: [{name: m, url: 'smtp://x.org', dkim: relay, tls: off, user: a}]", 1, 70, "relays[0].user",
                "encrypted"
            ),
            ("relays: [{name: m, url: 'smtp://localhost', throttles: 5/s}]", 1, 56, "relays[0].throttles", "a list of"),
            (
                "relays: [{name: m, url: 'smtp://localhost', throttles: [5]}]", 1, 57, "relays[0].throttles[0]",
                "quantity/per"
            ),
            (
                "relays: [{name: m, url: 'smtp://localhost', retries: {delays: [1ms]}}]", 1, 64, "retries.delays[0]",
                "1s to 7d"
            ),
            ("relays: [{name: m, url: 'smtp://localhost', retries: {delays: []}}]", 1, 63, "retries.delays", "1 to 20"),
            (
                "relays: [{name: m, url: 'smtp://localhost', retries: {jitter: 2}}]", 1, 63, "retries.jitter",
                "0.0 to 1.0"
            ),
            (
                "relays: [{name: m, url: 'smtp://localhost', timeouts: {final: 31m}}]", 1, 63, "timeouts.final",
                "1s to 30m"
            ),
            (
                "relays: [{name: m, url: 'smtp://localhost', timeouts: {reply: 0}}]", 1, 63, "timeouts.reply",
                "1s to 30m"
            ),
            (
                "relays: [{name: m, url: 'smtp://localhost', timeouts: {dot: 5m}}]", 1, 56, "timeouts.dot",
                "connect, greeting, reply, data, block, final"
            ),
            (
                "relays: [{name: m, url: 'smtp://localhost', cost_per_message: nan}]", 1, 63, "cost_per_message",
                "a number"
            ),
            (
                "relays: [{name: m, url: 'smtp://localhost', cost_per_message: -1}]", 1, 63, "cost_per_message",
                "a number"
            ),
            ("relays: [{name: m, url: 'smtp://localhost', helo: 'a b'}]", 1, 51, "relays[0].helo", "a host name"),
            ("relays: [{name: m, url: 'smtp://localhost', ca_file: nowhere.pem}]", 1, 54, "ca_file", "does not exist"),
            ("sites: {gmail: {}}", 1, 9, "sites.gmail", "domains such as gmail.com"),
            ("sites: {gmail.com: {connections: 0}}", 1, 34, "sites.gmail.com.connections", "from 1 to 10000"),
            ("sites: {gmail.com: {throttle: []}}", 1, 21, "sites.gmail.com.throttle", "\"throttles\""),
            ("sites: {A.com: {}, a.com: {}}", 1, 20, "sites.a.com", "given twice"),
            ("sites: {rollup: {a.com: a.com}}", 1, 25, "sites.rollup.a.com", "two domains"),
            ("sites: {rollup: {a.com: b.com, b.com: c.com}}", 1, 18, "sites.rollup.a.com", "rolled up itself"),
            ("throttles: [1/s, 1/s, 1/s, 1/s, 1/s, 1/s, 1/s, 1/s, 1/s]", 1, 12, "throttles", "at most 8"),
            ("approval: nobody", 1, 11, "approval", "two_person, self"),
            ("approval_expires: 1s", 1, 19, "approval_expires", "from 1m to 364d"),
            ("test_addresses: [me]", 1, 18, "test_addresses[0]", "NAME@DOMAIN"),
            ("orphan_grace: 0s", 1, 15, "orphan_grace", "from 1s to 7d"),
            ("log: {level: loud}", 1, 14, "log.level", "trace, debug, info"),
            ("journal: {sync: never}", 1, 17, "journal.sync", "process, power"),
            ("data_dir: ${UNSET}/x", 1, 11, "data_dir", "no variable UNSET"),
            ("data_dir: a\ndata_dir: b", 1, 1, "", "given twice: data_dir"),
            ("worker: [", 2, 1, "", "not valid YAML"),
            ("a: &x 1\nb: *x", 2, 4, "", "anchors and aliases"),
        ]
    )
    func mistakes(source: String, line: Int, column: Int, key: String, hint: String) throws {
        let found = self.problems(source)
        let problem = try #require(found.first)
        #expect(found.count == 1)
        #expect(problem.file == "p.yaml")
        #expect((problem.line, problem.column) == (line, column), "\(problem.description)")
        #expect(problem.message.contains(key), "\(problem.message)")
        #expect(problem.message.contains(hint), "\(problem.message)")
        #expect(!problem.message.contains("pw@"), "a password must not be shown")
    }

    @Test("all mistakes are told at once, in the order of the file")
    func all() {
        let found = self.problems(
            """
            store: mysql
            worker: { connections: 0, nmae: x }
            relays:
              - { name: main, url: "smtp://127.0.0.1:2525", throttles: ["lots"] }
              - { name: main, url: "smtp://127.0.0.1:2526" }
            """
        )
        #expect(found.map(\.line) == [1, 2, 2, 4, 5])
    }

    @Test(
        "a hostile document ends in a problem, not in a crash or a long wait",
        arguments: [
            String(repeating: "[", count: 5_000),
            String(repeating: "{a: ", count: 5_000),
            String(repeating: "- ", count: 5_000) + "a",
            "throttles: [" + String(repeating: "1/s, ", count: 30_000) + "]",
            String(repeating: "x", count: 1_100_000),
            "{{a: b}: c}",
            "? [a]\n: b",
            "\u{0}",
            "data_dir: \"\\ud800\"",
            "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n? *c\n: 1",
            "--- a\n--- b\n",
        ]
    )
    func hostile(source: String) {
        #expect(!self.problems(source).isEmpty)
    }

    @Test("a missing file is named")
    func missing() throws {
        let error = try #require(throws: FileProblems.self) {
            try Settings.load(path: "/nonexistent/postrider.yaml", environment: [:])
        }
        #expect(error.description == "/nonexistent/postrider.yaml: error: the file does not exist")
    }

    @Test(
        "a password file that others may read is refused",
        arguments: [
            (0o600, "canary\n", nil), (0o400, "canary", nil), (0o640, "canary", "chmod 600"),
            (0o604, "canary", "chmod 600"),
            (0o600, "", "must have one line"), (0o600, "two\nlines\n", "must have one line"),
        ] as [(Int, String, String?)]
    )
    func passwordFile(mode: Int, content: String, problem: String?) throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try folder.write("relay.password", content, mode: mode)
        try folder.write(
            "postrider.yaml",
            "relays: [{name: m, url: 'smtp://localhost', user: ann, password_file: relay.password}]\n"
        )
        let path = "\(folder.path)/postrider.yaml"
        if let problem {
            let error = try #require(throws: FileProblems.self) { try Settings.load(path: path, environment: [:]) }
            #expect(error.description.contains(problem))
            #expect(!error.description.contains("canary"))
        } else {
            let settings = try Settings.load(path: path, environment: [:])
            #expect(settings.relays.first?.credentials?.password.reveal() == "canary")
        }
    }

    @Test("a signing key names what is wrong with its domain and with its file")
    func signingKey() {
        let found = self.problems("dkim: {k1: {domain: x, selector: s, key_file: no}}")
        #expect(found.map(\.column).contains(21))
        #expect(found.contains { $0.message.contains("dkim.k1.domain") && $0.message.contains("example.org") })
        #expect(found.contains { $0.message.contains("dkim.k1.key_file") })
    }
}
