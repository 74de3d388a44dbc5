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

/// Writes contacts: one for each address key, whatever comes how often.
///
/// Most rows of an import are new, so a row is inserted first, and only when its key is taken is the contact read and compared.
package struct ContactStore {
    private let connection: any SQLConnection
    private let fields: [Field]
    private let policy: ConflictPolicy
    private let insertStatement: any SQLStatement
    private let readStatement: any SQLStatement
    private let updateStatement: any SQLStatement
    private let memberStatement: any SQLStatement
    private let suppressions: SuppressionStore
    /// Somebody is suppressed or left a list, so contacts that come are looked up there.
    private let hasSuppressions: Bool

    /// Prepares for batches with these fields.
    ///
    /// - Parameters:
    ///   - connection: Writes.
    ///   - fields: As ``FieldStore/define(_:)`` returned them; a batch must have the same.
    ///   - policy: What happens to contacts that are there.
    ///   - key: Of the addresses that must not be written to: a new contact may be one of them.
    /// - Throws: ``StoreError/statement(_:)`` when a field was not defined.
    package init(
        _ connection: any SQLConnection,
        fields: [Field],
        policy: ConflictPolicy,
        key: AddressKey
    ) throws(StoreError) {
        self.connection = connection
        self.suppressions = SuppressionStore(connection, key: key)
        self.hasSuppressions = try self.suppressions.hasAny()
        self.fields = fields
        self.policy = policy
        let columns = fields.flatMap { field in [field.column] + (field.numberColumn.map { [$0] } ?? []) }
        // Parameters: 1 email, 2 key, 3 domain, 4 source, 5 now, then the fields' columns.
        self.insertStatement = try connection.prepare(
            """
            INSERT INTO contact (email, email_key, domain, source, created_at, updated_at\(columns.map { ", \($0)" }.joined()))
            VALUES (?1, ?2, ?3, ?4, ?5, ?5\(columns.indices.map { ", ?\($0 + 6)" }.joined()))
            ON CONFLICT (email_key) DO NOTHING
            """
        )
        let printed = fields.map { ", \($0.printedExpression(in: "contact"))" }.joined()
        self.readStatement = try connection.prepare("SELECT id, email\(printed) FROM contact WHERE email_key = ?1")
        // Parameters: 1 email, 2 id, 3 unused, 4 source, 5 now, then as above.
        let keeps = policy == .merge
        let assignments = columns.enumerated().map { index, column in
            ", \(column) = " + (keeps ? "coalesce(?\(index + 6), \(column))" : "?\(index + 6)")
        }
        self.updateStatement = try connection.prepare(
            """
            UPDATE contact SET \(keeps ? "" : "email = ?1, ")source = coalesce(source, ?4), updated_at = ?5\(assignments.joined())
            WHERE id = ?2
            """
        )
        self.memberStatement = try connection.prepare(
            "INSERT INTO list_member (list, contact) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        )
    }

    /// Writes rows inside the caller's transaction.
    ///
    /// With ``ConflictPolicy/merge`` an address keeps the spelling it has; it is the same address in either.
    ///
    /// - Parameters:
    ///   - chunk: Of a batch with this store's fields.
    ///   - list: A list that every row's contact joins, whatever the policy.
    ///   - source: Where new contacts come from; contacts that are there keep theirs.
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
        var counts = ImportCounts()
        for statement in [self.insertStatement, self.updateStatement] {
            statement.bind(4, optional: source)
            statement.bind(5, at.milliseconds)
        }
        if let list { self.memberStatement.bind(1, list) }
        let outcome: Result<Void, StoreError> = chunk.batch.bytes.withUnsafeBytes { bytes in
            do throws(StoreError) {
                for row in chunk.rows {
                    let row = Row(batch: chunk.batch, bytes: bytes, index: Int(row))
                    let contact = try self.upsert(row, &counts)
                    guard let list else { continue }
                    // Whoever left a list stays out of it, whatever is imported.
                    if self.hasSuppressions, try self.suppressions.hasLeft(list, address: row.cell(1)) { continue }
                    self.memberStatement.bind(2, contact)
                    try self.memberStatement.run()
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
        return counts
    }

    /// - Returns: The contact's id.
    private func upsert(_ row: Row, _ counts: inout ImportCounts) throws(StoreError) -> Int64 {
        let insert = self.insertStatement
        insert.bind(2, text: row.cell(1))
        for cell in [0, 2] {
            let value = row.cell(cell)
            if value.isEmpty { insert.bindNull(cell + 1) } else { insert.bind(cell + 1, text: value) }
        }
        self.bindFields(of: row, to: insert)
        try insert.run()
        if self.connection.changedRows > 0 {
            counts.created += 1
            let contact = self.connection.lastInsertID
            if self.hasSuppressions {
                let bars = try self.suppressions.bars(of: row.cell(1))
                if !bars.isEmpty { try self.suppressions.bar(contact, at: row.cell(1), bars) }
            }
            return contact
        }
        let (contact, differs) = try self.compare(row)
        guard differs, self.policy != .keep else {
            counts.unchanged += 1
            return contact
        }
        let update = self.updateStatement
        if self.policy == .replace {
            let address = row.cell(0)
            if address.isEmpty { update.bindNull(1) } else { update.bind(1, text: address) }
        }
        update.bind(2, contact)
        self.bindFields(of: row, to: update)
        try update.run()
        counts.updated += 1
        return contact
    }

    /// Finds the contact with the row's key, and whether the policy would change it.
    private func compare(_ row: Row) throws(StoreError) -> (contact: Int64, differs: Bool) {
        let found = self.readStatement
        defer { found.reset() }
        found.bind(1, text: row.cell(1))
        guard try found.step() else {
            throw StoreError.corrupt("the index of addresses has a key that no contact has")
        }
        let contact = found.integer(0)
        if self.policy == .replace, !Self.isSame(found, 1, row.cell(0)) { return (contact, true) }
        for index in self.fields.indices {
            let cell = row.cell(3 + index)
            if cell.isEmpty, self.policy == .merge { continue }
            if !Self.isSame(found, 2 + index, cell) { return (contact, true) }
        }
        return (contact, false)
    }

    private static func isSame(_ found: any SQLStatement, _ column: Int, _ cell: UnsafeRawBufferPointer) -> Bool {
        found.withBytes(column) { $0.elementsEqual(cell) }
    }

    private func bindFields(of row: Row, to statement: any SQLStatement) {
        var parameter = 6
        for (index, field) in self.fields.enumerated() {
            let cell = row.cell(3 + index)
            let isEmpty = cell.isEmpty
            switch field.type {
            case _ where isEmpty: statement.bindNull(parameter)
            case .text, .date, .decimal: statement.bind(parameter, text: cell)
            case .integer: statement.bind(parameter, optional: Self.integer(cell))
            case .boolean: statement.bind(parameter, Int64(cell.elementsEqual("true".utf8) ? 1 : 0))
            }
            parameter += 1
            guard field.type == .decimal else { continue }
            if !isEmpty, let number = Double(String(decoding: cell, as: UTF8.self)) {
                statement.bind(parameter, number)
            } else {
                statement.bindNull(parameter)
            }
            parameter += 1
        }
    }

    /// Reads digits with an optional `-`.
    private static func integer(_ cell: UnsafeRawBufferPointer) -> Int64? {
        let isNegative = cell.first == UInt8(ascii: "-")
        var value: Int64 = 0
        for byte in cell.dropFirst(isNegative ? 1 : 0) {
            guard (48...57).contains(byte) else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, carry) = tens.subtractingReportingOverflow(Int64(byte - 48))
            guard !overflow, !carry else { return nil }
            value = next
        }
        // Counted downwards, since there is one more negative number than positive ones.
        return isNegative ? value : value == .min ? nil : -value
    }

    /// One row's cells, in place.
    private struct Row {
        let batch: ContactRows
        let bytes: UnsafeRawBufferPointer
        let index: Int

        func cell(_ cell: Int) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: self.bytes[self.batch.range(row: self.index, cell: cell)])
        }
    }
}
