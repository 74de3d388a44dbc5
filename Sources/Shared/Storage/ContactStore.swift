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
    /// Whose numbers `external_id` has.
    package var idSystem: String

    package init(importID: Int64? = nil, consent: ConsentMarks = [], idSystem: String = "") {
        self.importID = importID
        self.consent = consent
        self.idSystem = idSystem
    }
}

/// Writes contacts: one for each person, whatever comes how often.
///
/// A row is the same person as a contact that has its e-mail address; else its external id, of the same system; else, where one of the
/// two has no e-mail address, its telephone number: people of one household share a number and have addresses of their own.
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
    private let suppressions: SuppressionStore
    /// Somebody is suppressed or left a list, so contacts that come are looked up there.
    private let hasSuppressions: Bool

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
        self.fields = fields
        self.policy = policy
        self.marks = marks
        self.statements = try ContactStatements(connection, fields: fields, policy: policy)
        self.phoneCell = fields.firstIndex { $0.name == BuiltInField.phone.rawValue }.map { 3 + $0 }
        self.externalCell = fields.firstIndex { $0.name == BuiltInField.externalID.rawValue }.map { 3 + $0 }
        self.phones = try PhoneIndex(connection)
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
        /// The external id is another contact's than the address: it stays there.
        var withoutExternalID = false
    }

    private func upsert(_ row: ContactRow, _ turn: inout Turn) throws(StoreError) {
        turn.withoutExternalID = false
        let key = row.cell(1)
        if let known = try self.knownOtherwise(row, &turn) { return try self.change(known, row, &turn) }
        if try self.insert(row, key: key, &turn) { return }
        guard let known = try self.statements.lookup.contact(withKey: key) else {
            throw StoreError.corrupt("the index of addresses has a key that no contact has")
        }
        try self.change(known, row, &turn)
    }

    /// The contact that the row stands for although its key is another's, or nobody's yet.
    private func knownOtherwise(_ row: ContactRow, _ turn: inout Turn) throws(StoreError) -> Int64? {
        let hasEmail = !row.cell(0).isEmpty
        if let cell = self.externalCell, !row.cell(cell).isEmpty,
            let owner = try self.statements.lookup.contact(withExternalKey: row.externalKey(cell, self.marks.idSystem))
        {
            guard hasEmail, let other = try self.statements.lookup.contact(withKey: row.cell(1)), other != owner else {
                return owner
            }
            turn.withoutExternalID = true
            return other
        }
        guard let cell = self.phoneCell, !row.cell(cell).isEmpty else { return nil }
        if hasEmail, !turn.hasTelephones { return nil }
        let number = PhoneKey.of(row.cell(cell))
        if hasEmail {
            guard let other = try self.statements.lookup.contact(withTelephone: number) else {
                return nil
            }
            return try self.statements.lookup.contact(withKey: row.cell(1)) == nil ? other : nil
        }
        if try self.statements.lookup.contact(withKey: row.cell(1)) != nil { return nil }
        return try self.phones.contact(number)
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
        if self.hasSuppressions {
            let bars = try self.suppressions.bars(of: key)
            if !bars.isEmpty { try self.suppressions.bar(turn.nextID, at: key, bars) }
        }
        _ = try self.join(turn, turn.nextID, key: key)
        turn.nextID += 1
        return true
    }

    /// - Returns: Whether the contact was not on the list before; whoever left a list stays out of it, whatever is imported.
    private func join(_ turn: Turn, _ contact: Int64, key: UnsafeRawBufferPointer) throws(StoreError) -> Bool {
        guard let list = turn.list else { return false }
        if self.hasSuppressions, try self.suppressions.hasLeft(list, address: key) { return false }
        return try self.statements.join(list, contact)
    }

    private func bindExternalKey(of row: ContactRow, _ turn: Turn, to statement: any SQLStatement) {
        if let cell = self.externalCell, !row.cell(cell).isEmpty, !turn.withoutExternalID {
            row.externalKey(cell, self.marks.idSystem).withUnsafeBytes { statement.bind(8, text: $0) }
        } else {
            statement.bindNull(8)
        }
    }

    /// Brings a contact that is there up to date, as the policy says.
    private func change(_ contact: Int64, _ row: ContactRow, _ turn: inout Turn) throws(StoreError) {
        let known = try self.compare(contact, row, &turn)
        if self.policy != .keep, known.differs {
            try self.changes?.willChange(contact)
            try self.update(contact, known, row, turn)
            turn.counts.updated += 1
        } else {
            turn.counts.unchanged += 1
        }
        if let source = turn.source, known.source != source {
            if known.source != nil { try self.changes?.came(contact, from: source, at: turn.at) }
        }
        let key = row.cell(0).isEmpty ? known.key : Array(row.cell(1))
        let joined = key.withUnsafeBytes { key in
            Result { () throws(StoreError) in try self.join(turn, contact, key: key) }
        }
        if try joined.get() { try self.changes?.joined(contact) }
    }

    /// What is there of a contact that a row stands for.
    private struct Known {
        var differs = false
        var source: Int64?
        var hasKey = false
        /// ``EmailAddress/key``, or what stands for it.
        var key: [UInt8] = []
        var phone: [UInt8] = []
    }

    private func compare(_ contact: Int64, _ row: ContactRow, _ turn: inout Turn) throws(StoreError) -> Known {
        let found = self.statements.read
        defer { found.reset() }
        found.bind(1, contact)
        guard try found.step() else { throw StoreError.corrupt("contact \(contact) is in an index and not there") }
        var known = Known()
        known.source = found.optionalInteger(2)
        known.hasKey = row.cell(0).isEmpty || Self.isSame(found, 1, row.cell(1))
        if !known.hasKey || self.hasSuppressions { known.key = found.bytes(1) }
        known.differs = !known.hasKey || known.source == nil && turn.source != nil
        if !self.marks.consent.isSubset(of: ConsentMarks(rawValue: found.integer(3))) { known.differs = true }
        // An id of another system stays: a contact has one, and the first was there first.
        let system = Array(self.marks.idSystem.utf8) + [UInt8(ascii: ":")]
        if !found.isNull(4), !found.withBytes(4, { $0.starts(with: system) }) { turn.withoutExternalID = true }
        if self.policy == .replace, !row.cell(0).isEmpty, !Self.isSame(found, 0, row.cell(0)) { known.differs = true }
        for index in self.fields.indices {
            let cell = row.cell(3 + index)
            if 3 + index == self.phoneCell { known.phone = found.bytes(5 + index) }
            if cell.isEmpty, self.policy == .merge { continue }
            if 3 + index == self.externalCell, turn.withoutExternalID { continue }
            if !Self.isSame(found, 5 + index, cell) { known.differs = true }
        }
        return known
    }

    private static func isSame(_ found: any SQLStatement, _ column: Int, _ cell: UnsafeRawBufferPointer) -> Bool {
        found.withBytes(column) { $0.elementsEqual(cell) }
    }

    private func update(_ contact: Int64, _ known: Known, _ row: ContactRow, _ turn: Turn) throws(StoreError) {
        let update = self.statements.update
        update.bind(2, contact)
        for parameter in [1, 3, 6] { update.bindNull(parameter) }
        let movesTo = known.hasKey ? nil : row.cell(1)
        if !row.cell(0).isEmpty, movesTo != nil || self.policy == .replace {
            update.bind(1, text: row.cell(0))
            update.bind(3, text: row.cell(2))
            update.bind(6, text: row.cell(1))
        }
        self.bindExternalKey(of: row, turn, to: update)
        row.bindFields(self.fields, to: update)
        if turn.withoutExternalID, let cell = self.externalCell {
            // Nothing is what `merge` leaves alone; `replace` sets this contact's own id free, which is another's.
            update.bindNull(row.parameter(of: cell, in: self.fields))
        }
        try update.run()
        if self.hasSuppressions, let movesTo {
            try self.suppressions.moved(contact, from: known.key, to: Array(movesTo), at: turn.at)
        }
        guard let cell = self.phoneCell, !(row.cell(cell).isEmpty && self.policy == .merge) else { return }
        try self.phones.change(contact, from: known.phone, to: Array(row.cell(cell)))
    }
}
