package import Domain

/// A row that could not be used, as it goes into the reject file.
package struct RejectedRow: Hashable, Sendable {
    /// 1-based number of the physical line on which the row begins.
    package var line: Int
    /// 1-based number of the cell; 0 when the row as a whole is meant.
    package var column: Int
    /// What is wrong and what is allowed.
    package var reason: String
    /// The row as it was read, without its line end; at most ``rawBytesMax`` bytes.
    package var raw: [UInt8]
    /// The row's cells; empty when it could not be split.
    package var cells: [String] = []

    package init(line: Int, column: Int, reason: String, raw: [UInt8]) {
        self.line = line
        self.column = column
        self.reason = reason
        self.raw = raw
    }

    /// Enough to recognise and mend a row; a whole record may have a megabyte.
    package static let rawBytesMax = 1 << 16

    /// As a problem in the file of that name.
    package func diagnostic(file: String) -> Diagnostic {
        Diagnostic(.error, file: file, line: self.line, column: self.column, self.reason)
    }
}

/// Some rows of a table: every row has the same number of cells, and no cell is an object of its own.
package struct TableBatch: Sendable {
    /// Cells of each row.
    package internal(set) var columnCount = 0
    /// Rows.
    package internal(set) var count = 0
    /// For each row, the 1-based number of the physical line on which it begins.
    package internal(set) var lines: [Int] = []
    /// Rows that are no rows: broken quoting, too many cells, bytes that are no text.
    package internal(set) var rejects: [RejectedRow] = []
    /// Rows that were completed with empty cells.
    package internal(set) var warnings: [Diagnostic] = []
    /// The bytes of all cells, unquoted, one after the other.
    var cells = CSVMachine.Cells()
    /// The bytes of all rows as they were read, without line ends.
    var raw: [UInt8] = []
    var rawEnds: [Int] = []

    package init() {}

    package var isEmpty: Bool { self.count == 0 && self.rejects.isEmpty }

    /// The bytes of one cell, valid inside `body` only; row and column count from 0.
    package func withCell<Result>(
        row: Int,
        column: Int,
        _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        let range = self.range(row: row, column: column)
        return self.cells.bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }

    /// One cell as text.
    package func text(row: Int, column: Int) -> String {
        self.withCell(row: row, column: column) { String(decoding: $0, as: UTF8.self) }
    }

    /// A row as it was read, without its line end.
    package func raw(row: Int) -> ArraySlice<UInt8> {
        self.raw[(row == 0 ? 0 : self.rawEnds[row - 1])..<self.rawEnds[row]]
    }

    /// Takes a row of this batch out as a reject.
    func reject(row: Int, column: Int, reason: String) -> RejectedRow {
        let raw = Array(self.raw(row: row).prefix(RejectedRow.rawBytesMax))
        var reject = RejectedRow(line: self.lines[row], column: column, reason: reason, raw: raw)
        if raw.count < RejectedRow.rawBytesMax {
            reject.cells = (0..<self.columnCount).map { self.text(row: row, column: $0) }
        }
        return reject
    }

    @inline(__always)
    func range(row: Int, column: Int) -> Range<Int> {
        let index = row * self.columnCount + column
        let start = index == 0 ? 0 : Int(self.cells.ends[index - 1])
        return start..<Int(self.cells.ends[index])
    }

    /// Empties the batch and keeps its memory.
    mutating func removeAll() {
        self.count = 0
        self.lines.removeAll(keepingCapacity: true)
        self.rejects.removeAll(keepingCapacity: true)
        self.warnings.removeAll(keepingCapacity: true)
        self.cells.bytes.removeAll(keepingCapacity: true)
        self.cells.ends.removeAll(keepingCapacity: true)
        self.raw.removeAll(keepingCapacity: true)
        self.rawEnds.removeAll(keepingCapacity: true)
    }
}
