package import Domain
internal import Glibc

extension TableReader {
    /// What came of trying to read one record.
    enum Step {
        /// The number of bytes that it has in the window, with its line end.
        case record(Int)
        case rejected(RejectedRow)
        case blank
        case needsInput
        case end
    }

    /// Reads rows into `batch`, which is emptied first and keeps its memory.
    ///
    /// - Returns: Whether there are any. `false`: push more, or the file is read to its end.
    /// - Throws: When the file is no table.
    package func read(into batch: inout TableBatch) throws(Diagnostic) -> Bool {
        batch.removeAll()
        guard let header = try self.readHeader() else { return false }
        batch.columnCount = header.count
        self.lendCells(of: &batch)
        defer { self.returnCells(to: &batch) }
        while batch.count + batch.rejects.count < Self.batchRowsMax, batch.raw.count < Self.batchBytesMax {
            switch self.nextRecord() {
            case .needsInput, .end: return !batch.isEmpty
            case .blank: continue
            case .rejected(let row): batch.rejects.append(row)
            case .record(let byteCount):
                self.take(byteCount, into: &batch)
                self.drop(byteCount)
            }
        }
        return true
    }

    /// Lets the machine write into the batch's memory; cells of a record that is still being read come first.
    private func lendCells(of batch: inout TableBatch) {
        batch.cells.bytes.append(contentsOf: self.machine.cells.bytes)
        batch.cells.ends.append(contentsOf: self.machine.cells.ends)
        swap(&batch.cells, &self.machine.cells)
        self.recordCells = 0
    }

    /// Takes the memory back, without the cells of a record that is still being read.
    private func returnCells(to batch: inout TableBatch) {
        swap(&batch.cells, &self.machine.cells)
        let start = self.recordCells == 0 ? 0 : batch.cells.ends[self.recordCells - 1]
        self.machine.cells.bytes.removeAll(keepingCapacity: true)
        self.machine.cells.ends.removeAll(keepingCapacity: true)
        self.machine.cells.bytes.append(contentsOf: batch.cells.bytes[Int(start)...])
        for end in batch.cells.ends[self.recordCells...] { self.machine.cells.ends.append(end - start) }
        batch.cells.bytes.removeSubrange(Int(start)...)
        batch.cells.ends.removeSubrange(self.recordCells...)
        self.recordCells = 0
    }

    /// Feeds lines to the machine until a record ends.
    func nextRecord() -> Step {
        if self.isSkippingLine, !self.skipLine() { return self.isFinished ? .end : .needsInput }
        while true {
            let isLast = self.isFinished
            guard let end = self.window.endOfLine(from: self.scan, isLast: isLast) ?? (isLast ? self.window.count : nil)
            else {
                guard self.window.count > Self.recordBytesMax else { return .needsInput }
                return self.rejectOverlong()
            }
            guard end > self.scan else {
                guard self.scan > 0 else { return .end }
                return self.rejectFirstLine("a quote is opened here and never closed")
            }
            guard end <= Self.recordBytesMax else { return self.rejectOverlong() }
            let line = UnsafeRawBufferPointer(rebasing: self.window.bytes[self.scan..<end])
            let isTerminated = line[line.count - 1] == ASCII.lineFeed || line[line.count - 1] == ASCII.carriageReturn
            let result = self.machine.read(line: line, isTerminated: isTerminated)
            self.scan = end
            self.line += 1
            if result.isBrokenQuoting, self.readLoosely(end) { return .record(end) }
            switch result {
            case .recordEnded:
                if self.isBlank(end) {
                    self.cutRecord()
                    self.drop(end)
                    return .blank
                }
                return .record(end)
            case .blank:
                self.drop(end)
                return .blank
            case .continues: continue
            case .quoteInsideUnquotedCell:
                return self.rejectFirstLine(
                    "a quote stands inside a cell that does not begin with one; put the cell in quotes, the quote twice"
                )
            case .textBehindClosingQuote:
                return self.rejectFirstLine(
                    "there is text behind a closing quote; a quote inside a quoted cell is written twice"
                )
            case .unclosedQuote: return self.rejectFirstLine("a quote is opened here and never closed")
            case .outOfMemory: return self.rejectFirstLine("there is not enough memory for this row")
            }
        }
    }

    /// Reads a line again that broke a rule of quoting, when it is a record of its own.
    ///
    /// - Returns: Whether its cells are the machine's now.
    private func readLoosely(_ byteCount: Int) -> Bool {
        guard self.line == self.recordLine + 1 else { return false }
        let bytes = UnsafeRawBufferPointer(rebasing: self.window.bytes[..<byteCount])
        let content = UnsafeRawBufferPointer(rebasing: bytes[..<ByteWindow.contentCount(of: bytes)])
        var cells = CSVMachine.Cells()
        guard LooseRow.split(content.assumingMemoryBound(to: UInt8.self), self.delimiter, into: &cells) else {
            return false
        }
        self.machine.reset()
        self.cutRecord()
        let start = UInt32(self.machine.cells.bytes.count)
        self.machine.cells.bytes.append(contentsOf: cells.bytes)
        for end in cells.ends { self.machine.cells.ends.append(start + end) }
        return true
    }

    /// Goes on behind a record.
    func drop(_ byteCount: Int) {
        self.window.drop(byteCount)
        self.scan = 0
        self.recordLine = self.line
        self.recordCells = self.machine.cells.ends.count
    }

    /// A line of nothing but blanks is as empty as one of nothing.
    private func isBlank(_ byteCount: Int) -> Bool {
        guard self.machine.cells.ends.count == self.recordCells + 1, self.window.bytes[0].isSpace else { return false }
        return self.window.bytes[..<byteCount].allSatisfy(\.isSpace)
    }

    /// Takes the cells of the record that is being read back out.
    private func cutRecord() {
        let ends = self.recordCells
        let bytes = ends == 0 ? 0 : Int(self.machine.cells.ends[ends - 1])
        self.machine.cells.ends.removeSubrange(ends...)
        self.machine.cells.bytes.removeSubrange(bytes...)
    }

    /// Rejects the line on which the record begins, and goes on behind that line: what follows an unclosed quote may
    /// be sound.
    private func rejectFirstLine(_ reason: String) -> Step {
        let column = self.machine.cells.ends.count - self.recordCells + 1
        self.machine.reset()
        self.cutRecord()
        self.window.rewind()
        let end = self.window.endOfLine(from: 0, isLast: self.isFinished) ?? self.window.count
        let row = self.rejectedRow(end, column: column, reason: reason)
        self.line = self.recordLine + 1
        self.drop(end)
        return .rejected(row)
    }

    private func rejectOverlong() -> Step {
        if self.scan > 0 {
            return self.rejectFirstLine("a quote is opened here and not closed within \(Self.recordBytesMax) bytes")
        }
        let row = self.rejectedRow(
            self.window.count,
            column: 0,
            reason: "the row is longer than \(Self.recordBytesMax) bytes; only its beginning is kept here"
        )
        self.isSkippingLine = true
        return .rejected(row)
    }

    /// - Returns: Whether the end of the line was found.
    private func skipLine() -> Bool {
        guard let end = self.window.endOfLine(from: 0, isLast: self.isFinished) else {
            // A CR at the very end may be half of a CRLF; everything before it can go.
            let keeps = self.window.bytes.last == ASCII.carriageReturn ? 1 : 0
            self.window.drop(self.window.count - keeps)
            return false
        }
        self.isSkippingLine = false
        self.line += 1
        self.drop(end)
        return true
    }

    private func rejectedRow(_ byteCount: Int, column: Int, reason: String) -> RejectedRow {
        let bytes = UnsafeRawBufferPointer(rebasing: self.window.bytes[..<byteCount])
        let kept = min(ByteWindow.contentCount(of: bytes), RejectedRow.rawBytesMax)
        return RejectedRow(line: self.recordLine, column: column, reason: reason, raw: Array(bytes[..<kept]))
    }

    /// Checks the record that the machine has just read, and adds it to the batch or to its rejects.
    private func take(_ byteCount: Int, into batch: inout TableBatch) {
        let bytes = UnsafeRawBufferPointer(rebasing: self.window.bytes[..<byteCount])
        let content = UnsafeRawBufferPointer(rebasing: bytes[..<ByteWindow.contentCount(of: bytes)])
        if let (column, reason) = self.problem(content, columnCount: batch.columnCount) {
            var row = self.rejectedRow(byteCount, column: column, reason: reason)
            if content.count <= RejectedRow.rawBytesMax { row.cells = self.recordTexts() }
            batch.rejects.append(row)
            self.cutRecord()
            return
        }
        let found = self.machine.cells.ends.count - self.recordCells
        if found > batch.columnCount {
            // They are empty or blank, or the row would have a problem; blanks must not get into the next row's first cell.
            self.machine.cells.ends.removeSubrange((self.recordCells + batch.columnCount)...)
            self.machine.cells.bytes.removeSubrange(Int(self.machine.cells.ends.last ?? 0)...)
        } else if found < batch.columnCount {
            batch.warnings.append(
                Diagnostic(
                    .warning,
                    line: self.recordLine,
                    column: found + 1,
                    "the row has \(found) cells, the header \(batch.columnCount); what is missing is taken as empty"
                )
            )
            let end = UInt32(self.machine.cells.bytes.count)
            for _ in found..<batch.columnCount { self.machine.cells.ends.append(end) }
        }
        batch.lines.append(self.recordLine)
        batch.raw.append(contentsOf: content)
        batch.rawEnds.append(batch.raw.count)
        batch.count += 1
    }

    /// The cells of the record that the machine has just read.
    private func recordTexts() -> [String] {
        var texts: [String] = []
        _ = self.firstCell { cell in
            texts.append(String(decoding: cell, as: UTF8.self))
            return false
        }
        return texts
    }

    /// Why the record that the machine has just read is no row.
    private func problem(_ content: UnsafeRawBufferPointer, columnCount: Int) -> (column: Int, reason: String)? {
        let bytes = content.assumingMemoryBound(to: UInt8.self)
        if UTF8Text.firstInvalidByte(bytes) != nil {
            let column = self.firstCell { UTF8Text.firstInvalidByte($0) != nil }
            return (
                column,
                "the cell is not valid \(self.encoding.rawValue); save the file as UTF-8"
            )
        }
        if let base = content.baseAddress, memchr(base, 0, content.count) != nil {
            return (self.firstCell { $0.contains(ASCII.nul) }, "the cell has a NUL byte, which no text has")
        }
        if content.count > Self.cellBytesMax {
            let column = self.firstCell { $0.count > Self.cellBytesMax }
            if column > 0 {
                return (column, "the cell is longer than \(Self.cellBytesMax) bytes; is a closing quote missing?")
            }
        }
        let found = self.machine.cells.ends.count - self.recordCells
        guard found > columnCount else { return nil }
        var index = 0
        let surplus = self.firstCell { cell in
            index += 1
            return index > columnCount && !cell.trimmed().isEmpty
        }
        guard surplus > 0 else { return nil }
        return (
            surplus,
            "the row has \(found) cells, the header \(columnCount); is a cell with the separator in it not in quotes?"
        )
    }

    /// - Returns: The 1-based number of the first cell of the record for which `predicate` holds, or 0.
    private func firstCell(where predicate: (UnsafeBufferPointer<UInt8>) -> Bool) -> Int {
        let cells = self.machine.cells
        return cells.bytes.withUnsafeBufferPointer { bytes in
            var start = self.recordCells == 0 ? 0 : Int(cells.ends[self.recordCells - 1])
            for index in self.recordCells..<cells.ends.count {
                let end = Int(cells.ends[index])
                if predicate(UnsafeBufferPointer(rebasing: bytes[start..<end])) { return index - self.recordCells + 1 }
                start = end
            }
            return 0
        }
    }
}
