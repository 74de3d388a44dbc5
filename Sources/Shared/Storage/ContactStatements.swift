import Domain

/// The statements that write contacts with some fields.
struct ContactStatements {
    /// Parameters: 1 email, 2 key, 3 domain, 4 source, 5 now, 6 id, 7 consent, 8 external key, then the fields' columns.
    let insert: any SQLStatement
    /// Parameters: 1 email, 2 id, 3 domain, 6 key, and as above; what is NULL of email, key and domain stays.
    let update: any SQLStatement
    /// Email, key, source, consent, external key, and the fields as people read them, by id.
    let read: any SQLStatement
    let lookup: ContactLookup
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
        self.lookup = try ContactLookup(connection)
        self.member = try connection.prepare(
            "INSERT INTO list_member (list, contact) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        )
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
///
/// What later rows of the same address say otherwise, this row does not say: else the two would change each other's values whenever the
/// file is imported again.
struct ContactRow {
    private let batch: ContactRows
    private let bytes: UnsafeRawBufferPointer
    private let index: Int
    /// The rows of the same address behind this one; hardly ever any.
    private let later: ArraySlice<UInt32>
    private let policy: ConflictPolicy

    init(
        _ batch: ContactRows,
        _ bytes: UnsafeRawBufferPointer,
        _ index: Int,
        later: ArraySlice<UInt32> = [],
        _ policy: ConflictPolicy = .merge
    ) {
        self.batch = batch
        self.bytes = bytes
        self.index = index
        self.later = later
        self.policy = policy
    }

    func cell(_ cell: Int) -> UnsafeRawBufferPointer {
        let own = self.cell(cell, of: self.index)
        guard let last = self.later.last else { return own }
        if self.policy == .replace { return self.cell(cell, of: Int(last)) }
        guard cell >= 3, let sayer = self.later.last(where: { !self.cell(cell, of: Int($0)).isEmpty }) else {
            return own
        }
        return own.elementsEqual(self.cell(cell, of: Int(sayer))) ? own : UnsafeRawBufferPointer(start: nil, count: 0)
    }

    private func cell(_ cell: Int, of row: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self.bytes[self.batch.range(row: row, cell: cell)])
    }

    /// The parameter that a field's cell is bound to.
    func parameter(of cell: Int, in fields: [Field]) -> Int {
        fields.prefix(cell - 3).reduce(ContactStatements.firstFieldParameter) { $0 + ($1.numberColumn == nil ? 1 : 2) }
    }

    /// What `contact.external_key` has for the row's id.
    ///
    /// - Parameters:
    ///   - cell: The id's.
    ///   - system: Whose it is, unless the row says that.
    /// - Returns: The system, `:` and the id.
    func externalKey(_ cell: Int, _ system: String) -> [UInt8] {
        self.systemBeginning(system) + Array(self.cell(cell))
    }

    /// What an `external_key` of the row's system begins with.
    func systemBeginning(_ system: String) -> [UInt8] {
        let colon = [UInt8(ascii: ":")]
        guard let cell = self.batch.systemCell else { return Array(system.utf8) + colon }
        let row = self.policy == .replace ? self.later.last.map { Int($0) } : nil
        return Array(self.cell(cell, of: row ?? self.index)) + colon
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
