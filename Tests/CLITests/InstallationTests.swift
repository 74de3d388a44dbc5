import Domain
import Foundation
import Testing
import Transport
import UserFiles

@testable import CLI

@Suite("postrider init")
struct InstallationTests {
    @Test("a second run leaves every byte and mode as it is")
    func twice() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        var first = Installation(folder: "\(folder.path)/deep/er")
        try first.make()
        let before = try folder.contents()
        var second = Installation(folder: "\(folder.path)/deep/er")
        try second.make()
        #expect(try folder.contents() == before)
        #expect(second.created.isEmpty)
        #expect(first.created.first == "postrider.yaml")
    }

    @Test(
        "what is secret is its owner's alone",
        arguments: [
            "tokens/viewer.token", "tokens/operator.token", "tokens/approver.token", "tokens/admin.token",
            "keys/coordinator.key", "keys/workers.allow",
        ]
    )
    func modes(name: String) throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        var installation = Installation(folder: folder.path)
        try installation.make()
        #expect(try #require(try folder.contents()[name]).hasPrefix("600 "))
    }

    @Test("a file that was changed by hand is kept, and what is missing beside it is made")
    func keepsChanges() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try folder.write("postrider.yaml", "log: {level: debug}\n")
        var installation = Installation(folder: folder.path)
        try installation.make()
        #expect(try folder.read("postrider.yaml") == "log: {level: debug}\n")
        #expect(try folder.read("tokens/operator.token").utf8.count == 65)
    }

    @Test("every role has a token of its own")
    func tokens() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        var installation = Installation(folder: folder.path)
        try installation.make()
        let tokens = try Role.allCases.map { try TokenFile.read("\(folder.path)/tokens/\($0.name).token").reveal() }
        #expect(Set(tokens).count == 4)
    }

    @Test("the starter settings are right, and mean what no settings mean")
    func starterSettings() throws {
        let starter = try Settings.parse(StarterSettings.text, file: "p.yaml", folder: "/srv", environment: [:])
        let empty = try Settings.parse("", file: "p.yaml", folder: "/srv", environment: [:])
        #expect("\(starter)" == "\(empty)")
    }

    @Test("what the starter settings show in comments is right too, once it is used")
    func starterComments() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try folder.write("provider.password", "secret\n", mode: 0o600)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/keys", withIntermediateDirectories: true)
        try folder.write("keys/dkim-example.org-s1.key", "as `postrider dkim key` writes it\n", mode: 0o600)
        // Keys that hold a duration or an address twice would be given twice: the commented ones come alone.
        let lines = StarterSettings.text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let range = line.firstRange(of: "# "), line[..<range.lowerBound].allSatisfy({ $0 == " " }) else {
                return String(line)
            }
            let rest = line[range.upperBound...]
            let isKey = rest.firstMatch(of: /^ *(- )?[a-z_.]+:/) != nil
            return isKey ? String(line[..<range.lowerBound]) + String(rest) : String(line)
        }
        let settings = try Settings.parse(
            lines.joined(separator: "\n"),
            file: "p.yaml",
            folder: folder.path,
            environment: [:]
        )
        #expect(settings.relays.map(\.name) == ["main", "provider"])
        #expect(settings.sites.limits(of: "gmail.com").throttles.map(\.text) == ["200/s,burst=400"])
        #expect(settings.throttles.map(\.text) == ["10000/s"])
        #expect(settings.coordinator.publicURL == "https://go.example.org")
    }

    @Test("local workers get keys and places on the allow-list, once")
    func localWorkers() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        var installation = Installation(folder: folder.path)
        try installation.make()
        try installation.makeLocalWorkers(["local-1"])
        let before = try folder.contents()
        try installation.makeLocalWorkers(["local-1"])
        #expect(try folder.contents() == before)
        try installation.makeLocalWorkers(["local-1", "local-2"])
        let list = try AllowList.read("\(folder.path)/keys/workers.allow")
        #expect(list.workerNames == ["local-1", "local-2"])
        #expect(try KeyFile.read("\(folder.path)/keys/local-2.key").publicKey == list.key(of: "local-2"))
    }

    @Test("a worker whose key was made anew has the new one on the list")
    func newKey() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        var installation = Installation(folder: folder.path)
        try installation.make()
        try installation.makeLocalWorkers(["local-1"])
        try KeyFile.write(CurveKeyPair.generate(), to: "\(folder.path)/keys/local-1.key", replacing: true)
        try installation.makeLocalWorkers(["local-1"])
        let list = try AllowList.read("\(folder.path)/keys/workers.allow")
        #expect(try list.key(of: "local-1") == KeyFile.read("\(folder.path)/keys/local-1.key").publicKey)
    }

    @Test("the files for another machine's worker are read as they were meant")
    func workerBundle() throws {
        let coordinator = try CurveKeyPair.generate().publicKey
        let bundle = WorkerBundle(
            name: "w2",
            coordinator: "tcp://10.0.0.1:7700",
            coordinatorKey: coordinator,
            keys: try CurveKeyPair.generate()
        )
        let settings = try Settings.parse(bundle.settingsText, file: "w2.yaml", folder: "/srv", environment: [:])
        #expect(settings.worker.name == "w2")
        #expect(settings.worker.coordinator.description == "tcp://10.0.0.1:7700")
        #expect(settings.worker.coordinatorKey == .text(coordinator.text))
        #expect(settings.worker.keyFile == "/srv/w2.key")
        #expect(settings.dataFolder == "/srv/w2-data")
    }

    @Test(
        "a token file must be private and have one word",
        arguments: [
            (0o600, "abc\n", nil), (0o400, "abc", nil), (0o644, "abc", .notAllowed), (0o600, "", .badInput),
            (0o600, "a b", .badInput), (0o600, String(repeating: "a", count: 2_000), .badInput),
            (0o600, "ä\n", .badInput),
        ] as [(Int, String, CommandStatus?)]
    )
    func tokenFile(mode: Int, text: String, status: CommandStatus?) throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let path = try folder.write("t", text, mode: mode)
        if let status {
            let failure = try #require(throws: Failure.self) { try TokenFile.read(path) }
            #expect(failure.status == status)
        } else {
            #expect(try TokenFile.read(path).reveal() == "abc")
        }
    }
}
