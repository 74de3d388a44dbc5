package import Domain

/// Reads a campaign's audience in windows of contact ids.
package struct AudienceQuery: Sendable {
    private let sql: String
    private let bindings: [SQLValue]

    /// Parameters before those of the condition.
    package static let firstFreeParameter = 3

    /// - Parameters:
    ///   - condition: SQL over the contact `c`, parameters from ``firstFreeParameter`` on.
    ///   - bindings: Of those parameters, in order.
    package init(condition: String, bindings: [SQLValue]) {
        self.bindings = bindings
        self.sql = """
            SELECT c.id, c.domain FROM contact c
            WHERE c.id > ?1 AND c.id <= ?2 AND c.email IS NOT NULL AND (\(condition)) ORDER BY c.id
            """
    }

    /// Condition that selects the members of a list; its one parameter is the list's name.
    package static func membership(parameter: Int) -> String {
        """
        EXISTS (SELECT 1 FROM list_member m JOIN list l ON l.id = m.list WHERE l.name = ?\(parameter) AND m.contact = c.id)
        """
    }

    /// Contacts of the audience with ids in `lower < id ≤ upper`, and their domains.
    package func contacts(
        after lower: Int64,
        through upper: Int64,
        on connection: any SQLConnection
    ) throws(StoreError) -> [(id: Contact.ID, domain: String)] {
        let statement = try connection.prepare(self.sql)
        defer { statement.reset() }
        statement.bind(1, lower)
        statement.bind(2, upper)
        for (index, value) in self.bindings.enumerated() { statement.bind(Self.firstFreeParameter + index, value) }
        var contacts: [(id: Contact.ID, domain: String)] = []
        while try statement.step() { contacts.append((Contact.ID(statement.integer(0)), statement.text(1))) }
        return contacts
    }
}

/// Asks whether one contact fits a condition now.
package struct ContactQuestion: Sendable {
    private let segment: SegmentSQL

    package init(_ condition: Expression) {
        self.segment = SegmentSQL(condition, firstParameter: 2) { $0.comparedExpression(in: "c") }
    }

    /// - Returns: `false` also for nobody.
    package func fits(_ contact: Contact.ID, on connection: any SQLConnection) throws(StoreError) -> Bool {
        let row = try connection.prepare("SELECT 1 FROM contact c WHERE c.id = ?1 AND (\(self.segment.condition))")
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        for (index, value) in self.segment.bindings.enumerated() { row.bind(2 + index, value) }
        return try row.step()
    }
}
