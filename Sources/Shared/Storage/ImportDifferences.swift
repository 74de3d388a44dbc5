import Domain

/// What an import changed of contacts that were there before, as it noted that for its undoing.
package struct ImportDifferences: Hashable, Sendable {
    /// How many contacts have another value in a field.
    package struct FieldCount: Hashable, Sendable {
        package let field: String
        package let contacts: Int
    }

    /// One value that is another now.
    package struct Example: Hashable, Sendable {
        package let contact: Int64
        /// The address before; `nil` without one.
        package let address: String?
        package let field: String
        package let before: String?
        package let after: String?
    }

    /// Fields with any, in the order of ``FieldStore/all()``.
    package private(set) var fields: [FieldCount] = []
    /// Of the contacts with the lowest numbers.
    package private(set) var examples: [Example] = []
    /// Contacts that had an address and have another, and another name, where names are known: likely another person.
    package private(set) var otherPeople = 0

    /// Examples that are looked for.
    package static let examplesMax = 10
    /// Contacts that are looked at for examples: some may have nothing new but their source.
    private static let looksMax = 1_000

    /// Fields by which somebody is told from somebody else.
    private static let names: Set<String> = ["first_name", "last_name"]

    /// - Parameters:
    ///   - importID: Which import.
    ///   - connection: Where it was done. Takes a second for a million contacts.
    /// - Throws: What the database says.
    package init(importID: Int64, on connection: any SQLConnection) throws(StoreError) {
        let fields = try FieldStore(connection).all()
        let sums = fields.map { "sum(b.\($0.column) IS DISTINCT FROM c.\($0.column))" }.joined(separator: ", ")
        // Rows of one person follow each other in a file: whoever is new with it was not there before.
        let both = """
            FROM contact_before b JOIN contact c ON c.id = b.id WHERE b.import = ?1
            AND NOT EXISTS (SELECT 1 FROM import_created n WHERE n.import = ?1 AND b.id >= n.low AND b.id < n.high)
            """
        let names = fields.filter { Self.names.contains($0.name) }
            .map { "AND b.\($0.column) IS DISTINCT FROM c.\($0.column)" }.joined(separator: " ")
        let others = "sum(b.email IS NOT NULL AND b.email_key IS DISTINCT FROM c.email_key \(names))"
        let counts = try connection.prepare("SELECT \(sums), \(others) \(both)")
        counts.bind(1, importID)
        if try counts.step() {
            self.otherPeople = Int(counts.integer(fields.count))
            for (index, field) in fields.enumerated() where counts.integer(index) > 0 {
                self.fields.append(FieldCount(field: field.name, contacts: Int(counts.integer(index))))
            }
        }
        counts.reset()
        let changed = fields.filter { field in self.fields.contains { $0.field == field.name } }
        let values = changed.map { ", \($0.printedExpression(in: "b")), \($0.printedExpression(in: "c"))" }.joined()
        let row = try connection.prepare("SELECT b.id, b.email\(values) \(both) ORDER BY b.id LIMIT \(Self.looksMax)")
        defer { row.reset() }
        row.bind(1, importID)
        while self.examples.count < Self.examplesMax, try row.step() {
            for (index, field) in changed.enumerated() {
                let (before, after) = (row.optionalText(2 + 2 * index), row.optionalText(3 + 2 * index))
                guard before != after, self.examples.count < Self.examplesMax else { continue }
                self.examples.append(
                    Example(
                        contact: row.integer(0),
                        address: row.optionalText(1),
                        field: field.name,
                        before: before,
                        after: after
                    )
                )
            }
        }
    }
}
