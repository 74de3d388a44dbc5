package import Domain

/// Reads a table of comma-separated values (RFC 4180, and what spreadsheets make of it) that comes in pieces of any
/// size.
///
/// Push bytes, then read batches until there are none; at the end `finish`, and read again. Memory is bounded by what
/// is pushed at once and one record of ``recordBytesMax``, whatever the file holds.
///
/// | in the file | what becomes of it |
/// |---|---|
/// | `,` `;` tab `\|` | the one that separates the header's names, found by counting; `sep=;` in a line before it says it |
/// | LF, CRLF, CR | each ends a line, in any mixture |
/// | UTF-8, UTF-16, Windows-1252 | told by their marks and their bytes (``TextInput``), and read |
/// | an empty line | no row |
/// | fewer cells than the header | the missing ones are empty, with a warning |
/// | more cells than the header | dropped when empty, else the row is rejected |
/// | blanks around a cell in quotes; between tabs or pipes quotes inside a cell | read (``LooseRow``) |
/// | another stray or unclosed quote | the line on which the row begins is rejected, and reading goes on behind it |
/// | NUL, bytes that are no text | the row is rejected |
package final class TableReader {
    /// Longer cells are no values of a person but a closing quote that is missing.
    package static let cellBytesMax = 1 << 16
    /// Bounds what an unclosed quote can swallow.
    package static let recordBytesMax = 1 << 20
    /// SQLite's limit of columns in a table.
    package static let columnsMax = 2_000
    /// Rows of one batch: large enough that what is done once a batch costs nothing, small enough for a turn of the
    /// loop.
    package static let batchRowsMax = 1_024
    /// Bytes of one batch; at most one record more is in it.
    package static let batchBytesMax = 1 << 20

    /// The header's cells without surrounding blanks; empty until ``readHeader()`` gave them.
    package private(set) var header: [String] = []
    package var encoding: TextEncoding { self.input.encoding }
    /// `,` until the header was read.
    package private(set) var delimiter: UInt8 = ASCII.comma

    var window = ByteWindow()
    var machine = CSVMachine()
    var isFinished = false
    /// 1-based number of the physical line at ``scan``.
    var line = 1
    /// Offset in the window of the first line that the machine has not seen; the record that is being read begins at 0.
    var scan = 0
    /// Line on which the record that is being read begins.
    var recordLine = 1
    /// Cells of the machine that belong to records before the one that is being read.
    var recordCells = 0
    /// Inside a line that is longer than a record may be, and is already rejected.
    var isSkippingLine = false
    /// A layout without a header by which the file was recognised.
    package private(set) var layout: Layout?
    private var input: TextInput
    private var form: TableForm
    /// What the file's first line names, as spreadsheets write it: `sep=;`.
    private var namedDelimiter: UInt8?

    /// - Parameter form: What is known of the file beforehand.
    package init(_ form: TableForm = TableForm()) {
        self.form = form
        self.input = TextInput(form.encoding)
    }

    /// Takes the next piece of the file.
    package func push(_ bytes: UnsafeRawBufferPointer) { self.input.push(bytes, into: &self.window) }

    /// Takes the next piece of the file.
    package func push(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { self.push($0) }
    }

    /// Says that the file ends here.
    package func finish() {
        self.input.finish(into: &self.window)
        self.isFinished = true
    }

    /// Reads the header.
    ///
    /// - Returns: Its cells, or `nil` when more of the file is needed.
    /// - Throws: When the file is no table.
    package func readHeader() throws(Diagnostic) -> [String]? {
        guard self.header.isEmpty else { return self.header }
        guard self.input.hasBegun else { return nil }
        if let problem = FileKind.problem(with: self.input.start) { throw Diagnostic(line: 1, problem) }
        while try self.skipEmptyLines(), let line = try self.firstLine() {
            if self.encoding == .utf8, UTF8Text.firstInvalidByte(line) != nil {
                // Comes from a program that wrote the whole file in the code page of Western Windows.
                self.input.rereadAsWindows1252(&self.window)
                continue
            }
            guard !line.contains(ASCII.nul) else { throw Diagnostic(line: self.line, FileKind.binary) }
            guard !FileKind.isJSONArray(line) else { throw Diagnostic(line: self.line, FileKind.jsonArray) }
            if self.namedDelimiter == nil, let (delimiter, byteCount) = Delimiter.named(line) {
                self.namedDelimiter = delimiter
                self.window.drop(byteCount)
                self.line += 1
                continue
            }
            if line.starts(with: RejectWriter.beginning) {
                // A file of rejected rows is written our way, however the one was that they come from.
                self.form = TableForm(encoding: self.form.encoding)
            }
            self.delimiter = self.form.delimiter ?? self.namedDelimiter ?? Delimiter.sniff(line)
            self.machine.setDelimiter(self.delimiter)
            if !self.form.hasQuotes { self.machine.ignoreQuotes() }
            self.recordLine = self.line
            if let columns = self.form.columns, !self.form.hasHeader {
                self.header = columns
                return columns
            }
            switch self.nextRecord() {
            case .blank: continue
            case .record(let byteCount):
                if self.form.columns == nil, let layout = Layout.recognised(self.machine.cells, self.delimiter) {
                    // There is no header: this is the first row, and read again as one.
                    self.layout = layout
                    self.header = layout.columns
                    self.startOver()
                    return self.header
                }
                self.header = try self.takeHeader(byteCount)
                if let columns = self.form.columns { self.header = columns }
                return self.header
            case .needsInput:
                self.startOver()
                return nil
            case .rejected(let row):
                throw Diagnostic(line: row.line, column: row.column, "the header cannot be read: \(row.reason)")
            case .end: throw Diagnostic(line: self.line, Self.noHeader)
            }
        }
        return nil
    }

    private static let noHeader = "the file is empty; its first line must name the columns"

    /// - Returns: The first line, or `nil` when it is not here yet.
    private func firstLine() throws(Diagnostic) -> UnsafeBufferPointer<UInt8>? {
        let found = self.window.endOfLine(from: 0, isLast: self.isFinished)
        let end = found ?? self.window.count
        guard end <= Self.recordBytesMax else {
            // Where there is an array, it is often all in one line.
            let line = self.window.bytes.bindMemory(to: UInt8.self)
            let isArray = FileKind.isJSONArray(UnsafeBufferPointer(rebasing: line[..<Self.recordBytesMax]))
            let tooLong = "the header is longer than \(Self.recordBytesMax) bytes; is this a table?"
            throw Diagnostic(line: self.line, isArray ? FileKind.jsonArray : tooLong)
        }
        guard found != nil || self.isFinished else { return nil }
        return UnsafeRawBufferPointer(rebasing: self.window.bytes[..<end]).assumingMemoryBound(to: UInt8.self)
    }

    /// - Returns: Whether there is something behind them.
    private func skipEmptyLines() throws(Diagnostic) -> Bool {
        while let first = self.window.bytes.first, first == ASCII.lineFeed || first == ASCII.carriageReturn {
            guard let end = self.window.endOfLine(from: 0, isLast: self.isFinished) else { return false }
            self.window.drop(end)
            self.line += 1
        }
        guard self.window.isEmpty else { return true }
        if self.isFinished { throw Diagnostic(.error, Self.noHeader) }
        return false
    }

    private func takeHeader(_ byteCount: Int) throws(Diagnostic) -> [String] {
        let cells = self.machine.cells
        self.machine.cells = CSVMachine.Cells()
        let line = self.recordLine
        self.drop(byteCount)
        guard cells.ends.count <= Self.columnsMax else {
            throw Diagnostic(
                line: line,
                "the header has \(cells.ends.count) columns; at most \(Self.columnsMax) are allowed"
            )
        }
        var names: [String] = []
        var start = 0
        for end in cells.ends {
            let cell = cells.bytes[start..<Int(end)]
            names.append(cell.withUnsafeBufferPointer { String(decoding: $0.trimmed(), as: UTF8.self) })
            start = Int(end)
        }
        return names
    }

    /// The header goes over the end of what is here: it is read again, whole, when there is more.
    private func startOver() {
        self.machine.reset()
        self.machine.cells = CSVMachine.Cells()
        self.line = self.recordLine
        self.scan = 0
        self.window.rewind()
    }
}

/// Finds what separates the cells.
enum Delimiter {
    static let candidates = [ASCII.comma, ASCII.semicolon, ASCII.tab, ASCII.bar]

    /// The separator that a first line names, which is there for spreadsheets: `sep=;`.
    ///
    /// - Parameter line: With its line end, if it has one.
    /// - Returns: With the line's bytes; `nil` when it is another line.
    static func named(_ line: UnsafeBufferPointer<UInt8>) -> (delimiter: UInt8, byteCount: Int)? {
        let content = line.trimmedOfLineEnd()
        guard content.count == 5, UnsafeBufferPointer(rebasing: content[..<4]).equalsIgnoringCase("sep="),
            self.candidates.contains(content[4])
        else { return nil }
        return (content[4], line.count)
    }

    /// - Returns: The candidate that stands most often outside quotes; the comma when there is none.
    static func sniff(_ header: UnsafeBufferPointer<UInt8>) -> UInt8 {
        var counts = [Int](repeating: 0, count: self.candidates.count)
        var isQuoted = false
        for byte in header {
            if byte == ASCII.quote { isQuoted.toggle() }
            guard !isQuoted, let index = self.candidates.firstIndex(of: byte) else { continue }
            counts[index] += 1
        }
        var best = 0
        for index in counts.indices where counts[index] > counts[best] { best = index }
        return self.candidates[best]
    }
}

/// Recognises files that people take for tables.
enum FileKind {
    /// - Returns: What the file is and what to do, or `nil` when nothing speaks against a table.
    static func problem(with start: [UInt8]) -> String? {
        let advice = "save the table as CSV (UTF-8) first"
        if start.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
            return "this is an Excel workbook or another ZIP archive; \(advice)"
        }
        if start.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) {
            return "this is an Excel workbook of the old kind; \(advice)"
        }
        if start.starts(with: [0x1F, 0x8B]) || start.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
            return "this is an archive inside an archive; unpack it first"
        }
        if start.starts(with: [0x42, 0x5A, 0x68]) || start.starts(with: [0xFD, 0x37, 0x7A, 0x58]) {
            return "this is a bzip2 or xz archive; unpack it first, or pack it with gzip or zstd"
        }
        if start.starts(with: Array("%PDF".utf8)) { return "this is a PDF; \(advice)" }
        return nil
    }

    /// Whether a first line, or what is here of it, begins a JSON array of objects.
    static func isJSONArray(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        guard line.first == 0x5B else { return false }
        let next = line.dropFirst().first { !$0.isSpace }
        return next == nil || next == 0x7B
    }

    static let jsonArray = "this is a JSON array; one object a line is read (NDJSON): jq -c '.[]' FILE makes it"

    static let binary =
        "this is no text: the first line has NUL bytes; UTF-16 is read when it begins with a byte-order mark, else "
        + "save the table as CSV (UTF-8) first"
}
