import Domain
import Foundation
import Storage
import StorageSQLite
import Testing
import UserFiles

@testable import CoordinatorCore

@Suite("The keys that have to do with recipients")
struct RecipientKeyTests {
    private static let files = ["suppression.key", "unsubscribe.key"]
    private static let otherKey = String(repeating: "ab", count: 32) + "\n"
    private static let target = TargetKey(campaign: Campaign.ID(1), lane: 0, position: 0)

    @Test("a new installation makes them once, and every start takes the same")
    func makes() throws {
        let folder = try StartFolder()
        let token = try folder.start().unsubscribe.token(for: Self.target)
        let before = try Self.files.map { try folder.read("keys/\($0)") }
        #expect(try folder.start().unsubscribe.target(of: token) == Self.target)
        #expect(try Self.files.map { try folder.read("keys/\($0)") } == before)
    }

    enum Fault: CaseIterable {
        case missing, other, garbage, open, folder

        func make(_ name: String, in folder: StartFolder) throws {
            switch self {
            case .missing: try folder.remove(name)
            case .other: try folder.write(name, RecipientKeyTests.otherKey)
            case .garbage: try folder.write(name, "zzz\n")
            case .open: try folder.allow(0o644, name)
            case .folder: try folder.makeFolder(name)
            }
        }

        var remedy: String {
            switch self {
            case .missing, .other, .garbage: "put it back from a backup"
            case .open: "chmod 600"
            case .folder: "move it away"
            }
        }
    }

    @Test(
        "a key that was used is not replaced when it is lost, another one, or unusable: the start says where and what to do",
        arguments: Self.files,
        Fault.allCases
    )
    func refuses(file: String, fault: Fault) throws {
        let folder = try StartFolder()
        try folder.start()
        try fault.make("keys/\(file)", in: folder)
        let before = try folder.contents()
        let problem = try #require(throws: StartProblem.self) { try folder.start() }
        #expect(problem.text.contains("\(folder.path)/keys/\(file)"))
        #expect(problem.text.contains(fault.remedy), "\(problem.text)")
        #expect(try folder.contents()["keys/\(file)"] == before["keys/\(file)"])
        // Whoever looks without starting is told the same.
        let known = try folder.withStore {
            try $0.access { connection throws(StoreError) in try NotedKeys(connection) }
        }
        #expect(RecipientKeys.problems(try folder.settings(), known) == [problem])
        let isUnsubscribe = file == "unsubscribe.key" && ![.open, .folder].contains(fault)
        #expect(problem.text.contains("--new-unsubscribe-key") == isUnsubscribe)
        if isUnsubscribe, fault != .garbage { #expect(problem.text.contains("no link to unsubscribe works")) }
    }

    @Test("an installation of an older version notes the key that it finds, and then holds on to it")
    func older() throws {
        let folder = try StartFolder()
        try folder.start()
        try folder.execute("DELETE FROM meta WHERE key = 'unsubscribe_key'")
        try folder.write("keys/unsubscribe.key", Self.otherKey)
        try folder.start()
        try folder.remove("keys/unsubscribe.key")
        #expect(throws: StartProblem.self) { try folder.start() }
    }

    @Test(
        "one of an older version that has lost its key makes another only when nothing was ever sent",
        arguments: [false, true]
    )
    func olderWithout(hasSent: Bool) throws {
        let folder = try StartFolder()
        try folder.start()
        try folder.execute("DELETE FROM meta WHERE key = 'unsubscribe_key'")
        try folder.remove("keys/unsubscribe.key")
        if hasSent { try folder.execute(Self.startedCampaign) }
        if hasSent {
            #expect(throws: StartProblem.self) { try folder.start() }
        } else {
            try folder.start()
        }
    }

    private static let startedCampaign = """
        INSERT INTO campaign
        (name, state, channel, relay, file, content, files, digest, submitted_by, submitted_at, started_at)
        VALUES ('a', 'finished', 'email', 'main', 'a.yaml', '', '{}', '', 'operator', 1, 2)
        """

    @Test("who gives the links up gets another key, on purpose and on record", arguments: [false, true])
    func beginsAnew(isThere: Bool) throws {
        let folder = try StartFolder()
        let old = try folder.start().unsubscribe.token(for: Self.target)
        let suppression = try folder.read("keys/suppression.key")
        if isThere {
            try folder.write("keys/unsubscribe.key", Self.otherKey)
        } else {
            try folder.remove("keys/unsubscribe.key")
        }
        let told = try NewUnsubscribeKey(settings: folder.settings(), now: Timestamp(milliseconds: 5)).take()
        #expect(told.contains("do not work any more"))
        let keys = try folder.start()
        #expect(keys.unsubscribe.target(of: old) == nil)
        if isThere { #expect(try folder.read("keys/unsubscribe.key") == Self.otherKey) }
        #expect(try folder.read("keys/suppression.key") == suppression)
        let acts = try folder.withStore {
            try $0.access { connection throws(StoreError) in
                try AuditStore(connection).entries(above: 0, count: 10).map(\.entry.act)
            }
        }
        #expect(acts == ["new_unsubscribe_key"])
    }

    @Test("the key that was used all along is no new one, and nothing is taken while a coordinator works")
    func refusesAnew() throws {
        let folder = try StartFolder()
        let command = NewUnsubscribeKey(settings: try folder.settings(), now: Timestamp(milliseconds: 5))
        #expect(throws: StartProblem.self) { try command.take() }
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/keys/unsubscribe.key"))
        try folder.start()
        let same = try #require(throws: StartProblem.self) { try command.take() }
        #expect(same.text.contains("move it away first"))
        try folder.remove("keys/unsubscribe.key")
        let lock = try DataLock(folder: "\(folder.path)/data")
        let busy = try #require(throws: StartProblem.self) { try command.take() }
        lock.release()
        #expect(busy.text.contains("another coordinator"))
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/keys/unsubscribe.key"))
    }
}
