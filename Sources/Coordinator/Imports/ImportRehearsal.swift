import Dispatch
import Domain
import Foundation
import Storage
import StorageSQLite

/// Where an import is only tried: a database of its own, in a file that nobody else sees and that is gone with it.
///
/// It has the fields of the store, and of its contacts those that rows met so far may stand for. The same steps as ever write into it;
/// the loop has nothing to do with them.
final class ImportRehearsal: ImportLoop {
    private let database: SQLiteDatabase
    private let queue = DispatchQueue(label: "postrider.rehearsal")
    private let store: any ImportLoop
    private let readers: ReaderPool
    private let columns: [String]
    /// Fields that there were.
    let fields: [Field]

    /// - Parameters:
    ///   - folder: Where its file is made; on a disk with room for the contacts of a file.
    ///   - store: The real loop, which is asked for nothing but the index of telephone numbers.
    ///   - readers: Read the store.
    /// - Throws: What the databases say.
    init(folder: String, store: any ImportLoop, readers: ReaderPool) async throws {
        self.store = store
        self.readers = readers
        (self.fields, self.columns) = try await readers.read { connection throws(StoreError) in
            (try FieldStore(connection).all(), try ContactCopies.columns(on: connection))
        }
        let file = try ScratchFile(folder: folder)
        // The name goes at once, so that nothing about people stays when the process dies.
        defer { file.unlink() }
        let database = try SQLiteDatabase(path: file.path, profile: .scratch, applicationID: Schema.ledgerID)
        self.database = database
        let fields = self.fields
        try database.access { connection throws(StoreError) in try ContactCopies.prepare(connection, fields: fields) }
    }

    func close() throws(StoreError) { try self.database.close() }

    func write<Result: Sendable>(
        _ work: @escaping @Sendable (any SQLConnection) throws(StoreError) -> Result
    ) async throws -> Result {
        try await withCheckedThrowingContinuation { done in
            self.queue.async {
                done.resume(
                    with: Swift.Result {
                        try self.database.access { connection throws(StoreError) in
                            try connection.transaction { () throws(StoreError) in try work(connection) }
                        }
                    }
                )
            }
        }
    }

    /// Fetches the contacts that rows may stand for.
    func bring(_ chunk: ContactChunk, idSystem: String) async throws {
        while chunk.hasTelephones,
            try await self.store.write({ connection throws(StoreError) in try PhoneIndex(connection).advance() })
        {}
        let columns = self.columns
        let copies = try await self.readers.read { connection throws(StoreError) in
            try ContactCopies(chunk, idSystem: idSystem, columns: columns, on: connection)
        }
        try await self.write { connection throws(StoreError) in try copies.write(on: connection) }
    }
}
