/// A table of text with aligned columns.
struct Table {
    enum Alignment: Sendable {
        case left
        /// For numbers.
        case right
    }

    struct Column: Sendable {
        let title: String
        let alignment: Alignment
        /// Where there is no room for all columns, those of least worth go first.
        let worth: Int
        /// Columns that it may shrink to before another one goes; `nil`: it does not shrink.
        let least: Int?

        init(_ title: String, _ alignment: Alignment = .left, worth: Int = .max, least: Int? = nil) {
            self.title = title
            self.alignment = alignment
            self.worth = worth
            self.least = least
        }
    }

    let columns: [Column]
    private(set) var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row; cells may carry colours, but nothing else that a terminal acts on.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == self.columns.count)
        self.rows.append(cells.map(Printable.text))
    }

    /// The lines, heading first; no blanks at line ends.
    func lines(style: Style) -> [String] {
        let widths = self.widths
        let heading = Self.line(self.columns.map(\.title), self.columns, widths)
        return [style.faint(heading)] + self.rows.map { Self.line($0, self.columns, widths) }
    }

    /// The same for a terminal so wide: what has no room is shortened and ends with `…`, or is left out with its whole column.
    func lines(style: Style, within columns: Int?) -> [String] {
        guard let columns else { return self.lines(style: style) }
        let widths = self.widths
        let needs = zip(self.columns, widths).map { column, width in
            ColumnFit.Need(width: width, least: min(width, column.least ?? width), worth: column.worth)
        }
        let fit = ColumnFit(needs, columns: columns)
        let kept = fit.kept.map { self.columns[$0] }
        func line(_ cells: [String]) -> String {
            let cells = zip(fit.kept, fit.widths).map { TextWidth.shortened(cells[$0], to: $1) }
            return TextWidth.shortened(Self.line(cells, kept, fit.widths), to: columns)
        }
        return [style.faint(line(self.columns.map(\.title)))] + self.rows.map(line)
    }

    /// Widths that the rows so far need.
    var widths: [Int] {
        self.columns.indices.map { index in
            self.rows.reduce(TextWidth.of(self.columns[index].title)) { max($0, TextWidth.of($1[index])) }
        }
    }

    /// One line with given widths, as a table that is written while it is read needs it.
    static func line(_ cells: [String], _ columns: [Column], _ widths: [Int]) -> String {
        var line = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: max(0, widths[index] - TextWidth.of(cell)))
            if index > 0 { line += "  " }
            line += columns[index].alignment == .right ? padding + cell : cell + padding
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// Columns that a text takes on a terminal.
enum TextWidth {
    static func of(_ text: String) -> Int {
        // Names and numbers are nearly always ASCII without colours.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
        var width = 0
        var isInEscape = false
        for character in text {
            if character == "\u{1B}" {
                isInEscape = true
            } else if isInEscape {
                isInEscape = character != "m"
            } else if let scalar = character.unicodeScalars.first {
                width += Self.of(scalar)
            }
        }
        return width
    }

    /// East Asian wide characters and emoji take two columns.
    private static func of(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            2
        default:
            scalar.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }

    /// The text cut to `columns`; without colours.
    static func cut(_ text: String, to columns: Int) -> String {
        guard Self.of(text) > columns else { return text }
        var width = 0
        return String(
            text.prefix { character in
                width += character.unicodeScalars.first.map(Self.of) ?? 0
                return width <= columns
            }
        )
    }
}
