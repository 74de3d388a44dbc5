package import Domain

/// What a user says about a file of contacts: how it is written, and what its columns are.
package struct ColumnMap: Hashable, Sendable {
    package var form: TableForm
    /// Header text → field name; goes before everything that is guessed.
    package var names: [String: String]
    /// Headers of columns that are not taken over.
    package var leftOut: Set<String>
    /// Types of fields, where the first rows should not decide.
    package var types: [String: FieldType]
    /// In which order the days of fields are written, where they are not to be looked at for that.
    package var dayOrders: [String: DayOrder]
    /// The layout that the file is said to have.
    package var layout: Layout?
    /// Whose numbers `external_id` has: a word of small letters; `nil`: told by the header.
    package var idSystem: String?
    /// Whether a row is taken that has an external id and neither e-mail nor telephone: people who are reached by post or at the door.
    package var keepsWithoutAddress: Bool
    /// Whether columns are heeded that say that somebody must not be written to.
    package var heedsOptOuts: Bool

    package init(
        form: TableForm = TableForm(),
        names: [String: String] = [:],
        leftOut: Set<String> = [],
        types: [String: FieldType] = [:],
        dayOrders: [String: DayOrder] = [:],
        layout: Layout? = nil,
        idSystem: String? = nil,
        keepsWithoutAddress: Bool = false,
        heedsOptOuts: Bool = true
    ) {
        self.heedsOptOuts = heedsOptOuts
        self.form = form
        self.names = names
        self.leftOut = leftOut
        self.types = types
        self.dayOrders = dayOrders
        self.layout = layout
        self.idSystem = idSystem
        self.keepsWithoutAddress = keepsWithoutAddress
    }

    /// The map of a layout that is named beforehand.
    package init(_ layout: Layout) {
        self.init(
            form: TableForm(delimiter: layout.delimiter, columns: layout.columns, hasHeader: false),
            layout: layout,
            idSystem: layout.idSystem,
            keepsWithoutAddress: true
        )
    }
}
