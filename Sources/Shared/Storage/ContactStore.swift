package import Domain

/// What an import does with a contact that is already there.
///
/// The raw value is what operators type.
package enum ConflictPolicy: String, Hashable, Sendable, CaseIterable {
    /// Values of the file win; values that the file lacks stay.
    case merge
    /// Every field that the file has becomes what the file says, also when that is nothing.
    case replace
    /// The contact stays as it is.
    case keep
}

/// What an import says of all its rows.
package struct ImportMarks: Hashable, Sendable {
    /// The import, so that it can be undone; `nil`: nothing is noted for that.
    package var importID: Int64?
    /// Which bases the import states.
    package var consent: ConsentMarks
    /// Whose numbers `external_id` has, where rows do not say that themselves.
    package var idSystem: String

    package init(importID: Int64? = nil, consent: ConsentMarks = [], idSystem: String = "") {
        self.importID = importID
        self.consent = consent
        self.idSystem = idSystem
    }
}

/// Writes contacts: one for each person, whatever comes how often.
///
/// A row is the same person as a contact that has its e-mail address or had it before; else its external id, of the same system; else,
/// where one of the two has no e-mail address, its telephone number, unless both have ids of one system: people of one household share
/// a number and have addresses or ids of their own.
///
/// Most rows of an import are new, so a row is inserted first, and only when its key is taken is the contact read and compared.
package struct ContactStore {
    let connection: any SQLConnection
    let fields: [Field]
    let policy: ConflictPolicy
    let marks: ImportMarks
    let statements: ContactStatements
    let phoneCell: Int?
    let externalCell: Int?
    let changes: ImportChanges?
    let phones: PhoneIndex
    let aliases: ContactAliases
    let suppressions: SuppressionStore
    /// Somebody is suppressed or left a list, so contacts that come are looked up there.
    let hasSuppressions: Bool
    /// Somebody was written to at an address that whoever comes may have.
    private let hasWritten: Bool

    /// Prepares for batches with these fields.
    ///
    /// - Parameters:
    ///   - connection: Writes.
    ///   - fields: As ``FieldStore/define(_:)`` returned them; a batch must have the same.
    ///   - policy: What happens to contacts that are there.
    ///   - marks: What is true of all rows.
    ///   - key: Of the addresses that must not be written to: a contact may be or become one of them.
    /// - Throws: ``StoreError/statement(_:)`` when a field was not defined.
    package init(
        _ connection: any SQLConnection,
        fields: [Field],
        policy: ConflictPolicy,
        marks: ImportMarks = ImportMarks(),
        key: AddressKey
    ) throws(StoreError) {
        self.connection = connection
        self.suppressions = SuppressionStore(connection, key: key)
        self.hasSuppressions = try self.suppressions.hasAny()
        self.hasWritten = try self.suppressions.hasWritten()
        self.fields = fields
        self.policy = policy
        self.marks = marks
        self.statements = try ContactStatements(connection, fields: fields, policy: policy)
        self.phoneCell = fields.firstIndex { $0.name == BuiltInField.phone.rawValue }.map { 3 + $0 }
        self.externalCell = fields.firstIndex { $0.name == BuiltInField.externalID.rawValue }.map { 3 + $0 }
        self.phones = try PhoneIndex(connection)
        self.aliases = try ContactAliases(connection)
        self.changes = try marks.importID.map { (id) throws(StoreError) in try ImportChanges(connection, importID: id) }
    }

    /// Writes rows inside the caller's transaction.
    ///
    /// With ``ConflictPolicy/merge`` an address keeps the spelling it has; it is the same address in either.
    ///
    /// - Parameters:
    ///   - chunk: Of a batch with this store's fields.
    ///   - list: A list that every row's contact joins, whatever the policy.
    ///   - source: Where the rows come from; contacts that are there have it beside the one they came from first.
    ///   - at: Now.
    /// - Returns: created, updated and unchanged sum to the chunk's rows.
    /// - Throws: What the database says; the transaction must then be undone.
    package func upsert(
        _ chunk: ContactChunk,
        list: Int64?,
        source: Int64?,
        at: Timestamp
    ) throws(StoreError) -> ImportCounts {
        precondition(chunk.batch.fields == self.fields, "the batch has other fields than the store was made for")
        var turn = Turn(nextID: try ContactIDs(self.connection).next(), list: list, source: source, at: at)
        turn.hasTelephones = try self.statements.lookup.hasTelephones()
        turn.hasAliases = try self.aliases.hasAny()
        let first = turn.nextID
        for statement in [self.statements.insert, self.statements.update] {
            statement.bind(4, optional: source)
            statement.bind(5, at.milliseconds)
            statement.bind(7, self.marks.consent.rawValue)
        }
        let outcome: Result<Void, StoreError> = chunk.batch.bytes.withUnsafeBytes { bytes in
            do throws(StoreError) {
                var end = chunk.rows.startIndex
                for place in chunk.rows.indices {
                    if place >= end { end = self.policy == .keep ? place + 1 : chunk.endOfKey(from: place, bytes) }
                    let later = chunk.rows[(place + 1)..<end]
                    let row = ContactRow(chunk.batch, bytes, Int(chunk.rows[place]), later: later, self.policy)
                    try self.upsert(row, &turn)
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        if turn.nextID > first { try self.changes?.created(first..<turn.nextID) }
        return turn.counts
    }

    /// What becomes of one chunk.
    struct Turn {
        var nextID: Int64
        let list: Int64?
        let source: Int64?
        let at: Timestamp
        var counts = ImportCounts()
        /// Some contacts are known by nothing but a telephone number.
        var hasTelephones = false
        /// Some contacts have keys besides those that they have now.
        var hasAliases = false
        /// The row's external id is not taken over: it is another contact's than the address, or the contact has one of another system.
        var withoutExternalID = false
        /// Somebody left an address to which messages went: whoever comes may have it.
        var hasLeft = false
        /// The row's address is one that the contact had before.
        var isAlias = false
        /// It had it before, and no id says that it has it again: a list that is older than the move does not take it back.
        var withoutAddress = false
        /// What is unique about a new contact whose telephone number is another person's key.
        var ownKey: [UInt8]?
    }

    private func upsert(_ row: ContactRow, _ turn: inout Turn) throws(StoreError) {
        turn.withoutExternalID = false
        turn.withoutAddress = false
        turn.isAlias = false
        turn.ownKey = nil
        if let known = try self.knownOtherwise(row, &turn) { return try self.change(known, row, &turn) }
        guard let ownKey = turn.ownKey else { return try self.insert(row, orChange: row.cell(1), &turn) }
        try ownKey.withUnsafeBytes { key in
            Result { () throws(StoreError) in try self.insert(row, orChange: key, &turn) }
        }.get()
    }

    private func insert(
        _ row: ContactRow,
        orChange key: UnsafeRawBufferPointer,
        _ turn: inout Turn
    ) throws(StoreError) {
        if try self.insert(row, key: key, &turn) { return }
        guard let known = try self.statements.lookup.contact(withKey: key) else {
            throw StoreError.corrupt("the index of addresses has a key that no contact has")
        }
        try self.change(known, row, &turn)
    }

    /// - Returns: Whether the key was free, and the row is a new contact now.
    private func insert(_ row: ContactRow, key: UnsafeRawBufferPointer, _ turn: inout Turn) throws(StoreError) -> Bool {
        let insert = self.statements.insert
        insert.bind(2, text: key)
        for cell in [0, 2] {
            let value = row.cell(cell)
            if value.isEmpty { insert.bindNull(cell + 1) } else { insert.bind(cell + 1, text: value) }
        }
        insert.bind(6, turn.nextID)
        self.bindExternalKey(of: row, turn, to: insert)
        row.bindFields(self.fields, to: insert)
        try insert.run()
        guard self.connection.changedRows > 0 else { return false }
        turn.counts.created += 1
        if row.cell(0).isEmpty { turn.hasTelephones = true }
        let contact = try self.number(row, key: key, &turn)
        if self.hasSuppressions || turn.hasLeft {
            try self.suppressions.came(contact, at: key, wasWritten: self.hasWritten || turn.hasLeft)
        }
        _ = try self.join(turn, contact, key: key)
        return true
    }

    /// Gives the contact that was just made its number: the next, unless it is somebody who comes back.
    private func number(_ row: ContactRow, key: UnsafeRawBufferPointer, _ turn: inout Turn) throws(StoreError) -> Int64
    {
        if self.hasWritten, !row.cell(0).isEmpty {
            let contact = try self.suppressions.recognised(turn.nextID, at: key)
            if contact != turn.nextID {
                try self.changes?.created(contact..<(contact + 1))
                if let cell = self.phoneCell, !row.cell(cell).isEmpty {
                    try self.phones.change(contact, from: [], to: Array(row.cell(cell)))
                }
                return contact
            }
        }
        defer { turn.nextID += 1 }
        return turn.nextID
    }

    /// - Returns: Whether the contact was not on the list before; whoever left a list stays out of it, whatever is imported.
    func join(_ turn: Turn, _ contact: Int64, key: UnsafeRawBufferPointer) throws(StoreError) -> Bool {
        guard let list = turn.list else { return false }
        if self.hasSuppressions, try self.suppressions.hasLeft(list, address: key) { return false }
        return try self.statements.join(list, contact)
    }

    func bindExternalKey(of row: ContactRow, _ turn: Turn, to statement: any SQLStatement) {
        if let cell = self.externalCell, !row.cell(cell).isEmpty, !turn.withoutExternalID {
            row.externalKey(cell, self.marks.idSystem).withUnsafeBytes { statement.bind(8, text: $0) }
        } else {
            statement.bindNull(8)
        }
    }
}
