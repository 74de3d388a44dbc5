/// A named, typed property of contacts.
package struct Field: Hashable, Sendable {
    /// Lower snake case, ``nameLengthMax`` characters at most, starting with a letter.
    package let name: String
    package let type: FieldType
    /// Whether nobody has had a value yet, so that nothing tells the type: the first import that brings one settles it.
    ///
    /// ``type`` is text until then.
    package let isOpen: Bool

    package init(name: String, type: FieldType, isOpen: Bool = false) {
        self.name = name
        self.type = type
        self.isOpen = isOpen
    }

    /// Long enough for any export's headers, short enough for a column name in every database.
    package static let nameLengthMax = 60
}

/// What a field's values are.
///
/// The raw value is stored and shown.
package enum FieldType: String, Hashable, Sendable, CaseIterable {
    case text
    /// A whole number of 64 bits, written without leading zeros, signs other than `-`, or separators.
    case integer
    /// A number with a fraction; compared as a number, printed as it was written.
    case decimal
    case boolean
    /// A calendar day, `2026-11-22`.
    case date
}

/// Fields that every contact has, whatever was imported; the rest is defined by imports.
package enum BuiltInField: String, CaseIterable, Sendable {
    case email
    case phone
    case externalID = "external_id"
    case timezone
    case language

    package var field: Field { Field(name: self.rawValue, type: .text) }
}
