import Domain

/// Reads a table of one JSON object a line that comes in pieces of any size (NDJSON, JSON Lines).
///
/// The columns are the names that the first rows have: up to ``TypeInference/rowsMax`` of them or ``headBytesMax``. A name that comes
/// later for the first time is left out, with a warning: whoever began to write the rest could not know it.
///
/// A line that is no object is a rejected row; an empty one is none.
final class JSONLineReader: RowReader {
    /// Bytes that are held back to find the columns.
    static let headBytesMax = 16 << 20

    private(set) var header: [String] = []
    private var window = ByteWindow()
    private var input: TextInput
    private var isFinished = false
    private var line = 1
    private var isSkippingLine = false
    private var columns: [String: Int] = [:]
    /// Rows that were read to find the columns.
    private var held: [Row] = []
    private var heldNext = 0
    private var heldBytes = 0
    private var isHeaderKnown = false
    private var unknownNames: Set<String> = []
    /// As the first row that is an object says.
    private(set) var isExport = false
    private var hasObjects = false

    private enum Row {
        case object(line: Int, members: [(name: String, value: [UInt8])], raw: [UInt8])
        case rejected(RejectedRow)
    }

    init(_ form: TableForm) { self.input = TextInput(form.encoding) }

    func push(_ bytes: UnsafeRawBufferPointer) { self.input.push(bytes, into: &self.window) }

    func finish() {
        self.input.finish(into: &self.window)
        self.isFinished = true
    }

    var layout: Layout? { nil }

    func readHeader() throws(Diagnostic) -> [String]? {
        if self.isHeaderKnown { return self.header }
        while self.held.count < TypeInference.rowsMax, self.heldBytes < Self.headBytesMax {
            guard let row = self.nextRow() else {
                guard self.isFinished else { return nil }
                break
            }
            if case .object(_, let members, let raw) = row {
                self.heldBytes += raw.count
                for member in members where self.columns[member.name] == nil {
                    self.columns[member.name] = self.header.count
                    self.header.append(member.name)
                }
                guard self.header.count <= TableReader.columnsMax else {
                    throw Diagnostic(
                        line: self.line,
                        "the rows have more than \(TableReader.columnsMax) different names"
                    )
                }
            }
            self.held.append(row)
        }
        guard !self.header.isEmpty else {
            if case .rejected(let row) = self.held.first {
                throw Diagnostic(line: row.line, column: row.column, "no row is a JSON object: \(row.reason)")
            }
            throw Diagnostic(.error, "the file is empty; each line must be a JSON object")
        }
        self.isHeaderKnown = true
        return self.header
    }

    func read(into batch: inout TableBatch) throws(Diagnostic) -> Bool {
        batch.removeAll()
        guard let header = try self.readHeader() else { return false }
        batch.columnCount = header.count
        while batch.count + batch.rejects.count < TableReader.batchRowsMax, batch.raw.count < TableReader.batchBytesMax
        {
            guard let row = self.nextHeld() ?? self.nextRow() else { return !batch.isEmpty }
            switch row {
            case .rejected(let row): batch.rejects.append(row)
            case .object(let line, let members, let raw): self.add(members, line: line, raw: raw, to: &batch)
            }
        }
        return true
    }

    private func nextHeld() -> Row? {
        guard self.heldNext < self.held.count else {
            self.held = []
            self.heldNext = 0
            return nil
        }
        self.heldNext += 1
        return self.held[self.heldNext - 1]
    }

    /// The next line that is not empty; `nil`: more is needed, or there is none.
    private func nextRow() -> Row? {
        while true {
            if self.isSkippingLine, !self.skipLine() { return nil }
            let found = self.window.endOfLine(from: 0, isLast: self.isFinished)
            let end = found ?? self.window.count
            if end > TableReader.recordBytesMax {
                self.isSkippingLine = true
                return .rejected(
                    self.rejected(
                        self.window.bytes,
                        column: 0,
                        "the row is longer than \(TableReader.recordBytesMax) bytes; only its beginning is kept here"
                    )
                )
            }
            guard end > 0, found != nil || self.isFinished else { return nil }
            let bytes = UnsafeRawBufferPointer(rebasing: self.window.bytes[..<end])
            let content = UnsafeRawBufferPointer(rebasing: bytes[..<ByteWindow.contentCount(of: bytes)])
            let row = content.allSatisfy(\.isSpace) ? nil : self.row(content)
            self.window.drop(end)
            self.line += 1
            if let row { return row }
        }
    }

    private func skipLine() -> Bool {
        guard let end = self.window.endOfLine(from: 0, isLast: self.isFinished) else {
            self.window.drop(self.isFinished ? self.window.count : max(0, self.window.count - 1))
            return false
        }
        self.isSkippingLine = false
        self.window.drop(end)
        self.line += 1
        return true
    }

    private func row(_ content: UnsafeRawBufferPointer) -> Row {
        let text = content.assumingMemoryBound(to: UInt8.self)
        if let place = UTF8Text.firstInvalidByte(text) {
            return .rejected(
                self.rejected(content, column: place + 1, "the row is not valid \(self.input.encoding.rawValue)")
            )
        }
        do throws(JSONObject.Problem) {
            if !self.hasObjects { self.isExport = JSONObject.isExport(text) }
            let members = try JSONObject.parse(text, isExport: self.isExport)
            self.hasObjects = true
            if let long = members.first(where: { $0.value.count > TableReader.cellBytesMax }) {
                let reason = "the value of '\(long.name.prefix(40))' is longer than \(TableReader.cellBytesMax) bytes"
                return .rejected(self.rejected(content, column: 0, reason))
            }
            return .object(line: self.line, members: members, raw: Array(content))
        } catch {
            return .rejected(self.rejected(content, column: error.column, error.reason))
        }
    }

    private func rejected(_ bytes: UnsafeRawBufferPointer, column: Int, _ reason: String) -> RejectedRow {
        let kept = min(ByteWindow.contentCount(of: bytes), RejectedRow.rawBytesMax)
        return RejectedRow(line: self.line, column: column, reason: reason, raw: Array(bytes[..<kept]))
    }

    private func add(
        _ members: [(name: String, value: [UInt8])],
        line: Int,
        raw: [UInt8],
        to batch: inout TableBatch
    ) {
        var cells = [Int?](repeating: nil, count: batch.columnCount)
        for (index, member) in members.enumerated() {
            if let column = self.columns[member.name] {
                // Of a name that an object has twice, the last counts, as with most readers of JSON.
                cells[column] = index
            } else if self.unknownNames.count < Self.unknownNamesMax, self.unknownNames.insert(member.name).inserted {
                batch.warnings.append(
                    Diagnostic(
                        .warning,
                        line: line,
                        "'\(member.name.prefix(40))' is first named here, behind the rows that tell the columns; it is left out"
                    )
                )
            }
        }
        for cell in cells {
            if let cell { batch.cells.bytes.append(contentsOf: members[cell].value) }
            batch.cells.ends.append(UInt32(batch.cells.bytes.count))
        }
        batch.lines.append(line)
        batch.raw.append(contentsOf: raw.prefix(RejectedRow.rawBytesMax))
        batch.rawEnds.append(batch.raw.count)
        batch.count += 1
    }

    /// Names that are told of once each; a file with more has no columns.
    private static let unknownNamesMax = 1_000
}
