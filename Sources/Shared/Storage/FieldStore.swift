package import Domain

/// Which fields there are, and in which columns of `contact` they stand.
package struct FieldStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// SQLite takes 2,000 columns in a table; a field has two at most, and a row this wide is no person any more.
    package static let fieldsMax = 900

    /// All fields: the built-in ones first, then those that imports brought, by name.
    package func all() throws(StoreError) -> [Field] {
        try BuiltInField.allCases.map(\.field) + self.defined()
    }

    /// The field of this name; `nil` when there is none.
    package func field(named name: String) throws(StoreError) -> Field? {
        if let known = BuiltInField(rawValue: name) { return known.field }
        let row = try self.connection.prepare("SELECT name, type FROM field WHERE name = ?1")
        defer { row.reset() }
        row.bind(1, name)
        return try row.step() ? try Self.field(row) : nil
    }

    /// Makes the columns of fields that are not there yet.
    ///
    /// - Parameter fields: Names as ``Field/name`` demands. A name that is taken keeps the type it has.
    /// - Returns: The same names in the same order with the types that hold from now on.
    /// - Throws: ``StoreError/statement(_:)`` for a name that is none, or more than ``fieldsMax`` fields.
    package func define(_ fields: [Field]) throws(StoreError) -> [Field] {
        var known: [String: Field] = [:]
        for field in try self.all() { known[field.name] = field }
        var types: [Field] = []
        for field in fields {
            if let found = known[field.name] {
                types.append(found)
                continue
            }
            guard known.count < Self.fieldsMax else {
                throw StoreError.statement(
                    "there are \(Self.fieldsMax) fields already; '\(field.name)' is one too many"
                )
            }
            try self.add(field)
            known[field.name] = field
            types.append(field)
        }
        return types
    }

    private func defined() throws(StoreError) -> [Field] {
        let row = try self.connection.prepare("SELECT name, type FROM field ORDER BY name")
        defer { row.reset() }
        var fields: [Field] = []
        while try row.step() { fields.append(try Self.field(row)) }
        return fields
    }

    private func add(_ field: Field) throws(StoreError) {
        guard field.hasColumnName else {
            throw StoreError.statement("'\(field.name)' cannot name a column: small letters, digits and _ can")
        }
        try self.connection.execute("ALTER TABLE contact ADD COLUMN \(field.column) \(field.columnType)")
        if let numberColumn = field.numberColumn {
            try self.connection.execute("ALTER TABLE contact ADD COLUMN \(numberColumn) REAL")
        }
        let statement = try self.connection.prepare("INSERT INTO field (name, type) VALUES (?1, ?2)")
        statement.bind(1, field.name)
        statement.bind(2, field.type.rawValue)
        try statement.run()
    }

    private static func field(_ row: any SQLStatement) throws(StoreError) -> Field {
        guard let type = FieldType(rawValue: row.text(1)) else {
            throw StoreError.corrupt("field '\(row.text(0))' has the unknown type '\(row.text(1))'")
        }
        return Field(name: row.text(0), type: type)
    }
}

extension Field {
    /// The column that has the value as it was written.
    package var column: String {
        BuiltInField(rawValue: self.name) == nil ? "f_\(self.name)" : self.name
    }

    /// The column that has the value as a number, beside ``column``; only a decimal has one.
    package var numberColumn: String? { self.type == .decimal ? "n_\(self.name)" : nil }

    /// What gives the value as people read it, always as text.
    ///
    /// - Parameter table: The name under which the query has `contact`.
    /// - Returns: SQL; integers as digits, booleans as `true` and `false`; NULL without a value.
    package func printedExpression(in table: String = "c") -> String {
        let column = "\(table).\(self.column)"
        return switch self.type {
        case .text, .decimal, .date: column
        case .integer: "CAST(\(column) AS TEXT)"
        case .boolean: "CASE \(column) WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
        }
    }

    /// What gives the value for comparing.
    ///
    /// - Parameter table: The name under which the query has `contact`.
    /// - Returns: SQL; text and dates as text, numbers as numbers, booleans as 1 and 0; NULL without a value.
    package func comparedExpression(in table: String = "c") -> String {
        "\(table).\(self.numberColumn ?? self.column)"
    }

    var columnType: String {
        switch self.type {
        case .text, .decimal, .date: "TEXT"
        case .integer, .boolean: "INTEGER"
        }
    }

    /// Whether the name can stand in SQL as it is.
    var hasColumnName: Bool {
        (1...Self.nameLengthMax).contains(self.name.utf8.count)
            && self.name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    }
}
