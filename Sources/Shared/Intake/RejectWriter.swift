/// Writes rejected rows as CSV: `line,column,reason` and the columns of the file they come from.
///
/// The file is made to be opened in a spreadsheet, mended there, and imported: the first three columns are then left out. A row that could
/// not be split stands whole in the first of the others.
///
/// A cell that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, tab or CR) gets a `'` before it, which an import
/// of the file takes away, and bytes that are no UTF-8, or NUL, become U+FFFD. Everything else is as it was read (RFC 4180).
package enum RejectWriter {
    /// What every such file begins with.
    static let beginning = Array("line,column,reason,".utf8)
    /// The columns that say what is wrong.
    static let ownColumns = ["line", "column", "reason"]

    /// The first line of a file without rows.
    package static let header: [UInt8] = Self.beginning + Array("row\r\n".utf8)

    /// The first line.
    ///
    /// - Parameter columns: Of the file that the rows come from; without any, rows stand whole in one cell.
    /// - Returns: With its line end.
    package static func header(_ columns: [String]) -> [UInt8] {
        guard !columns.isEmpty else { return self.header }
        var output = self.beginning
        for (index, column) in columns.enumerated() {
            if index > 0 { output.append(ASCII.comma) }
            self.appendCell(column.utf8, isPlain: column.utf8.allSatisfy { self.plain.contains($0) }, to: &output)
        }
        return output + [ASCII.carriageReturn, ASCII.lineFeed]
    }

    /// Appends one row.
    ///
    /// - Parameters:
    ///   - row: What was rejected.
    ///   - hasColumns: Whether the header has the columns of the row's file.
    ///   - output: Where it goes.
    package static func append(_ row: RejectedRow, hasColumns: Bool = false, to output: inout [UInt8]) {
        output.append(contentsOf: "\(row.line),\(row.column == 0 ? "" : String(row.column)),".utf8)
        self.appendCell(row.reason.utf8, to: &output)
        if hasColumns, !row.cells.isEmpty {
            for cell in row.cells {
                output.append(ASCII.comma)
                self.appendCell(cell.utf8, to: &output)
            }
        } else {
            output.append(ASCII.comma)
            self.appendCell(String(decoding: row.raw, as: UTF8.self).utf8, to: &output)
        }
        output.append(ASCII.carriageReturn)
        output.append(ASCII.lineFeed)
    }

    /// Appends a cell, in quotes unless it is plain.
    private static func appendCell(_ text: some Sequence<UInt8>, isPlain: Bool = false, to output: inout [UInt8]) {
        guard !isPlain else { return output.append(contentsOf: text) }
        output.append(ASCII.quote)
        if FormulaMark.isNeeded(text) { output.append(FormulaMark.byte) }
        for byte in text {
            switch byte {
            case ASCII.quote: output.append(contentsOf: [ASCII.quote, ASCII.quote])
            case ASCII.nul: output.append(contentsOf: [0xEF, 0xBF, 0xBD])
            default: output.append(byte)
            }
        }
        output.append(ASCII.quote)
    }

    private static let plain = ByteSet("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ ")
}
