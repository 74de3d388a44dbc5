/// What is known of a table before it is read.
package struct TableForm: Hashable, Sendable {
    /// What separates the cells; `nil`: found by counting.
    package var delimiter: UInt8?
    /// `nil`: found by looking.
    package var encoding: TextEncoding?
    /// The columns' names from the left; `nil`: the first line has them.
    package var columns: [String]?
    /// Whether the first line names the columns.
    ///
    /// Without one, ``columns`` are needed.
    package var hasHeader: Bool
    /// Whether a cell may stand in quotes; without it, quotes are text and cells end at separators only.
    package var hasQuotes: Bool

    package init(
        delimiter: UInt8? = nil,
        encoding: TextEncoding? = nil,
        columns: [String]? = nil,
        hasHeader: Bool = true,
        hasQuotes: Bool = true
    ) {
        self.hasQuotes = hasQuotes
        self.delimiter = delimiter
        self.encoding = encoding
        self.columns = columns
        self.hasHeader = hasHeader
    }

    /// Separators by the names that users write.
    package static let separators: [(name: String, byte: UInt8)] = [
        ("comma", ASCII.comma), ("semicolon", ASCII.semicolon), ("tab", ASCII.tab), ("pipe", ASCII.bar),
    ]
}
