package import Domain

/// Contacts on their way from the store into a database in which an import is tried.
///
/// That database gets every contact that some rows may stand for before it gets the rows; so what the import does there is what it
/// would do.
package struct ContactCopies: Sendable {
    private let columns: [String]
    private var rows: [[SQLValue]] = []
    /// By what they are known besides.
    private var aliases: [(key: String, contact: Int64)] = []

    /// Above the number of every contact that is copied: those that the import creates there.
    private static let firstNewID: Int64 = 1 << 40

    /// Makes the tables of an empty database, with these fields.
    ///
    /// - Parameters:
    ///   - connection: Of that database.
    ///   - fields: All fields of the store.
    /// - Throws: What the database says.
    package static func prepare(_ connection: any SQLConnection, fields: [Field]) throws(StoreError) {
        try Schema.migrate(connection)
        try connection.transaction { () throws(StoreError) in
            _ = try FieldStore(connection).define(fields)
            try ContactIDs(connection).begin(at: Self.firstNewID)
            // Copies come with their numbers.
            try PhoneIndex(connection).begin(at: Self.firstNewID - 1)
        }
    }

    /// The columns that are copied, to be asked once of the store: imports may add others meanwhile.
    package static func columns(on connection: any SQLConnection) throws(StoreError) -> [String] {
        try ["id"] + FieldStore(connection).storedColumns()
    }

    /// Finds the contacts that rows may stand for.
    ///
    /// - Parameters:
    ///   - chunk: The rows.
    ///   - idSystem: Whose numbers `external_id` has.
    ///   - columns: As ``columns(on:)`` gave them.
    ///   - connection: Reads the store.
    /// - Throws: What the database says.
    package init(
        _ chunk: ContactChunk,
        idSystem: String,
        columns: [String],
        on connection: any SQLConnection
    ) throws(StoreError) {
        self.columns = columns
        let contacts = try Self.contacts(chunk, idSystem, connection)
        let row = try connection.prepare("SELECT \(columns.joined(separator: ", ")) FROM contact WHERE id = ?1")
        let key = try connection.prepare("SELECT key FROM contact_alias WHERE contact = ?1 ORDER BY key")
        let hasAliases = try ContactAliases(connection).hasAny()
        for contact in contacts {
            row.bind(1, contact)
            if try row.step() { self.rows.append(columns.indices.map { row.value($0) }) }
            row.reset()
            guard hasAliases else { continue }
            key.bind(1, contact)
            while try key.step() { self.aliases.append((key.text(0), contact)) }
            key.reset()
        }
    }

    private static func contacts(
        _ chunk: ContactChunk,
        _ idSystem: String,
        _ connection: any SQLConnection
    ) throws(StoreError) -> [Int64] {
        let (lookup, phones) = (try ContactLookup(connection), try PhoneIndex(connection))
        let aliases = try ContactAliases(connection)
        let hasAliases = try aliases.hasAny()
        func cell(_ name: BuiltInField) -> Int? {
            chunk.batch.fields.firstIndex { $0.name == name.rawValue }.map { 3 + $0 }
        }
        let (phoneCell, externalCell) = (cell(.phone), cell(.externalID))
        var found: Set<Int64> = []
        var numbers: Set<[UInt8]> = []
        let outcome: Result<Void, StoreError> = chunk.batch.bytes.withUnsafeBytes { bytes in
            do throws(StoreError) {
                for index in chunk.rows {
                    let row = ContactRow(chunk.batch, bytes, Int(index))
                    if let contact = try lookup.contact(withKey: row.cell(1)) { found.insert(contact) }
                    if hasAliases, let contact = try aliases.contact(row.cell(1)) { found.insert(contact) }
                    if let externalCell, !row.cell(externalCell).isEmpty {
                        let key = row.externalKey(externalCell, idSystem)
                        if let contact = try lookup.contact(withExternalKey: key) { found.insert(contact) }
                        let id = String(decoding: ContactAliases.key(ofID: key), as: UTF8.self)
                        if hasAliases, let contact = try aliases.contact(id) { found.insert(contact) }
                    }
                    guard let phoneCell, !row.cell(phoneCell).isEmpty else { continue }
                    let number = PhoneKey.of(row.cell(phoneCell))
                    if let contact = try lookup.contact(withTelephone: number) { found.insert(contact) }
                    // All who have it: rows may give the first of them another number.
                    guard row.cell(0).isEmpty, numbers.insert(number).inserted else { continue }
                    found.formUnion(try phones.contacts(number))
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        return found.sorted()
    }

    /// Writes those that are not there yet.
    ///
    /// - Parameter connection: Of the database that ``prepare(_:fields:)`` made.
    /// - Throws: What the database says.
    package func write(on connection: any SQLConnection) throws(StoreError) {
        guard !self.rows.isEmpty else { return }
        let parameters = self.columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        let insert = try connection.prepare(
            """
            INSERT INTO contact (\(self.columns.joined(separator: ", "))) VALUES (\(parameters)) ON CONFLICT DO NOTHING
            """
        )
        let phones = try PhoneIndex(connection)
        let phoneColumn = self.columns.firstIndex(of: BuiltInField.phone.rawValue)
        for row in self.rows {
            for (index, value) in row.enumerated() { insert.bind(index + 1, value) }
            try insert.run()
            guard connection.changedRows > 0, case .integer(let contact) = row[0], let phoneColumn,
                case .text(let phone) = row[phoneColumn]
            else { continue }
            try phones.change(contact, from: [], to: Array(phone.utf8))
        }
        let aliases = try ContactAliases(connection)
        for entry in self.aliases {
            var key = entry.key
            // No import of that database did it.
            let outcome: Result<Void, StoreError> = key.withUTF8 { bytes in
                do throws(StoreError) {
                    let at = Timestamp(milliseconds: 0)
                    try aliases.add(UnsafeRawBufferPointer(bytes), entry.contact, importID: 0, at: at)
                    return .success(())
                } catch {
                    return .failure(error)
                }
            }
            try outcome.get()
        }
    }
}
