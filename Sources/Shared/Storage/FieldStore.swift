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
        let row = try self.connection.prepare("SELECT \(Self.columns) FROM field WHERE name = ?1 AND retired = 0")
        defer { row.reset() }
        row.bind(1, name)
        return try row.step() ? try Self.field(row) : nil
    }

    /// Makes the columns of fields that are not there yet.
    ///
    /// - Parameters:
    ///   - fields: Names as ``Field/name`` demands. A name that is taken keeps the type it has; one that is open gets the type it is
    ///     given here, unless that is open, too.
    ///   - importID: Of the import that brings them or settles their types, and takes that back when it is undone.
    /// - Returns: The same names in the same order with the types that hold from now on; none counts as open.
    /// - Throws: ``StoreError/statement(_:)`` for a name that is none, or more than ``fieldsMax`` fields.
    package func define(_ fields: [Field], importID: Int64? = nil) throws(StoreError) -> [Field] {
        var known: [String: Field] = [:]
        for field in try self.all() { known[field.name] = field }
        var types: [Field] = []
        for field in fields {
            if let found = known[field.name] {
                let settles = found.isOpen && !field.isOpen
                if settles { try self.settle(field, importID) }
                types.append(Field(name: found.name, type: settles ? field.type : found.type))
                continue
            }
            guard known.count < Self.fieldsMax else {
                throw StoreError.statement(
                    "there are \(Self.fieldsMax) fields already; '\(field.name)' is one too many"
                )
            }
            try self.add(field, importID)
            known[field.name] = field
            types.append(Field(name: field.name, type: field.type))
        }
        return types
    }

    private func defined() throws(StoreError) -> [Field] {
        let row = try self.connection.prepare("SELECT \(Self.columns) FROM field WHERE retired = 0 ORDER BY name")
        defer { row.reset() }
        var fields: [Field] = []
        while try row.step() { fields.append(try Self.field(row)) }
        return fields
    }

    /// The fields that an import brought, by name.
    package func fields(broughtBy importID: Int64) throws(StoreError) -> [String] {
        try self.names("SELECT name FROM field WHERE import = ?1 AND retired = 0 ORDER BY name", importID)
    }

    /// The fields of others whose types an import settled, by name.
    package func fields(settledBy importID: Int64) throws(StoreError) -> [String] {
        try self.names(
            """
            SELECT name FROM field
            WHERE settled_by = ?1 AND retired = 0 AND (import IS NULL OR import <> ?1) ORDER BY name
            """,
            importID
        )
    }

    private func names(_ sql: String, _ importID: Int64) throws(StoreError) -> [String] {
        let row = try self.connection.prepare(sql)
        defer { row.reset() }
        row.bind(1, importID)
        var names: [String] = []
        while try row.step() { names.append(row.text(0)) }
        return names
    }

    /// Takes away the fields that an import brought, and opens those again whose types it settled; no contact has a value in them any more.
    package func retire(broughtBy importID: Int64) throws(StoreError) {
        for sql in [
            "UPDATE field SET retired = 1 WHERE import = ?1",
            "UPDATE field SET open = 1, type = 'text', settled_by = NULL WHERE settled_by = ?1",
        ] {
            let statement = try self.connection.prepare(sql)
            statement.bind(1, importID)
            try statement.run()
        }
    }

    /// Gives a field that is open its type.
    ///
    /// Its column was made for text and stays as it is, so that this takes no time however many contacts there are: whole numbers and
    /// answers stand in it as digits, which ``Field/comparedExpression(in:)`` makes numbers again.
    private func settle(_ field: Field, _ importID: Int64?) throws(StoreError) {
        if let numberColumn = field.numberColumn {
            for table in ["contact", "contact_before"] where !self.has(numberColumn, in: table) {
                try self.connection.execute("ALTER TABLE \(table) ADD COLUMN \(numberColumn) REAL")
            }
        }
        let statement = try self.connection.prepare(
            "UPDATE field SET open = 0, type = ?2, settled_by = ?3 WHERE name = ?1 AND open = 1"
        )
        statement.bind(1, field.name)
        statement.bind(2, field.type.rawValue)
        statement.bind(3, optional: importID)
        try statement.run()
    }

    /// Makes fields text that are open and of which values come all the same, behind the rows by which types are told.
    package func settleAsText(_ names: [String], importID: Int64?) throws(StoreError) {
        for name in names { try self.settle(Field(name: name, type: .text), importID) }
    }

    private func has(_ column: String, in table: String) -> Bool {
        (try? self.connection.prepare("SELECT \(column) FROM \(table) LIMIT 0")) != nil
    }

    /// Gives the table of contacts as they were the columns of fields that are older than it.
    package func completeBefore() throws(StoreError) {
        for field in try self.defined() {
            for (column, type) in [(field.column, field.columnType)] + (field.numberColumn.map { [($0, "REAL")] } ?? [])
            {
                guard !self.has(column, in: "contact_before") else { continue }
                try self.connection.execute("ALTER TABLE contact_before ADD COLUMN \(column) \(type)")
            }
        }
    }

    /// Every column of a contact but its id, in one order; some belong to no field.
    func storedColumns() throws(StoreError) -> [String] {
        let fixed = [
            "email", "email_key", "domain", "phone", "external_id", "timezone", "language", "source", "created_at",
            "updated_at", "external_key", "consent",
        ]
        return fixed + (try self.defined()).flatMap { [$0.column] + ($0.numberColumn.map { [$0] } ?? []) }
    }

    private func add(_ field: Field, _ importID: Int64?) throws(StoreError) {
        guard field.hasColumnName else {
            throw StoreError.statement("'\(field.name)' cannot name a column: small letters, digits and _ can")
        }
        try self.dropRetired(field.name)
        for table in ["contact", "contact_before"] {
            try self.connection.execute("ALTER TABLE \(table) ADD COLUMN \(field.column) \(field.columnType)")
            if let numberColumn = field.numberColumn {
                try self.connection.execute("ALTER TABLE \(table) ADD COLUMN \(numberColumn) REAL")
            }
        }
        let statement = try self.connection.prepare(
            "INSERT INTO field (name, type, import, open) VALUES (?1, ?2, ?3, ?4)"
        )
        statement.bind(1, field.name)
        statement.bind(2, field.type.rawValue)
        statement.bind(3, optional: importID)
        statement.bind(4, field.isOpen ? 1 : 0)
        try statement.run()
    }

    /// Makes room for a field whose name an import had brought that was undone.
    private func dropRetired(_ name: String) throws(StoreError) {
        let row = try self.connection.prepare("SELECT \(Self.columns) FROM field WHERE name = ?1 AND retired = 1")
        row.bind(1, name)
        let found = try row.step() ? try Self.field(row) : nil
        row.reset()
        guard let found else { return }
        for table in ["contact", "contact_before"] {
            // One that was open again when it went may have had numbers before.
            for column in [found.column, "n_\(name)"] where self.has(column, in: table) {
                try self.connection.execute("ALTER TABLE \(table) DROP COLUMN \(column)")
            }
        }
        let statement = try self.connection.prepare("DELETE FROM field WHERE name = ?1")
        statement.bind(1, name)
        try statement.run()
    }

    private static let columns = "name, type, open"

    private static func field(_ row: any SQLStatement) throws(StoreError) -> Field {
        guard let type = FieldType(rawValue: row.text(1)) else {
            throw StoreError.corrupt("field '\(row.text(0))' has the unknown type '\(row.text(1))'")
        }
        return Field(name: row.text(0), type: type, isOpen: row.integer(2) == 1)
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
        // It may become a boolean while this is still in use; nothing else prints in another way than it is stored.
        guard !self.isOpen else {
            return """
                CASE (SELECT type FROM field WHERE name = '\(self.name)') WHEN 'boolean'
                    THEN CASE \(column) WHEN '1' THEN 'true' WHEN '0' THEN 'false' END ELSE \(column) END
                """
        }
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
        let column = "\(table).\(self.numberColumn ?? self.column)"
        // The column is one of text when the type was settled later.
        return self.type == .integer || self.type == .boolean ? "CAST(\(column) AS INTEGER)" : column
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
