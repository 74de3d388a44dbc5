package import Domain

/// Everything that is wrong with a file, each with its place: a user corrects a file once, not once per mistake.
package struct FileProblems: Error, Hashable, CustomStringConvertible {
    /// In the order of the file; at least one.
    package let diagnostics: [Diagnostic]

    package init(_ diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// One line per problem, as compilers write them.
    package var description: String { self.diagnostics.map(\.description).joined(separator: "\n") }
}

/// Where something stands in a file.
package struct Place: Hashable, Sendable, Comparable {
    /// 1-based; 0 when unknown.
    package let line: Int
    /// 1-based, in Unicode scalars; 0 when unknown.
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { (lhs.line, lhs.column) < (rhs.line, rhs.column) }

    /// For what is in no line.
    package static let unknown = Place(line: 0, column: 0)
}
