import Dispatch
import Domain
import Foundation
import NIOCore
import Storage
import StorageSQLite
import Synchronization

@testable import CoordinatorCore

/// A loop that does nothing but an import's writes, each in a transaction of its own.
final class ImportLoopDouble: ImportLoop {
    let database: SQLiteDatabase
    let folder: String
    private let queue = DispatchQueue(label: "test.loop")
    private let state = Mutex(State())
    private let slot = ImportSlot()
    private let clock = Mutex<Int64>(1_000)

    private struct State {
        var writes = 0
        var failsAt: Int?
        var isBusy = false
        var overlapped = false
        var others: [Int: @Sendable (any SQLConnection) throws(StoreError) -> Void] = [:]
    }

    init() throws {
        self.folder =
            FileManager.default.temporaryDirectory.appendingPathComponent("postrider-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
        self.database = try SQLiteDatabase(
            path: self.folder + "/ledger.db",
            profile: .ledger,
            applicationID: Schema.ledgerID
        )
        try self.database.access { connection throws(StoreError) in try Schema.migrate(connection) }
    }

    deinit { try? FileManager.default.removeItem(atPath: self.folder) }

    var writes: Int { self.state.withLock { $0.writes } }
    /// Whether two writes were asked for at once.
    var overlapped: Bool { self.state.withLock { $0.overlapped } }

    /// Lets the write with this number, from 1, fail as a full disk does.
    func fail(at write: Int?) { self.state.withLock { $0.failsAt = write } }

    /// Has somebody else write just before the write with this number, from 1.
    func before(write: Int, _ work: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Void) {
        self.state.withLock { $0.others[write] = work }
    }

    func write<Result: Sendable>(
        _ work: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Result
    ) async throws -> Result {
        self.state.withLock { state in
            state.overlapped = state.overlapped || state.isBusy
            state.isBusy = true
        }
        defer { self.state.withLock { $0.isBusy = false } }
        return try await withCheckedThrowingContinuation { done in
            self.queue.async { done.resume(with: Swift.Result { try self.perform(work) }) }
        }
    }

    private func perform<Result>(
        _ work: (any SQLConnection) throws(StoreError) -> Result
    ) throws -> Result {
        let (fails, other) = self.state.withLock { state in
            state.writes += 1
            return (state.writes == state.failsAt, state.others[state.writes])
        }
        if let other { try self.database.access(other) }
        if fails { throw StoreError.full("no space left") }
        return try self.database.access { connection throws(StoreError) in
            try connection.transaction { () throws(StoreError) in try work(connection) }
        }
    }

    func integer(_ sql: String) throws -> Int {
        try self.database.access { connection throws(StoreError) in Int(try connection.firstInteger(sql) ?? -1) }
    }

    func record(_ id: Int64) throws -> ImportRecord? {
        try self.database.access { connection throws(StoreError) in try ImportStore(connection).record(id) }
    }

    var service: ImportService {
        ImportService(
            loop: self,
            rejectsFolder: self.folder,
            addressKey: AddressKey([1]),
            now: { [self] in Timestamp(milliseconds: self.clock.withLock { $0 }) },
            slot: self.slot
        )
    }

    /// Sets what time it is for imports.
    func set(milliseconds: Int64) { self.clock.withLock { $0 = milliseconds } }

    /// Imports a text that comes in pieces.
    func importText(
        _ text: String,
        list: String? = nil,
        source: String? = "fair",
        basis: String? = "consent",
        onConflict: ConflictRule = .merge,
        pieceBytes: Int = 1_000,
        breaksAfter: Int? = nil
    ) async throws -> ImportAnswer {
        try await self.importBytes(
            Array(text.utf8),
            ImportRequest(file: "people.csv", list: list, source: source, basis: basis, onConflict: onConflict),
            pieceBytes: pieceBytes,
            breaksAfter: breaksAfter
        )
    }

    func importBytes(
        _ bytes: [UInt8],
        _ request: ImportRequest = ImportRequest(file: "people.csv", source: "fair", onConflict: .merge),
        pieceBytes: Int = 1 << 16,
        breaksAfter: Int? = nil
    ) async throws -> ImportAnswer {
        try await self.service.run(
            request,
            body: Pieces(bytes: bytes, pieceBytes: pieceBytes, breaksAfter: breaksAfter),
            by: "ann"
        )
    }

    /// Tries an import of bytes.
    func rehearse(_ bytes: [UInt8], _ request: ImportRequest, pieceBytes: Int = 1_000) async throws -> ImportAnswer {
        let readers = try ReaderPool(path: self.folder + "/ledger.db", count: 1)
        let rehearsals = ImportRehearsals(
            loop: self,
            readers: readers,
            folder: self.folder,
            now: { Timestamp(milliseconds: 1_000) }
        )
        let outcome: Swift.Result<ImportAnswer, any Error>
        do {
            outcome = .success(try await rehearsals.run(request, body: Pieces(bytes: bytes, pieceBytes: pieceBytes)))
        } catch {
            outcome = .failure(error)
        }
        try await readers.close()
        return try outcome.get()
    }

    func suppress(_ address: String, _ reason: SuppressionReason) throws {
        let key = AddressKey([1])
        let record = SuppressionRecord(
            channel: .email,
            address: key.hash(address, on: .email),
            reason: reason,
            at: Timestamp(milliseconds: 1),
            evidence: "",
            who: "ann"
        )
        _ = try self.database.access { connection throws(StoreError) in
            try SuppressionStore(connection, key: key).add(record, address: address)
        }
    }

    /// All contacts as `contacts export` writes them, as CSV and then as NDJSON.
    func export() throws -> String { try self.export(asCSV: true) + self.export(asCSV: false) }

    /// All contacts in one of the two forms.
    func export(asCSV: Bool) throws -> String {
        try self.database.access { connection throws(StoreError) in
            let fields = try FieldStore(connection).all()
            var pages = ContactPages(fields: fields)
            var text = asCSV ? String(buffer: ContactCSV.header(fields)) : ""
            while let page = try pages.next(on: connection) {
                for record in page {
                    let json = try? String(buffer: JSONForm.encode(ContactJSON(record, fields: fields)))
                    text += asCSV ? String(buffer: ContactCSV.row(record)) : (json ?? "?") + "\n"
                }
            }
            return text
        }
    }

    /// Where a field's value stands in ``ContactRecord/values``.
    func column(_ name: String) throws -> Int {
        try self.database.access { connection throws(StoreError) in
            guard let index = try FieldStore(connection).all().firstIndex(where: { $0.name == name }) else {
                throw StoreError.statement("there is no field \(name)")
            }
            return index
        }
    }

    /// By what contacts were known before, and since which import.
    func aliases() throws -> [String] {
        try self.database.access { connection throws(StoreError) in
            let row = try connection.prepare("SELECT key, contact, import FROM contact_alias ORDER BY key")
            defer { row.reset() }
            var rows: [String] = []
            while try row.step() { rows.append("\(row.text(0)) \(row.integer(1)) \(row.integer(2))") }
            return rows
        }
    }

    func records() throws -> [ContactRecord] {
        try self.database.access { connection throws(StoreError) in
            var pages = ContactPages(fields: try FieldStore(connection).all())
            var records: [ContactRecord] = []
            while let page = try pages.next(on: connection) { records += page }
            return records
        }
    }
}

/// A body that comes in pieces, and may break.
struct Pieces: AsyncSequence, Sendable {
    typealias Element = ByteBuffer
    typealias Failure = any Error

    let bytes: [UInt8]
    let pieceBytes: Int
    /// Bytes after which the sender goes away.
    var breaksAfter: Int?

    struct Broken: Error {}

    struct AsyncIterator: AsyncIteratorProtocol {
        let pieces: Pieces
        var offset = 0

        mutating func next() async throws -> ByteBuffer? {
            if let end = self.pieces.breaksAfter, self.offset >= end { throw Broken() }
            guard self.offset < self.pieces.bytes.count else { return nil }
            let end = Swift.min(self.offset + self.pieces.pieceBytes, self.pieces.bytes.count)
            defer { self.offset = end }
            return ByteBuffer(bytes: self.pieces.bytes[self.offset..<end])
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pieces: self) }
}
