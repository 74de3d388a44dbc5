/// Which columns of a table there is room for, and how wide each may be.
struct ColumnFit: Equatable {
    /// What one column needs.
    struct Need: Sendable {
        /// Columns of the terminal that show all of it.
        let width: Int
        /// Columns that are enough for it; at most `width`.
        let least: Int
        /// What is worth less shrinks first, and goes first.
        let worth: Int
    }

    /// Blanks between two columns.
    static let gap = 2

    /// Indexes of the columns that stay, in their order; at least one where there is any.
    let kept: [Int]
    /// How wide each of them may be.
    let widths: [Int]

    /// Fits columns into a terminal; where even one of them at its least is wider, it stays as it is.
    init(_ needs: [Need], columns: Int) {
        var kept = Array(needs.indices)
        while kept.count > 1, Self.total(kept.map { needs[$0].least }) > columns {
            // Of two that are worth the same the right one goes.
            var worst = 0
            for index in kept.indices where needs[kept[index]].worth <= needs[kept[worst]].worth { worst = index }
            kept.remove(at: worst)
        }
        var widths = kept.map { needs[$0].width }
        var excess = Self.total(widths) - columns
        for index in kept.indices.sorted(by: { needs[kept[$0]].worth < needs[kept[$1]].worth }) where excess > 0 {
            let spare = min(excess, widths[index] - needs[kept[index]].least)
            widths[index] -= spare
            excess -= spare
        }
        self.kept = kept
        self.widths = widths
    }

    private static func total(_ widths: [Int]) -> Int {
        widths.reduce(0, +) + Self.gap * max(0, widths.count - 1)
    }
}

extension TextWidth {
    /// The text in at most so many columns; what was cut ends with an ellipsis.
    ///
    /// Colours take no room, and end where the text does.
    static func shortened(_ text: String, to columns: Int) -> String {
        guard Self.of(text) > columns else { return text }
        guard columns > 0 else { return "" }
        var (result, width) = ("", 0)
        var isInEscape = false
        for character in text {
            if character == "\u{1B}" { isInEscape = true }
            if isInEscape {
                isInEscape = character != "m"
                result.append(character)
                continue
            }
            width += Self.of(String(character))
            guard width < columns else { break }
            result.append(character)
        }
        return result + "…" + (text.contains("\u{1B}") ? "\u{1B}[0m" : "")
    }

    /// The text in lines of at most so many columns, broken at blanks where it can be; without colours.
    static func wrapped(_ text: String, to columns: Int) -> [String] {
        guard columns > 0, Self.of(text) > columns else { return [text] }
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            var word = String(word)
            if !line.isEmpty, Self.of(line) + 1 + Self.of(word) <= columns {
                line += " " + word
                continue
            }
            if !line.isEmpty { lines.append(line) }
            while Self.of(word) > columns {
                let piece = Self.cut(word, to: columns)
                // A character that is wider than the terminal has no place on it.
                guard !piece.isEmpty else { return lines }
                lines.append(piece)
                word = String(word.dropFirst(piece.count))
            }
            line = word
        }
        return line.isEmpty ? lines : lines + [line]
    }
}
