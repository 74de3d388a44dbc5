package import Domain

/// The text of a template, and where each of its lines stands in a user's file.
package struct TemplateText: Hashable, Sendable {
    package let text: String
    /// The campaign file, or the file of `text_file` or `html_file`, as the user named it.
    package let file: String
    /// Where the text begins.
    package let start: Place
    private let layout: Layout

    /// How positions in the text become positions in the file.
    private enum Layout: Hashable {
        /// One line of a larger file: columns move by where it begins.
        case oneLine
        /// Lines of a larger file, each indented by ``start``'s column.
        case indented
        /// Joined or escaped lines: only the beginning is known.
        case unknown
    }

    /// A file of its own.
    init(text: String, file: String) {
        self.text = text
        self.file = file
        self.start = Place(line: 1, column: 1)
        self.layout = .indented
    }

    /// A value in a campaign file.
    init(_ scalar: FileNode.Scalar, in reading: FileReading) {
        self.text = scalar.text
        self.file = reading.file
        switch scalar.style {
        case .plain, .quoted:
            let shift = scalar.style == .quoted ? 1 : 0
            self.start = Place(line: scalar.place.line, column: scalar.place.column + shift)
            self.layout = Self.isWrittenAsIs(scalar, at: self.start, in: reading.source) ? .oneLine : .unknown
        case .literal:
            if let start = Self.firstTextLine(after: scalar.place.line, in: reading.source) {
                // Empty lines before the first text belong to the value.
                let blank = scalar.text.prefix { $0 == "\n" }.count
                self.start = Place(line: start.line - blank, column: start.column)
                self.layout = .indented
            } else {
                self.start = scalar.place
                self.layout = .unknown
            }
        case .folded:
            self.start = scalar.place
            self.layout = .unknown
        }
    }

    /// The place in the file of a position in the text.
    ///
    /// - Parameters:
    ///   - line: 1-based line of ``text``.
    ///   - column: 1-based column in it; 0 when unknown.
    /// - Returns: The beginning of the value where lines of text and file do not correspond.
    package func place(line: Int, column: Int) -> Place {
        switch self.layout {
        case .oneLine:
            Place(line: self.start.line, column: self.start.column + max(0, column - 1))
        case .indented:
            Place(line: self.start.line + line - 1, column: column > 0 ? self.start.column + column - 1 : 0)
        case .unknown:
            self.start
        }
    }

    /// A problem at a position in the text.
    package func diagnostic(
        _ severity: Diagnostic.Severity = .error,
        line: Int,
        column: Int,
        _ message: String
    ) -> Diagnostic {
        let place = self.place(line: line, column: column)
        return Diagnostic(severity, file: self.file, line: place.line, column: place.column, message)
    }

    /// Whether the value stands in the file as it is: on one line, nothing escaped.
    private static func isWrittenAsIs(_ scalar: FileNode.Scalar, at start: Place, in source: String) -> Bool {
        guard let line = Self.line(start.line, of: source) else { return false }
        return line.unicodeScalars.dropFirst(start.column - 1).starts(with: scalar.text.unicodeScalars)
    }

    private static func firstTextLine(after number: Int, in source: String) -> Place? {
        var line = number
        for text in source.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(number) {
            line += 1
            let indent = text.prefix { $0 == " " }.count
            if indent < text.utf8.count, text != "\r" { return Place(line: line, column: indent + 1) }
        }
        return nil
    }

    private static func line(_ number: Int, of source: String) -> Substring? {
        source.split(separator: "\n", omittingEmptySubsequences: false).dropFirst(number - 1).first
    }
}
