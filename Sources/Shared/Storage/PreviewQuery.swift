package import Domain

/// One contact as a campaign would look at it.
package struct PreviewRow: Hashable, Sendable {
    package let contact: Contact.ID
    /// `nil` without an e-mail address.
    package let address: String?
    /// Whether the address must not be written to.
    package let isSuppressed: Bool
    /// Whether the channel needs a basis that the contact did not give.
    package let lacksConsent: Bool
    /// Whether the contact is in the audience.
    package let isChosen: Bool
    /// Whether each of the conditions holds.
    package let holds: [Bool]
    /// As people read them; empty without a value.
    package let values: [String]
}

/// Looks at single contacts as a campaign would.
package struct PreviewQuery: Sendable {
    private let head: String
    private let bindings: [SQLValue]
    private let conditionCount: Int
    private let fieldCount: Int

    private static let firstFreeParameter = 2

    /// - Parameters:
    ///   - bar: What keeps a contact from being written to.
    ///   - consent: What a contact must have one of; empty: nothing.
    ///   - audience: Whom the campaign is for.
    ///   - conditions: Of the groups of variants.
    ///   - fields: Whose values are read.
    package init(
        bar: ContactBars,
        consent: ConsentMarks = [],
        audience: Audience,
        conditions: [Expression],
        fields: [Field]
    ) {
        var writer = AudienceSQL(firstParameter: Self.firstFreeParameter)
        let rule = writer.condition(audience)
        let holds = conditions.map { "coalesce(\(writer.condition($0)), 0)" }
        let columns = holds + fields.map { "coalesce(\($0.printedExpression()), '')" }
        self.head = """
            SELECT c.id, c.email, c.barred & \(bar.rawValue), coalesce(\(rule), 0),
                \(consent.isEmpty ? "0" : "c.consent & \(consent.rawValue) = 0")\(columns.map { ", \($0)" }.joined())
            FROM contact c
            """
        self.bindings = writer.bindings
        self.conditionCount = conditions.count
        self.fieldCount = fields.count
    }

    /// The contact that has an address, or had it before when nobody has it now, whether it is in the audience or not.
    ///
    /// - Parameters:
    ///   - key: ``EmailAddress/key``.
    ///   - connection: Any.
    /// - Returns: `nil` when there is none.
    /// - Throws: What the connection throws.
    package func contact(withKey key: String, on connection: any SQLConnection) throws(StoreError) -> PreviewRow? {
        guard let contact = try ContactReader.contacts(withKey: key, on: connection).first else { return nil }
        return try self.row(" WHERE c.id = ?1", .integer(contact), on: connection)
    }

    /// A contact, whether it is in the audience or not; `nil` when there is none.
    package func contact(_ id: Contact.ID, on connection: any SQLConnection) throws(StoreError) -> PreviewRow? {
        try self.row(" WHERE c.id = ?1", .integer(id.rawValue), on: connection)
    }

    private func row(
        _ condition: String,
        _ first: SQLValue,
        on connection: any SQLConnection
    ) throws(StoreError) -> PreviewRow? {
        let row = try connection.prepare(self.head + condition)
        defer { row.reset() }
        row.bind(1, first)
        for (index, value) in self.bindings.enumerated() { row.bind(Self.firstFreeParameter + index, value) }
        guard try row.step() else { return nil }
        let (firstCondition, firstValue) = (5, 5 + self.conditionCount)
        return PreviewRow(
            contact: Contact.ID(row.integer(0)),
            address: row.optionalText(1),
            isSuppressed: row.integer(2) != 0,
            lacksConsent: row.integer(4) != 0,
            isChosen: row.integer(3) != 0,
            holds: (0..<self.conditionCount).map { row.integer(firstCondition + $0) != 0 },
            values: (0..<self.fieldCount).map { row.text(firstValue + $0) }
        )
    }
}
