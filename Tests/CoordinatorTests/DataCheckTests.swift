import Domain
import Foundation
import Testing
import Transport
import UserFiles

@testable import CoordinatorCore

@Suite("What --check says, and what a start refuses because of")
struct DataCheckTests {
    /// One thing that is wrong with an installation.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Whether a coordinator refuses to start because of it; some things only others suffer from.
        var stops = true
        /// The settings, when they are what is wrong.
        var yaml = StartFolder.quietPorts
        let make: @Sendable (StartFolder) throws -> Void
        let check: String
        let text: String
        /// What the remedy must and must not say.
        let remedy: String
        var nonsense = "#"

        init(
            _ name: String,
            stops: Bool = true,
            yaml: String = StartFolder.quietPorts,
            check: String,
            _ text: String,
            remedy: String,
            not nonsense: String = "#",
            _ make: @escaping @Sendable (StartFolder) throws -> Void = { _ in }
        ) {
            (self.testDescription, self.stops, self.yaml, self.make) = (name, stops, yaml, make)
            (self.check, self.text, self.remedy, self.nonsense) = (check, text, remedy, nonsense)
        }
    }

    private static func listening(_ api: String, _ workers: String = "tcp://127.0.0.1:0", _ rest: String = "") -> String
    {
        "coordinator: {api_listen: '\(api)', workers_listen: '\(workers)'\(rest)}\n"
    }

    static let cases: [Case] = Self.keyCases + Self.settingCases + Self.folderCases

    private static let keyCases: [Case] = [
        Case("coordinator.key is gone", check: "keys", "coordinator.key", remedy: "put it back from a backup") {
            try $0.remove("keys/coordinator.key")
        },
        Case("coordinator.key is garbage", check: "keys", "coordinator.key", remedy: "rm -f", not: "chmod") {
            try $0.write("keys/coordinator.key", "zzz\n")
        },
        Case("coordinator.key is empty", check: "keys", "coordinator.key", remedy: "rm -f", not: "chmod") {
            try $0.write("keys/coordinator.key", "")
        },
        Case("coordinator.key is open", check: "keys", "coordinator.key", remedy: "chmod 600", not: "init") {
            try $0.allow(0o644, "keys/coordinator.key")
        },
        Case("coordinator.key is a folder", check: "keys", "coordinator.key", remedy: "move it away", not: "init") {
            try $0.makeFolder("keys/coordinator.key")
        },
        Case("coordinator.pub is gone", stops: false, check: "keys", "coordinator.pub", remedy: "makes it again") {
            try $0.remove("keys/coordinator.pub")
        },
        Case("coordinator.pub is garbage", stops: false, check: "keys", "coordinator.pub", remedy: "rm ") {
            try $0.write("keys/coordinator.pub", "zzz\n", mode: 0o644)
        },
        Case("coordinator.pub is another's", stops: false, check: "keys", "does not belong", remedy: "rm ") {
            let keys = try CurveKeyPair.generate()
            try KeyFile.writePublic(keys.publicKey, to: "\($0.path)/keys/coordinator.pub", replacing: true)
        },
        Case("workers.allow is garbage", check: "keys", "workers.allow:1", remedy: "that line", not: "chmod") {
            try $0.write("keys/workers.allow", "zzz\n")
        },
        Case("workers.allow is open", check: "keys", "workers.allow", remedy: "chmod 600", not: "line") {
            try $0.allow(0o666, "keys/workers.allow")
        },
        Case("a token is too short", check: "tokens", "viewer.token", remedy: "rm ") {
            try $0.write("tokens/viewer.token", "abc\n")
        },
        Case("a token is open", check: "tokens", "viewer.token", remedy: "chmod 600", not: "rm ") {
            try $0.allow(0o644, "tokens/viewer.token")
        },
        Case("operator.token is gone", stops: false, check: "tokens", "operator.token", remedy: "init --dir") {
            try $0.remove("tokens/operator.token")
        },
    ]

    private static let settingCases: [Case] = [
        Case(
            "a zone that is none",
            yaml: Self.quiet("timezone: Mars/Base"),
            check: "time_zones",
            "Mars/Base",
            remedy: "tzdata"
        ),
        Case(
            "an address that is not ours",
            yaml: Self.listening("192.0.2.1:7701"),
            check: "ports",
            "api_listen 192.0.2.1:7701",
            remedy: "ip address"
        ),
        Case(
            "one port twice",
            yaml: Self.listening("127.0.0.1:7701", "tcp://*:7701"),
            check: "ports",
            "api_listen and coordinator.workers_listen",
            remedy: "another port"
        ),
        Case(
            "one port for operators and recipients",
            yaml: Self.listening(
                "localhost:7701",
                "tcp://127.0.0.1:0",
                ", public_listen: '127.0.0.1:7701', public_url: 'https://go.example.org'"
            ),
            check: "ports",
            "api_listen and coordinator.public_listen",
            remedy: "another port"
        ),
        Case(
            "a key of return paths that is garbage",
            yaml: Self.quiet("returns: {address: bounce@example.org, listen: '127.0.0.1:0'}"),
            check: "settings",
            "returns.key",
            remedy: "backup"
        ) { try $0.write("keys/returns.key", "zzz\n") },
    ]

    private static func quiet(_ line: String) -> String { StartFolder.quietPorts + line + "\n" }

    private static let folderCases: [Case] = [
        Case("keys/ is everybody's", stops: false, check: "keys", "/keys", remedy: "chmod 700") {
            try $0.allow(0o777, "keys")
        },
        Case("tokens/ is everybody's", stops: false, check: "tokens", "/tokens", remedy: "chmod 700") {
            try $0.allow(0o777, "tokens")
        },
        Case("data/ is everybody's", stops: false, check: "data", "/data", remedy: "chmod 700") {
            try $0.allow(0o777, "data")
        },
        Case("data_dir is a file", stops: false, check: "data", "is no folder", remedy: "data_dir", not: "chmod") {
            try $0.remove("data")
            try $0.write("data", "", mode: 0o644)
        },
    ]

    private func wrong(_ folder: StartFolder, _ yaml: String = StartFolder.quietPorts) throws -> [Finding] {
        let check = DataCheck(settings: try folder.settings(yaml), seconds: 20, now: WallClock.now())
        return check.run().findings.filter { $0.state == .wrong }
    }

    @Test("nothing is wrong with a new installation, nor with one that was started")
    func inOrder() throws {
        let folder = try StartFolder()
        #expect(try self.wrong(folder) == [])
        try folder.start()
        #expect(try self.wrong(folder) == [])
        try StartConditions(settings: folder.settings()).require()
    }

    @Test(
        "each thing is said with a remedy of its own, once, without changing anything; a start says the same",
        arguments: cases
    )
    func each(one: Case) throws {
        let folder = try StartFolder()
        try folder.start()
        try one.make(folder)
        let before = try folder.contents()
        let found = try self.wrong(folder, one.yaml)
        #expect(try folder.contents() == before)
        let mine = found.filter { $0.check == one.check && $0.text.contains(one.text) }
        #expect(mine.count == 1, "\(found)")
        let remedy = try #require(mine.first?.remedy)
        #expect(remedy.contains(one.remedy) && !remedy.contains(one.nonsense), "\(remedy)")
        let conditions = StartConditions(settings: try folder.settings(one.yaml))
        if one.stops {
            let refusal = try #require(throws: StartProblem.self) { try conditions.require() }
            #expect(refusal.text.contains(one.text), "\(refusal.text)")
        } else {
            try conditions.require()
        }
    }

    @Test(
        "a key that the database was used with is asked for, too",
        arguments: ["suppression.key", "unsubscribe.key"],
        RecipientKeyTests.Fault.allCases
    )
    func recipientKeys(file: String, fault: RecipientKeyTests.Fault) throws {
        let folder = try StartFolder()
        try folder.start()
        try fault.make("keys/\(file)", in: folder)
        let found = try self.wrong(folder)
        #expect(found.count == 1 && found.first?.check == "keys", "\(found)")
        #expect(found.first?.text.contains("keys/\(file)") == true)
        #expect(found.first?.remedy?.contains(fault.remedy) == true, "\(found)")
    }

    @Test("operators with tokens of their own need no operator.token")
    func namedTokens() throws {
        let folder = try StartFolder()
        try folder.remove("tokens/operator.token")
        try folder.write("tokens/operator-ann.token", "a-token-of-anns-own\n")
        #expect(try self.wrong(folder) == [])
    }

    @Test("a port that another program has is said before a start, and not while a coordinator runs")
    func takenPort() throws {
        let folder = try StartFolder()
        let listener = try ListeningSocket()
        let settings = try folder.settings(Self.listening("127.0.0.1:\(listener.port)"))
        let problem = try #require(ListenPlaces.problems(settings, areOurs: false).first)
        #expect(problem.text.contains("in use by another program") && problem.text.contains("ss -ltnp"))
        #expect(ListenPlaces.problems(settings, areOurs: true) == [])
        withExtendedLifetime(listener) {}
    }

    @Test(
        "two listeners of one port are told from listeners that do not meet",
        arguments: [
            ("127.0.0.1:7701", "tcp://127.0.0.1:7702", false), ("127.0.0.1:7701", "tcp://127.0.0.2:7701", false),
            ("[::1]:7701", "tcp://*:7701", false), ("127.0.0.1:0", "tcp://127.0.0.1:0", false),
            ("0.0.0.0:7701", "tcp://127.0.0.1:7701", true), ("[::1]:7701", "tcp://[::]:7701", true),
            ("localhost:7701", "tcp://127.0.0.1:7701", true), ("post.example:7701", "tcp://post.example:7701", true),
        ]
    )
    func collisions(api: String, workers: String, collide: Bool) throws {
        let settings = try StartFolder().settings(Self.listening(api, workers))
        let problems = ListenPlaces.problems(settings, areOurs: true).filter { $0.problem.contains("both want") }
        #expect(problems.count == (collide ? 1 : 0), "\(problems)")
    }
}

/// A program that listens on a port of the system's choice.
private final class ListeningSocket {
    let port: Int
    private let descriptor: Int32

    init() throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = self.descriptor
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isListening)
        self.port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit { close(self.descriptor) }
}
