import Domain
import Engine
import Storage

/// The journal's rows, and which intents are open in them.
///
/// Used by one thread at a time, with the connection of that moment. Each call is one transaction; when it throws, nothing changed, here or in the file.
///
/// Invariant: every open intent stands in a row that is in the file. A row is freed only together with writing its open intents again
/// under a higher number.
final class JournalStore {
    /// Records in one row at most.
    ///
    /// A report is made of whole rows, so this bounds its size.
    static let recordsPerRow = 512

    private struct Target: Hashable {
        let epoch: Epoch
        let position: UInt32
    }

    struct CommittedRow: Sendable {
        let number: UInt64
        let facts: [TargetFact]
    }

    /// What an earlier process left behind, including the doubts that were found by reading it.
    struct Restored: Sendable {
        var rows: [CommittedRow] = []
        /// Highest epoch that was ever named in a row; 0 for none.
        var highestEpoch = Epoch(0)
        /// Intents without an outcome, which are `IN_DOUBT` facts in `rows` now.
        var doubts = 0
    }

    /// 16 random bytes, made with the file, and anew when what it has was not written as it would have to be believed.
    private(set) var identity: [UInt8] = []
    /// It was made with this value.
    private var isNew = false
    private(set) var lastNumber: UInt64 = 0
    /// Row that holds each open intent: at most one per relay connection.
    private var openIntents: [Target: UInt64] = [:]
    /// Rows up to this one are freed.
    private var freed: UInt64 = 0
    /// Highest epoch that was ever in a row: outlives the rows, so that a restored coordinator is found out.
    private var highestEpoch = Epoch(0)
    private var savedEpoch = Epoch(0)

    /// - Parameters:
    ///   - connection: A file for this journal alone.
    ///   - newIdentity: Used when the file is new.
    /// - Throws: ``StoreError/corrupt(_:)`` for a file whose rows cannot be believed.
    init(_ connection: any SQLConnection, newIdentity: [UInt8]) throws(StoreError) {
        try self.prepareTables(connection, newIdentity: newIdentity)
    }

    /// Version of the tables and of ``JournalRow``.
    private static let format: Int64 = 1
    /// A number beyond it is damage, not a newer program.
    private static let formatsMax = 1_000

    private func prepareTables(_ connection: any SQLConnection, newIdentity: [UInt8]) throws(StoreError) {
        // One process at a time: two would each take the other's intents for doubts.
        try connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        try connection.transaction { () throws(StoreError) in
            try connection.execute(
                """
                CREATE TABLE IF NOT EXISTS journal (
                    identity BLOB NOT NULL, format INTEGER NOT NULL, last INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE IF NOT EXISTS entry (
                    number INTEGER PRIMARY KEY, records BLOB NOT NULL, checksum INTEGER NOT NULL
                ) STRICT;
                CREATE TABLE IF NOT EXISTS seen (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL) STRICT
                """
            )
            let found = try connection.prepare("SELECT identity, format, last FROM journal")
            defer { found.reset() }
            if try found.step() {
                self.identity = found.bytes(0)
                let format = Int(found.integer(1))
                guard format <= Int(Self.format) || format > Self.formatsMax else {
                    throw .tooNew(found: format, known: Int(Self.format))
                }
                guard format == Int(Self.format) else { throw .corrupt("the journal's format is \(format)") }
                self.lastNumber = UInt64(clamping: found.integer(2))
                guard self.identity.count == 16 else { throw .corrupt("the journal's identity is not 16 bytes") }
                return
            }
            let insert = try connection.prepare("INSERT INTO journal (identity, format, last) VALUES (?1, ?2, 0)")
            insert.bind(1, bytes: newIdentity)
            insert.bind(2, Self.format)
            try insert.run()
            self.identity = newIdentity
            self.isNew = true
        }
    }

    /// Reads what an earlier process left; intents without an outcome become facts.
    ///
    /// - Parameters:
    ///   - connection: The one that the tables were prepared with.
    ///   - number: A row that was committed for certain.
    ///   - now: Time of those facts.
    /// - Returns: All that is still to be reported.
    /// - Throws: ``StoreError/corrupt(_:)`` for the first row that is damaged or missing.
    func restore(
        _ connection: any SQLConnection,
        atLeast number: UInt64 = 0,
        at now: Timestamp
    ) throws(StoreError) -> Restored {
        let expected = number
        var previous: UInt64?
        var restored = Restored()
        let rows = try connection.prepare("SELECT number, records, checksum FROM entry ORDER BY number")
        defer { rows.reset() }
        while try rows.step() {
            let number = UInt64(clamping: rows.integer(0))
            let bytes = rows.bytes(1)
            guard JournalRow.checksum(number: number, bytes) == UInt64(bitPattern: rows.integer(2)),
                let records = JournalRow.unpack(bytes)
            else { throw .corrupt("row \(number) of the journal is damaged") }
            // Rows are freed from the first on only.
            if let previous, number != previous + 1 { throw .corrupt("row \(previous + 1) of the journal is gone") }
            previous = number
            self.lastNumber = max(self.lastNumber, number)
            var facts: [TargetFact] = []
            for record in records {
                switch record {
                case .intent(let epoch, let position):
                    restored.highestEpoch = max(restored.highestEpoch, epoch)
                    self.openIntents[Target(epoch: epoch, position: position)] = number
                case .fact(let fact):
                    restored.highestEpoch = max(restored.highestEpoch, fact.epoch)
                    self.openIntents[Target(epoch: fact.epoch, position: fact.position)] = nil
                    facts.append(fact)
                }
            }
            if !facts.isEmpty { restored.rows.append(CommittedRow(number: number, facts: facts)) }
        }
        rows.reset()
        guard self.lastNumber >= expected else {
            throw .corrupt("the journal ends with row \(self.lastNumber) and had row \(expected)")
        }
        restored.highestEpoch = max(restored.highestEpoch, try self.readHighestEpoch(connection))
        self.highestEpoch = restored.highestEpoch
        let doubts = self.openIntents.keys.sorted { ($0.epoch, $0.position) < ($1.epoch, $1.position) }.map {
            TargetFact(epoch: $0.epoch, position: $0.position, fate: .inDoubt, reason: .noReply, at: now)
        }
        restored.doubts = doubts.count
        restored.rows += try self.commit(connection, intents: [], facts: doubts)
        return restored
    }

    private func readHighestEpoch(_ connection: any SQLConnection) throws(StoreError) -> Epoch {
        let seen = try connection.prepare("SELECT max(epoch) FROM seen")
        defer { seen.reset() }
        guard try seen.step() else { return Epoch(0) }
        self.savedEpoch = Epoch(UInt64(bitPattern: seen.optionalInteger(0) ?? 0))
        return self.savedEpoch
    }

    /// Notes whether the journal survives power cuts from here on.
    ///
    /// A journal that an earlier process wrote for the death of processes alone may have lost its end with the power, and `Hello` is going
    /// to say that it cannot have: then it becomes another journal, of which the coordinator believes what it has, and not what it lacks.
    /// That holds until the coordinator has heard it, however often the worker starts.
    ///
    /// - Parameters:
    ///   - connection: The one that the tables were prepared with; its commits are on the disk when they return.
    ///   - isPowerSafe: Each group is synced.
    ///   - newIdentity: Taken when it becomes another one.
    /// - Throws: What the database says.
    func note(
        _ connection: any SQLConnection,
        isPowerSafe: Bool,
        newIdentity: [UInt8]
    ) throws(StoreError) {
        try connection.transaction { () throws(StoreError) in
            try connection.execute(
                "CREATE TABLE IF NOT EXISTS safety (id INTEGER PRIMARY KEY, power INTEGER NOT NULL) STRICT"
            )
            let found = try connection.prepare("SELECT power FROM safety")
            // Older programs did not say; a file that was just made has nothing to lose.
            let wasPowerSafe = try found.step() ? found.integer(0) == 1 : self.isNew
            found.reset()
            if isPowerSafe, !wasPowerSafe {
                let update = try connection.prepare("UPDATE journal SET identity = ?1")
                update.bind(1, bytes: newIdentity)
                try update.run()
                self.identity = newIdentity
            }
            let note = try connection.prepare("INSERT OR REPLACE INTO safety (id, power) VALUES (1, ?1)")
            note.bind(1, Int64(isPowerSafe ? 1 : 0))
            try note.run()
        }
    }

    struct Intent: Sendable {
        let epoch: Epoch
        let position: UInt32
    }

    /// Writes a group, and frees rows up to `acknowledged`.
    ///
    /// - Parameters:
    ///   - connection: The one that the tables were prepared with.
    ///   - intents: Taken to be before all `facts`.
    ///   - facts: Each closes the intent of its target, when there is one.
    ///   - acknowledged: Rows up to this number are not needed any more, except for their open intents.
    /// - Returns: The new rows that hold facts.
    /// - Throws: Whatever keeps the group from being written; nothing changed then.
    func commit(
        _ connection: any SQLConnection,
        intents: [Intent],
        facts: [TargetFact],
        acknowledged: UInt64 = 0
    ) throws(StoreError) -> [CommittedRow] {
        let freeing = min(acknowledged, self.lastNumber)
        let mustFree = freeing > self.freed
        var records: [JournalRecord] = []
        records.reserveCapacity(intents.count + facts.count)
        if mustFree {
            let closed = Set(facts.map { Target(epoch: $0.epoch, position: $0.position) })
            for (target, number) in self.openIntents where number <= freeing && !closed.contains(target) {
                records.append(.intent(epoch: target.epoch, position: target.position))
            }
        }
        for intent in intents { records.append(.intent(epoch: intent.epoch, position: intent.position)) }
        for fact in facts { records.append(.fact(fact)) }
        guard mustFree || !records.isEmpty else { return [] }

        let groups = stride(from: 0, to: records.count, by: Self.recordsPerRow).map {
            records[$0..<min($0 + Self.recordsPerRow, records.count)]
        }
        let first = self.lastNumber + 1
        try connection.transaction { () throws(StoreError) in
            for (offset, group) in groups.enumerated() { try self.insert(connection, first + UInt64(offset), group) }
            if mustFree { try self.free(connection, upTo: freeing, keepsLast: !groups.isEmpty) }
        }
        if mustFree {
            self.freed = freeing
            self.savedEpoch = self.highestEpoch
        }
        return groups.enumerated().compactMap { self.note(first + UInt64($0), $1) }
    }

    private func insert(
        _ connection: any SQLConnection,
        _ number: UInt64,
        _ records: ArraySlice<JournalRecord>
    ) throws(StoreError) {
        let bytes = JournalRow.pack(records)
        let insert = try connection.prepare("INSERT INTO entry (number, records, checksum) VALUES (?1, ?2, ?3)")
        insert.bind(1, Int64(number))
        insert.bind(2, bytes: bytes)
        insert.bind(3, Int64(bitPattern: JournalRow.checksum(number: number, bytes)))
        try insert.run()
    }

    private func free(_ connection: any SQLConnection, upTo number: UInt64, keepsLast: Bool) throws(StoreError) {
        let delete = try connection.prepare("DELETE FROM entry WHERE number <= ?1")
        delete.bind(1, Int64(number))
        try delete.run()
        if self.highestEpoch > self.savedEpoch {
            let seen = try connection.prepare("INSERT OR REPLACE INTO seen (id, epoch) VALUES (1, ?1)")
            seen.bind(1, Int64(bitPattern: self.highestEpoch.rawValue))
            try seen.run()
        }
        guard !keepsLast else { return }
        // With no row left, the next process would not know where the numbers stood.
        let remember = try connection.prepare("UPDATE journal SET last = ?1")
        remember.bind(1, Int64(self.lastNumber))
        try remember.run()
    }

    /// Follows a committed row in memory.
    private func note(_ number: UInt64, _ records: ArraySlice<JournalRecord>) -> CommittedRow? {
        self.lastNumber = max(self.lastNumber, number)
        var facts: [TargetFact] = []
        for record in records {
            switch record {
            case .intent(let epoch, let position):
                self.highestEpoch = max(self.highestEpoch, epoch)
                self.openIntents[Target(epoch: epoch, position: position)] = number
            case .fact(let fact):
                self.highestEpoch = max(self.highestEpoch, fact.epoch)
                self.openIntents[Target(epoch: fact.epoch, position: fact.position)] = nil
                facts.append(fact)
            }
        }
        return facts.isEmpty ? nil : CommittedRow(number: number, facts: facts)
    }

    /// Intents without an outcome; for tests and logs.
    var openIntentCount: Int { self.openIntents.count }
}
