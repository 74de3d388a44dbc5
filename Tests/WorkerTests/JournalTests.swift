import Domain
import Engine
import Foundation
import Storage
import StorageSQLite
import Testing

@testable import WorkerCore

private let noon = Timestamp(milliseconds: 1_795_000_000_000)

private func fact(
    _ epoch: UInt64,
    _ position: UInt32,
    _ fate: Fate = .accepted,
    reason: Reason? = nil,
    reply: RelayReply? = nil
) -> TargetFact {
    TargetFact(epoch: Epoch(epoch), position: position, fate: fate, reason: reason, reply: reply, at: noon)
}

private func intents(_ epoch: UInt64, _ positions: UInt32...) -> [JournalStore.Intent] {
    positions.map { .init(epoch: Epoch(epoch), position: $0) }
}

/// A folder that is gone with the test.
private final class Folder {
    let path: String

    init() throws {
        self.path = NSTemporaryDirectory() + "journal-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: self.path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: self.path) }

    var file: String { "\(self.path)/journal-w.sqlite" }

    func open(powerSafe: Bool = false) throws -> JournalFile {
        try JournalFile.open(folder: self.path, worker: "w", powerSafe: powerSafe, at: noon)
    }

    /// What a process that was killed now would leave to the next: the files as they are, without anybody closing them.
    func afterKill() throws -> Folder {
        let copy = try Folder()
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: self.file + suffix) {
            try FileManager.default.copyItem(atPath: self.file + suffix, toPath: copy.file + suffix)
        }
        return copy
    }
}

extension JournalFile {
    @discardableResult
    fileprivate func commit(
        _ intents: [JournalStore.Intent] = [],
        _ facts: [TargetFact] = [],
        acknowledged: UInt64 = 0
    ) throws -> [JournalStore.CommittedRow] {
        try self.database.access { connection throws(StoreError) in
            try self.store.commit(connection, intents: intents, facts: facts, acknowledged: acknowledged)
        }
    }
}

@Suite("Journal rows")
struct JournalRowTests {
    @Test("records come back as they were written", arguments: Fate.allCases)
    func roundTrip(fate: Fate) {
        let reply = RelayReply(code: 550, status: "5.1.1", text: "kein Postfach für größe")
        var records: [JournalRecord] = [.intent(epoch: Epoch(1 << 40), position: .max), .fact(fact(7, 3, fate))]
        for reason in Reason.allCases { records.append(.fact(fact(9, 4, fate, reason: reason, reply: reply))) }
        var late = fact(1, 1, .deferred)
        late.retryAfterSeconds = 14_400
        records.append(.fact(late))
        #expect(JournalRow.unpack(JournalRow.pack(records)) == records)
    }

    @Test("no cut of a row is taken for a row, unless it ends between two records")
    func cuts() {
        let records: [JournalRecord] = [
            .intent(epoch: Epoch(1), position: 2),
            .fact(fact(1, 2, .bounced, reason: .mailbox, reply: RelayReply(code: 550, status: "5.1.1", text: "no"))),
        ]
        let bytes = JournalRow.pack(records)
        for length in 0..<bytes.count {
            let read = JournalRow.unpack(Array(bytes.prefix(length)))
            #expect(read == nil || length == 0 || length == 13)
        }
        #expect(JournalRow.unpack([77] + bytes.dropFirst()) == nil, "kind 77")
    }

    @Test("the checksum depends on every byte and on the row's number")
    func checksum() {
        let bytes = JournalRow.pack([.fact(fact(1, 2))])
        let right = JournalRow.checksum(number: 5, bytes)
        #expect(JournalRow.checksum(number: 6, bytes) != right)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(JournalRow.checksum(number: 5, changed) != right)
        }
    }
}

@Suite("Journal")
struct JournalTests {
    @Test("a journal that may have lost its end with the power is another one as soon as it is said to survive that")
    func safety() throws {
        let folder = try Folder()
        var identities: [[UInt8]] = []
        for isPowerSafe in [false, false, true, true, false, true] {
            let file = try folder.open(powerSafe: isPowerSafe)
            identities.append(file.store.identity)
            if identities.count == 1 { try file.commit([.init(epoch: Epoch(1), position: 1)], [fact(1, 1, .accepted)]) }
            // What it has is believed and told all the same.
            if identities.count > 1 { #expect(file.restored.rows.flatMap(\.facts).count == 1) }
            try file.database.close()
        }
        #expect(identities[0] == identities[1])
        #expect(identities[2] != identities[1] && identities[3] == identities[2] && identities[4] == identities[3])
        #expect(identities[5] != identities[4])
        // One that is new has nothing to lose; of an older program's nothing is known.
        let other = try Folder()
        let new = try other.open(powerSafe: true)
        try new.database.access { connection throws(StoreError) in try connection.execute("DROP TABLE safety") }
        try new.database.close()
        let next = try other.open(powerSafe: true)
        #expect(next.store.identity != new.store.identity)
        try next.database.close()
        let last = try other.open(powerSafe: true)
        #expect(last.store.identity == next.store.identity)
    }

    @Test("an intent without an outcome is in doubt after a kill, one with an outcome is not")
    func doubt() throws {
        let folder = try Folder()
        let file = try folder.open()
        try file.commit(intents(4, 1, 2))
        try file.commit([], [fact(4, 1)])
        let next = try folder.afterKill().open()
        #expect(next.restored.doubts == 1)
        #expect(next.restored.highestEpoch == Epoch(4))
        #expect(
            next.restored.rows.flatMap(\.facts) == [fact(4, 1), fact(4, 2, .inDoubt, reason: .noReply)],
            "the doubt is journalled as a fact of its own"
        )
        #expect(next.store.identity == file.store.identity)
        #expect(next.store.openIntentCount == 0)
    }

    @Test("a kill after every step leaves what was committed until then", arguments: 0...4)
    func kills(steps: Int) throws {
        let folder = try Folder()
        let file = try folder.open()
        let all: [(JournalFile) throws -> Void] = [
            { try $0.commit(intents(1, 0, 1)) },
            { try $0.commit([], [fact(1, 0)]) },
            { try $0.commit(intents(1, 2), [fact(1, 1, .deferred, reason: .temporary)]) },
            { try $0.commit([], [], acknowledged: 2) },
        ]
        for step in all.prefix(steps) { try step(file) }
        let next = try folder.afterKill().open()
        let facts = next.restored.rows.flatMap(\.facts)
        let summary = facts.map { "\($0.position):\($0.fate)" }.sorted()
        let expected = [
            [], ["0:inDoubt", "1:inDoubt"], ["0:accepted", "1:inDoubt"], ["0:accepted", "1:deferred", "2:inDoubt"],
            // The acknowledged row is gone; the intent of target 2 is not.
            ["1:deferred", "2:inDoubt"],
        ]
        #expect(summary == expected[steps])
    }

    @Test("freeing a row carries its open intents into a new one")
    func carryForward() throws {
        let folder = try Folder()
        let file = try folder.open()
        try file.commit(intents(1, 0, 1), [])
        let second = try #require(try file.commit([], [fact(1, 0)]).first)
        try file.commit([], [], acknowledged: second.number)
        let next = try folder.afterKill().open()
        #expect(next.restored.rows.flatMap(\.facts).map(\.position) == [1])
        #expect(next.restored.doubts == 1)
        // The outcome closes the intent that was carried.
        try file.commit([], [fact(1, 1)])
        let third = try folder.afterKill().open()
        #expect(third.restored.doubts == 0)
    }

    @Test("an intent whose outcome comes in the same group as the freeing is not carried")
    func closedWhileFreeing() throws {
        let folder = try Folder()
        let file = try folder.open()
        try file.commit(intents(1, 0))
        let rows = try file.commit([], [fact(1, 0)], acknowledged: 1)
        #expect(rows.map(\.number) == [2])
        #expect(try folder.afterKill().open().restored.doubts == 0)
    }

    @Test("numbers rise over a restart, also when every row was freed")
    func numbers() throws {
        let folder = try Folder()
        let file = try folder.open()
        let first = try #require(try file.commit([], [fact(1, 0)]).first)
        try file.commit([], [], acknowledged: first.number)
        let next = try folder.afterKill().open()
        #expect(next.restored.rows.isEmpty)
        let second = try #require(try next.commit([], [fact(1, 1)]).first)
        #expect(second.number > first.number)
    }

    @Test("an acknowledgement from before a restart, or beyond the last row, frees nothing that is not there")
    func acknowledgedTooMuch() throws {
        let folder = try Folder()
        let file = try folder.open()
        try file.commit([], [fact(1, 0)], acknowledged: 99)
        try file.commit([], [], acknowledged: 99)
        let row = try #require(try file.commit([], [fact(1, 1)], acknowledged: 99).first)
        #expect(try folder.afterKill().open().restored.rows.map(\.number) == [row.number])
    }

    @Test("a large group becomes several rows, each small enough for a report")
    func rows() throws {
        let file = try Folder().open()
        let rows = try file.commit([], (0..<1_200).map { fact(1, $0) })
        #expect(rows.map(\.facts.count) == [512, 512, 176])
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.number < $1.number })
    }

    @Test(
        "a journal that cannot be believed is moved aside, and its successor has another identity",
        arguments: ["garbage", "row", "moved", "empty row", "foreign"]
    )
    func damaged(how: String) throws {
        let folder = try Folder()
        var identity: [UInt8] = []
        do {
            let file = try folder.open()
            identity = file.store.identity
            try file.commit(intents(1, 0))
            try file.commit([], [fact(1, 5)])
            try file.database.access { connection throws(StoreError) in
                switch how {
                case "row": try connection.execute("UPDATE entry SET records = x'0102' WHERE number = 1")
                case "moved": try connection.execute("UPDATE entry SET number = 9 WHERE number = 1")
                case "empty row": try connection.execute("UPDATE entry SET records = x'' WHERE number = 1")
                case "foreign": try connection.execute("PRAGMA application_id=1")
                default: break
                }
            }
            try file.database.close()
        }
        if how == "garbage" { try Data(repeating: 0x55, count: 9_000).write(to: URL(fileURLWithPath: folder.file)) }
        let next = try folder.open()
        #expect(next.store.identity != identity)
        #expect(next.restored.rows.isEmpty)
        let aside = try #require(next.movedAside)
        #expect(next.damage?.isEmpty == false, "its log line says what is wrong")
        #expect(FileManager.default.fileExists(atPath: aside), "kept for a person to look at")
    }

    @Test("when the database refuses, nothing changes in memory, and the same group can be committed later")
    func refusal() throws {
        let folder = try Folder()
        let file = try folder.open()
        try file.commit(intents(1, 0))
        try file.database.access { connection throws(StoreError) in try connection.execute("PRAGMA query_only=ON") }
        #expect(throws: StoreError.self) { try file.commit(intents(1, 1), [fact(1, 0)]) }
        #expect(file.store.openIntentCount == 1)
        try file.database.access { connection throws(StoreError) in try connection.execute("PRAGMA query_only=OFF") }
        let rows = try file.commit(intents(1, 1), [fact(1, 0)])
        #expect(rows.map(\.number) == [2])
        #expect(try folder.afterKill().open().restored.rows.flatMap(\.facts).map(\.fate) == [.accepted, .inDoubt])
    }
}
