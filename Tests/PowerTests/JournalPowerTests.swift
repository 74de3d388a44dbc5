import Domain
import Engine
import Foundation
import Storage
import StorageSQLite
import Testing
import Transport

@testable import WorkerCore

private let noon = Timestamp(milliseconds: 1_795_000_000_000)

/// A journal's life by seed: groups of intents and outcomes, acknowledgements, and what must be known of them afterwards.
private struct JournalLife {
    private var random: SplitMix64
    private var next: UInt32 = 0
    /// Intents that were committed and have no outcome.
    private(set) var open: Set<UInt32> = []
    /// Outcomes that were committed, by row; acknowledged ones are gone.
    private(set) var facts: [UInt32: UInt64] = [:]
    private var lastRow: UInt64 = 0

    init(seed: UInt64) { self.random = SplitMix64(seed) }

    mutating func batch() -> JournalBatch {
        var group = JournalGroup()
        for position in self.open.sorted() where self.random.chance(60) {
            group.facts.append(TargetFact(epoch: Epoch(7), position: position, fate: .accepted, at: noon))
        }
        for _ in 0..<self.random.number(in: 0...6) {
            self.next += 1
            group.intents.append(.init(target: TargetHandle(rawValue: 0), epoch: Epoch(7), position: self.next))
        }
        let acknowledged = self.random.chance(20) ? UInt64(self.random.number(in: 0...Int(self.lastRow))) : 0
        return JournalBatch(groups: [group], acknowledged: acknowledged)
    }

    mutating func committed(_ batch: JournalBatch, _ rows: [JournalStore.CommittedRow]) {
        self.facts = self.facts.filter { $0.value > batch.acknowledged }
        for intent in batch.intents { self.open.insert(intent.position) }
        for row in rows {
            self.lastRow = max(self.lastRow, row.number)
            for fact in row.facts {
                self.open.remove(fact.position)
                self.facts[fact.position] = row.number
            }
        }
    }

    /// What a restored journal does not know any more.
    func missing(in restored: JournalStore.Restored) -> [String] {
        let known = restored.rows.flatMap(\.facts)
        let doubted = Set(known.filter { $0.fate == .inDoubt }.map(\.position))
        let accepted = Set(known.filter { $0.fate == .accepted }.map(\.position))
        return self.open.subtracting(doubted).subtracting(accepted).map { "the intent of \($0) is gone" }
            + self.facts.keys.filter { !accepted.contains($0) }.map { "the outcome of \($0) is gone" }
    }
}

@Suite("The journal and its disk")
struct JournalPowerTests {
    private func open(_ disk: PowerDisk, powerSafe: Bool = true) throws -> JournalFile {
        let database = try SQLiteDatabase(
            path: disk.path("journal.sqlite"),
            profile: .journal(powerSafe: powerSafe),
            applicationID: Schema.journalID
        )
        let parts = try database.access { connection throws(StoreError) in
            try connection.execute("PRAGMA wal_autocheckpoint=20")
            let store = try JournalStore(connection, newIdentity: Array(1...16))
            return (store, try store.restore(connection, at: noon))
        }
        return JournalFile(
            database: database,
            store: parts.0,
            restored: parts.1,
            movedAside: nil,
            damage: nil,
            mark: nil
        )
    }

    @Test("`journal.sync: power`: nothing that was committed is gone after a cut", arguments: UInt64(1)...30)
    func cuts(seed: UInt64) throws {
        let disk = try PowerDisk()
        var random = SplitMix64(seed &* 77)
        var life = JournalLife(seed: seed)
        var file = try self.open(disk)
        for _ in 0..<4 {
            if random.chance(40) { disk.fail(.sync, with: .sync, after: random.number(in: 0...9), times: 2) }
            if random.chance(20) { disk.fail(.write, with: .full, after: random.number(in: 0...30), times: 3) }
            if random.chance(80) { disk.turnOff(after: random.number(in: 0...120)) }
            for _ in 0..<40 where !disk.isOff {
                let batch = life.batch()
                // As the writer does: the same group again until the disk takes it.
                while !disk.isOff {
                    guard let rows = try? file.commit(batch) else { continue }
                    life.committed(batch, rows)
                    break
                }
            }
            try? file.database.close()
            disk.lift()
            disk.cut(seed: random.next())
            file = try self.open(disk)
            #expect(life.missing(in: file.restored) == [])
            let last = file.restored.rows.last?.number ?? 0
            // All of it is reported, and another life begins.
            life = JournalLife(seed: random.next())
            _ = try file.commit(JournalBatch(groups: [], acknowledged: last))
        }
        try file.database.close()
    }

    @Test("without syncs that is noticed")
    func mutation() throws {
        var missed = 0
        for seed in UInt64(1)...10 {
            let disk = try PowerDisk()
            disk.ignoresSync(true)
            var life = JournalLife(seed: seed)
            let file = try self.open(disk)
            for _ in 0..<30 {
                let batch = life.batch()
                life.committed(batch, try file.commit(batch))
            }
            disk.turnOff(after: 0)
            try? file.database.close()
            disk.cut(seed: seed)
            guard let again = try? self.open(disk) else {
                missed += 1
                continue
            }
            if !life.missing(in: again.restored).isEmpty { missed += 1 }
        }
        #expect(missed >= 5)
    }

    @Test(
        "a disk that refuses stops the worker's groups, and they are written by themselves when it takes them again",
        arguments: [DiskError.full, .sync, .write, .readOnly]
    )
    func refuses(error: DiskError) async throws {
        let disk = try PowerDisk()
        let (news, continuation) = AsyncStream.makeStream(of: JournalNews.self)
        let writer = JournalWriter { continuation.yield($0) }
        let file = try self.open(disk)
        disk.fail(.change, with: error)
        let thread = try writer.start(file)
        var group = JournalGroup()
        group.intents = [.init(target: TargetHandle(rawValue: 0), epoch: Epoch(3), position: 1)]
        writer.append(group)
        var heard: [String] = []
        for await item in news {
            switch item {
            case .refused:
                heard.append("refused")
                disk.lift()
            case .resumed: heard.append("resumed")
            case .committed(_, let groups): heard.append("committed \(groups)")
            }
            if heard.count == 3 { break }
        }
        #expect(heard == ["refused", "resumed", "committed 1"])
        writer.stop()
        thread.join()
        #expect(try self.open(disk).restored.doubts == 1)
    }

    // A journal that others damaged.

    enum Damage: CaseIterable {
        case lost
        case empty
        case databaseGone
        case logGone
        case logEmpty
        case logTorn
        case databaseTorn
        case logGarbage
        case databaseGarbage

        func strike(_ path: String, _ random: inout SplitMix64) throws {
            switch self {
            case .lost: for suffix in ["", "-wal"] { try? FileManager.default.removeItem(atPath: path + suffix) }
            case .empty: for suffix in ["", "-wal"] { truncate(path + suffix, 0) }
            case .databaseGone: try FileManager.default.removeItem(atPath: path)
            case .logGone: try FileManager.default.removeItem(atPath: path + "-wal")
            case .logEmpty: truncate(path + "-wal", 0)
            case .logTorn: try Self.tear(path + "-wal", &random)
            case .databaseTorn: try Self.tear(path, &random)
            case .logGarbage: try Self.scribble(path + "-wal", &random)
            case .databaseGarbage: try Self.scribble(path, &random)
            }
        }

        private static func tear(_ path: String, _ random: inout SplitMix64) throws {
            let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
            truncate(path, off_t(random.number(in: 0...max(0, size - 1))))
        }

        private static func scribble(_ path: String, _ random: inout SplitMix64) throws {
            var bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
            for _ in 0..<random.number(in: 1...4) where !bytes.isEmpty {
                let start = random.number(in: 0...bytes.count - 1)
                let end = min(bytes.count, start + random.number(in: 1...700))
                for index in start..<end { bytes[index] = UInt8(truncatingIfNeeded: random.next()) }
            }
            try Data(bytes).write(to: URL(fileURLWithPath: path))
        }
    }

    @Test(
        "a journal that was lost, torn or overwritten is complete, or not the one that it was",
        arguments: Damage.allCases,
        UInt64(1)...12
    )
    func damage(damage: Damage, seed: UInt64) throws {
        let folder = NSTemporaryDirectory() + "power-journal-\(UInt64.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder + "/copy", withIntermediateDirectories: true)
        var random = SplitMix64(seed &* 1_003)
        var life = JournalLife(seed: seed)
        let file = try JournalFile.open(folder: folder, worker: "w", powerSafe: false, at: noon)
        // Some of it in the database, some in the log.
        let checkpoints = random.number(in: 0...1)
        for turn in 0..<random.number(in: 6...40) {
            let batch = life.batch()
            life.committed(batch, try file.commit(batch))
            if turn == 5 * checkpoints {
                try file.database.access { connection throws(StoreError) in
                    try connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                }
            }
        }
        let identity = file.store.identity
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != "copy" {
            try FileManager.default.copyItem(atPath: "\(folder)/\(name)", toPath: "\(folder)/copy/\(name)")
        }
        try file.database.close()

        try damage.strike("\(folder)/copy/journal-w.sqlite", &random)
        let again = try JournalFile.open(folder: folder + "/copy", worker: "w", powerSafe: false, at: noon)
        defer { try? again.database.close() }
        // Another identity makes the coordinator doubt everything that this worker held and did not report.
        if again.store.identity == identity { #expect(life.missing(in: again.restored) == []) }
        if damage == .lost || damage == .empty { #expect(again.store.identity != identity) }
        // It can be written either way.
        let rows = try again.commit(life.batch())
        #expect(rows.allSatisfy { $0.number > 0 })
    }
}
