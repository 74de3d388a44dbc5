import Domain

/// The statements that write contacts with some fields.
struct ContactStatements {
    /// Parameters: 1 email, 2 key, 3 domain, 4 source, 5 now, 6 id, 7 consent, 8 external key, then the fields' columns.
    let insert: any SQLStatement
    /// Parameters: 1 email, 2 id, 3 domain, 6 key, and as above; what is NULL of email, key and domain stays.
    let update: any SQLStatement
    /// Email, key, source, consent, external key, and the fields as people read them, by id.
    let read: any SQLStatement
    private let byKey: any SQLStatement
    private let byExternalKey: any SQLStatement
    private let member: any SQLStatement
    private let connection: any SQLConnection

    /// The first parameter of a field's column.
    static let firstFieldParameter = 9

    init(_ connection: any SQLConnection, fields: [Field], policy: ConflictPolicy) throws(StoreError) {
        self.connection = connection
        let first = Self.firstFieldParameter
        let columns = fields.flatMap { field in [field.column] + (field.numberColumn.map { [$0] } ?? []) }
        self.insert = try connection.prepare(
            """
            INSERT INTO contact (id, email, email_key, domain, source, created_at, updated_at, consent, external_key
                \(columns.map { ", \($0)" }.joined()))
            VALUES (?6, ?1, ?2, ?3, ?4, ?5, ?5, ?7, ?8\(columns.indices.map { ", ?\($0 + first)" }.joined()))
            ON CONFLICT (email_key) DO NOTHING
            """
        )
        let keeps = policy == .merge
        let assignments = columns.enumerated().map { index, column in
            ", \(column) = " + (keeps ? "coalesce(?\(index + first), \(column))" : "?\(index + first)")
        }
        let hasExternalID = fields.contains { $0.name == BuiltInField.externalID.rawValue }
        let externalKey = hasExternalID && !keeps ? "?8" : "coalesce(?8, external_key)"
        self.update = try connection.prepare(
            """
            UPDATE contact SET email = coalesce(?1, email), email_key = coalesce(?6, email_key),
                domain = coalesce(?3, domain), source = coalesce(source, ?4), updated_at = ?5, consent = consent | ?7,
                external_key = \(externalKey)\(assignments.joined())
            WHERE id = ?2
            """
        )
        let printed = fields.map { ", \($0.printedExpression(in: "contact"))" }.joined()
        self.read = try connection.prepare(
            "SELECT email, email_key, source, consent, external_key\(printed) FROM contact WHERE id = ?1"
        )
        self.byKey = try connection.prepare("SELECT id FROM contact WHERE email_key = ?1")
        self.byExternalKey = try connection.prepare(
            "SELECT id FROM contact WHERE external_key = ?1 ORDER BY id LIMIT 1"
        )
        self.member = try connection.prepare(
            "INSERT INTO list_member (list, contact) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        )
    }

    func contact(withKey key: UnsafeRawBufferPointer) throws(StoreError) -> Int64? {
        self.byKey.bind(1, text: key)
        return try Self.first(self.byKey)
    }

    func contact(withKey prefix: String, _ number: [UInt8]) throws(StoreError) -> Int64? {
        self.byKey.bind(1, prefix + String(decoding: number, as: UTF8.self))
        return try Self.first(self.byKey)
    }

    func contact(withExternalKey key: [UInt8]) throws(StoreError) -> Int64? {
        self.byExternalKey.bind(1, String(decoding: key, as: UTF8.self))
        return try Self.first(self.byExternalKey)
    }

    private static func first(_ statement: any SQLStatement) throws(StoreError) -> Int64? {
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : nil
    }

    /// - Returns: Whether the contact was not on the list before.
    func join(_ list: Int64, _ contact: Int64) throws(StoreError) -> Bool {
        self.member.bind(1, list)
        self.member.bind(2, contact)
        try self.member.run()
        return self.connection.changedRows > 0
    }
}

/// One row's cells, in place.
struct ContactRow {
    let batch: ContactRows
    let bytes: UnsafeRawBufferPointer
    let index: Int

    func cell(_ cell: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self.bytes[self.batch.range(row: self.index, cell: cell)])
    }

    /// The parameter that a field's cell is bound to.
    func parameter(of cell: Int, in fields: [Field]) -> Int {
        fields.prefix(cell - 3).reduce(ContactStatements.firstFieldParameter) { $0 + ($1.numberColumn == nil ? 1 : 2) }
    }

    func bindFields(_ fields: [Field], to statement: any SQLStatement) {
        var parameter = ContactStatements.firstFieldParameter
        for (index, field) in fields.enumerated() {
            let cell = self.cell(3 + index)
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
}
