/// Writes rejected rows as CSV: `line,column,reason,row`.
///
/// The file is made to be opened in a spreadsheet and mended there. So a reason or a row that a spreadsheet would
/// take for a formula (it begins with `=`, `+`, `-`, `@`, tab or CR) gets a `'` before it, and bytes that are no
/// UTF-8, or NUL, become U+FFFD. Everything else is the row as it was read, in one quoted cell (RFC 4180).
package enum RejectWriter {
    /// The first line.
    package static let header: [UInt8] = Array("line,column,reason,row\r\n".utf8)

    /// Appends one row.
    package static func append(_ row: RejectedRow, to output: inout [UInt8]) {
        output.append(contentsOf: "\(row.line),\(row.column == 0 ? "" : String(row.column)),".utf8)
        self.appendCell(row.reason.utf8, to: &output)
        output.append(ASCII.comma)
        self.appendCell(String(decoding: row.raw, as: UTF8.self).utf8, to: &output)
        output.append(ASCII.carriageReturn)
        output.append(ASCII.lineFeed)
    }

    /// Appends a cell in quotes.
    private static func appendCell(_ text: some Sequence<UInt8>, to output: inout [UInt8]) {
        output.append(ASCII.quote)
        var isFirst = true
        for byte in text {
            if isFirst, self.formulaStarts.contains(byte) { output.append(0x27) }
            isFirst = false
            switch byte {
            case ASCII.quote: output.append(contentsOf: [ASCII.quote, ASCII.quote])
            case ASCII.nul: output.append(contentsOf: [0xEF, 0xBF, 0xBD])
            default: output.append(byte)
            }
        }
        output.append(ASCII.quote)
    }

    private static let formulaStarts = ByteSet("=+-@\t\r")
}
