import Domain
import NIOCore
import Storage
import Synchronization

/// `--dry-run`: says what an import would do, and does nothing of it.
///
/// The file is read, checked and written by the same code as ever, into a database of its own (``ImportRehearsal``).
final class ImportRehearsals: Sendable {
    private let loop: any ImportLoop
    private let readers: ReaderPool
    private let folder: String
    private let now: @Sendable () -> Timestamp
    private let running = Mutex(0)

    /// At the same time: each takes room on the disk, as much as its file needs as contacts.
    static let runningMax = 2

    /// - Parameters:
    ///   - loop: Is asked for nothing but the index of telephone numbers.
    ///   - readers: Read the store.
    ///   - folder: Where the databases are made.
    ///   - now: The wall clock.
    init(loop: any ImportLoop, readers: ReaderPool, folder: String, now: @escaping @Sendable () -> Timestamp) {
        self.loop = loop
        self.readers = readers
        self.folder = folder
        self.now = now
    }

    /// Tries an import.
    ///
    /// - Throws: As ``ImportService/run(_:body:by:)``; ``OperationError/conflict(_:)`` when too many are tried at once.
    func run(
        _ request: ImportRequest,
        body: some AsyncSequence<ByteBuffer, any Error> & Sendable
    ) async throws -> ImportAnswer {
        let hasRoom = self.running.withLock { running in
            guard running < Self.runningMax else { return false }
            running += 1
            return true
        }
        guard hasRoom else { throw OperationError.conflict("\(Self.runningMax) files are being tried already; wait") }
        defer { self.running.withLock { $0 -= 1 } }
        do {
            return try await self.tried(request, body)
        } catch {
            throw ImportService.translated(error, file: request.file)
        }
    }

    private func tried(
        _ request: ImportRequest,
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable
    ) async throws -> ImportAnswer {
        let place = try await ImportRehearsal(folder: self.folder, store: self.loop, readers: self.readers)
        defer { try? place.close() }
        let began = self.now()
        let ticket = try await place.write { connection throws(StoreError) in
            try ImportSteps.begin(file: request.file, at: began, on: connection)
        }
        let run = ImportRun(
            ticket: ticket,
            request: request,
            loop: place,
            rejectsPath: nil,
            scratchFolder: self.folder,
            addressKey: AddressKey([]),
            now: self.now,
            rehearsal: place
        )
        let summary = try await run.read(body)
        guard summary.counts.accepted > 0 else { throw OperationError.invalid(summary.whyNothing(request.file)) }
        let differences = try await place.write { connection throws(StoreError) in
            try ImportDifferences(importID: ticket.id, on: connection)
        }
        let known = Set(place.fields.map(\.name))
        var answer = summary.answer
        answer.id = nil
        answer.dryRun = ImportTrial(
            newFields: answer.fields.map(\.name).filter { !known.contains($0) },
            changed: differences.fields.map { ImportTrial.Change(field: $0.field, contacts: $0.contacts) },
            examples: differences.examples.map {
                ImportTrial.Example(
                    contact: $0.contact,
                    address: $0.address,
                    field: $0.field,
                    before: $0.before,
                    after: $0.after
                )
            },
            otherPeople: differences.otherPeople
        )
        return answer
    }
}

/// What an import would change besides the counts.
struct ImportTrial: Hashable, Sendable, Encodable {
    /// Fields that no contact has yet, in the order of the columns.
    var newFields: [String]
    /// Fields in which contacts that are there would have another value.
    var changed: [Change]
    /// Some of those values.
    var examples: [Example]
    /// Contacts whose address and name would both be others: ids of two systems may have met.
    var otherPeople: Int

    struct Change: Hashable, Sendable, Encodable {
        var field: String
        var contacts: Int
    }

    struct Example: Hashable, Sendable, Encodable {
        var contact: Int64
        @Nullable var address: String?
        var field: String
        @Nullable var before: String?
        @Nullable var after: String?
    }

    private enum CodingKeys: String, CodingKey {
        case newFields = "new_fields"
        case changed, examples
        case otherPeople = "other_people"
    }
}
