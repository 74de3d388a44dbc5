import Domain

/// Reads rows of cells out of a file that comes in pieces.
protocol RowReader: AnyObject {
    /// Takes the next piece of the file.
    func push(_ bytes: UnsafeRawBufferPointer)

    /// Says that the file ends here.
    func finish()

    /// - Returns: The columns' names, or `nil` when more of the file is needed.
    /// - Throws: When the file is no table.
    func readHeader() throws(Diagnostic) -> [String]?

    /// Reads rows into `batch`, which is emptied first and keeps its memory.
    ///
    /// - Returns: Whether there are any. `false`: push more, or the file is read to its end.
    /// - Throws: When the file is no table.
    func read(into batch: inout TableBatch) throws(Diagnostic) -> Bool

    /// A layout without a header by which the file was recognised.
    var layout: Layout? { get }

    /// Whether each row is a contact as this program exports it, with nothing beside its fields but the system of its id.
    var isExport: Bool { get }
}

extension TableReader: RowReader {
    /// An exported table is told by its header.
    var isExport: Bool { false }
}

/// Tells which reader a file needs by its first character.
struct RowReaderChoice {
    private var start: [UInt8] = []

    /// Bytes that may stand before the first character: marks, blanks and empty lines.
    private static let startBytesMax = 4_096

    /// Takes the next piece of the file.
    ///
    /// - Returns: The reader, which was given everything so far; `nil` when the first character has not come.
    mutating func push(_ bytes: UnsafeRawBufferPointer, _ form: TableForm) -> (any RowReader)? {
        self.start.append(contentsOf: bytes)
        guard self.isTold else { return nil }
        return self.make(form)
    }

    /// The reader of a file that ended before its first character.
    mutating func finish(_ form: TableForm) -> any RowReader { self.make(form) }

    private static let passed = ByteSet(" \t\r\n\u{0}")

    private func isPassed(_ byte: UInt8) -> Bool {
        // The bytes of the three marks, too.
        Self.passed.contains(byte) || byte >= 0xFE || [0xEF, 0xBB, 0xBF].contains(byte)
    }

    private var isTold: Bool {
        self.start.count >= Self.startBytesMax || self.start.contains { !self.isPassed($0) }
    }

    private mutating func make(_ form: TableForm) -> any RowReader {
        let first = self.start.first { !self.isPassed($0) }
        // What names columns beforehand is about cells.
        let reader: any RowReader = first == 0x7B && form.columns == nil ? JSONLineReader(form) : TableReader(form)
        self.start.withUnsafeBytes { reader.push($0) }
        self.start = []
        return reader
    }
}
