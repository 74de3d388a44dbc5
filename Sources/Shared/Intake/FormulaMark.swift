/// The `'` before a cell that a spreadsheet would take for a formula, in files that we write.
///
/// A cell that has one of its own there gets another, so that exactly one is taken away when the file is read.
package enum FormulaMark {
    /// What is put before the cell.
    package static let byte: UInt8 = 0x27
    /// How formulas begin.
    private static let starts = ByteSet("=+-@\t\r")

    /// Whether a cell needs it.
    package static func isNeeded(_ cell: some Sequence<UInt8>) -> Bool {
        let first = cell.first { $0 != Self.byte }
        return first.map { Self.starts.contains($0) } == true
    }

    /// A cell's place without it.
    @inline(__always)
    static func dropped(_ range: Range<Int>, of cells: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        guard !range.isEmpty, cells[range.lowerBound] == Self.byte else { return range }
        return self.isNeeded(cells[range]) ? (range.lowerBound + 1)..<range.upperBound : range
    }
}
