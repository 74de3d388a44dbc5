import Dispatch
import Domain
import Engine
import Foundation
import Storage
import StorageSQLite
import Synchronization
import Testing
import Transport

@testable import WorkerCore

/// News as it came, and a bounded wait for what is to come.
private final class NewsLog: Sendable {
    private let lines = Mutex<[String]>([])
    private let bell = DispatchSemaphore(value: 0)

    func add(_ news: JournalNews) {
        let line =
            switch news {
            case .committed(let rows, let groups): "\(groups) groups, \(rows.reduce(0) { $0 + $1.facts.count }) facts"
            case .refused: "refused"
            case .resumed: "resumed"
            }
        self.lines.withLock { $0.append(line) }
        self.bell.signal()
    }

    func wait(for count: Int) -> [String] {
        while self.lines.withLock({ $0.count }) < count {
            guard self.bell.wait(timeout: .now() + .seconds(20)) == .success else { break }
        }
        return self.lines.withLock { $0 }
    }
}

@Suite("Journal's thread", .timeLimit(.minutes(10)))
struct JournalWriterTests {
    private static func group(_ position: UInt32) -> JournalGroup {
        let fact = TargetFact(epoch: Epoch(1), position: position, fate: .accepted, at: Timestamp(milliseconds: 0))
        return JournalGroup(intents: [], facts: [fact])
    }

    @Test("a journal that refuses says so once, keeps what it was given, and goes on by itself")
    func refusal() throws {
        let folder = NSTemporaryDirectory() + "writer-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try JournalFile.open(folder: folder, worker: "w", powerSafe: false, at: Timestamp(milliseconds: 0))
        let database = file.database
        let news = NewsLog()
        let writer = JournalWriter { news.add($0) }
        let thread = try writer.start(file)

        writer.append(Self.group(1))
        #expect(news.wait(for: 1) == ["1 groups, 1 facts"])
        try database.access { connection throws(StoreError) in try connection.execute("PRAGMA query_only=ON") }
        writer.append(Self.group(2))
        #expect(news.wait(for: 2).last == "refused")
        writer.append(Self.group(3))
        try database.access { connection throws(StoreError) in try connection.execute("PRAGMA query_only=OFF") }
        #expect(news.wait(for: 5).dropFirst(2) == ["resumed", "1 groups, 1 facts", "1 groups, 1 facts"])
        writer.stop()
        thread.join()

        let next = try JournalFile.open(folder: folder, worker: "w", powerSafe: false, at: Timestamp(milliseconds: 0))
        #expect(next.restored.rows.flatMap(\.facts).map(\.position) == [1, 2, 3])
        try next.database.close()
    }

    @Test("an intent that was confirmed is in doubt in the next process")
    func intent() throws {
        let folder = NSTemporaryDirectory() + "writer-\(UInt64.random(in: .min ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try JournalFile.open(folder: folder, worker: "w", powerSafe: false, at: Timestamp(milliseconds: 0))
        let news = NewsLog()
        let writer = JournalWriter { news.add($0) }
        let thread = try writer.start(file)
        let target = TargetHandle(rawValue: 0)
        writer.append(JournalGroup(intents: [.init(target: target, epoch: Epoch(1), position: 4)], facts: []))
        #expect(news.wait(for: 1) == ["1 groups, 0 facts"])
        writer.stop()
        thread.join()

        let next = try JournalFile.open(folder: folder, worker: "w", powerSafe: false, at: Timestamp(milliseconds: 0))
        #expect(next.restored.rows.flatMap(\.facts).map(\.position) == [4])
        #expect(next.restored.doubts == 1)
        try next.database.close()
    }
}
