/// Splits lines that are not written by RFC 4180 and can be read all the same.
///
/// | in the line | what becomes of it |
/// |---|---|
/// | blanks before or behind a cell in quotes: `"Lee" , "Ann"` | left out |
/// | quotes inside a cell that does not begin with one, between tabs or pipes: `ROBERT "BOB" LEE` | part of the cell |
/// | the same between commas or semicolons | not read: a cell with a separator in it may be torn |
enum LooseRow {
    /// Appends the cells of one line.
    ///
    /// - Parameters:
    ///   - line: Without its line end.
    ///   - delimiter: What separates the cells.
    ///   - cells: As it was when the line cannot be split.
    /// - Returns: Whether it could.
    static func split(
        _ line: UnsafeBufferPointer<UInt8>,
        _ delimiter: UInt8,
        into cells: inout CSVMachine.Cells
    ) -> Bool {
        let (bytes, ends) = (cells.bytes.count, cells.ends.count)
        var index = 0
        while let end = self.cell(line, from: index, delimiter, into: &cells.bytes) {
            cells.ends.append(UInt32(truncatingIfNeeded: cells.bytes.count))
            if end == line.count { return true }
            index = end + 1
        }
        cells.bytes.removeSubrange(bytes...)
        cells.ends.removeSubrange(ends...)
        return false
    }

    /// - Returns: The place behind the cell: of a separator, or the line's end; `nil` when it cannot be read.
    private static func cell(
        _ line: UnsafeBufferPointer<UInt8>,
        from start: Int,
        _ delimiter: UInt8,
        into output: inout [UInt8]
    ) -> Int? {
        var index = self.behindBlanks(line, from: start, delimiter)
        guard index < line.count, line[index] == ASCII.quote else {
            // Only there nobody needs quotes for what people write.
            let areQuotesText = delimiter == ASCII.tab || delimiter == ASCII.bar
            index = start
            while index < line.count, line[index] != delimiter {
                guard areQuotesText || line[index] != ASCII.quote else { return nil }
                output.append(line[index])
                index += 1
            }
            return index
        }
        index += 1
        while index < line.count {
            if line[index] == ASCII.quote {
                guard index + 1 < line.count, line[index + 1] == ASCII.quote else { break }
                index += 1
            }
            output.append(line[index])
            index += 1
        }
        // The cell may go on in the next line: that is for the strict reader.
        guard index < line.count else { return nil }
        index = self.behindBlanks(line, from: index + 1, delimiter)
        return index == line.count || line[index] == delimiter ? index : nil
    }

    private static func behindBlanks(_ line: UnsafeBufferPointer<UInt8>, from start: Int, _ delimiter: UInt8) -> Int {
        var index = start
        while index < line.count, line[index].isBlank, line[index] != delimiter { index += 1 }
        return index
    }
}
