internal import CCSV

/// Splits lines into cells by libcsv, in its strict mode; the only user of that library.
///
/// It is fed one physical line at a time, so that the place of every record in the file is known, which the library
/// does not tell.
struct CSVMachine: ~Copyable {
    /// What the machine's cells are written to: of all records one after the other.
    struct Cells {
        var bytes: [UInt8] = []
        /// Offset in ``bytes`` of the end of each cell.
        var ends: [UInt32] = []
        fileprivate var recordEnded = false
    }

    enum LineResult: Equatable {
        case recordEnded
        /// The line was empty, and no record had begun.
        case blank
        /// A quoted cell is open at the end of the line.
        case continues
        case quoteInsideUnquotedCell
        case textBehindClosingQuote
        case unclosedQuote
        case outOfMemory

        /// A line by itself that does so may be read less strictly.
        var isBrokenQuoting: Bool { self == .quoteInsideUnquotedCell || self == .textBehindClosingQuote }
    }

    private let parser: UnsafeMutablePointer<csv_parser>
    private let target: UnsafeMutablePointer<Cells>

    /// libcsv's name for "a quote was read inside a quoted cell" (its FIELD_MIGHT_HAVE_ENDED, not in its header).
    private static let stateBehindQuote: Int32 = 3
    /// Its ROW_NOT_BEGUN.
    private static let stateBetweenRecords: Int32 = 0

    init() {
        self.parser = .allocate(capacity: 1)
        self.parser.initialize(to: csv_parser())
        self.target = .allocate(capacity: 1)
        self.target.initialize(to: Cells())
        csv_init(self.parser, UInt8(CSV_STRICT | CSV_STRICT_FINI))
        // By default blanks around a cell are dropped, also when they belong to it.
        csv_set_space_func(self.parser) { _ in 0 }
        csv_set_blk_size(self.parser, 4_096)
    }

    deinit {
        csv_free(self.parser)
        self.parser.deinitialize(count: 1)
        self.parser.deallocate()
        self.target.deinitialize(count: 1)
        self.target.deallocate()
    }

    /// The cells read so far; exchange them for others to take them.
    var cells: Cells {
        @inline(__always)
        _read { yield self.target.pointee }
        @inline(__always)
        _modify { yield &self.target.pointee }
    }

    mutating func setDelimiter(_ delimiter: UInt8) { csv_set_delim(self.parser, delimiter) }

    /// Takes quotes for text: cells end at separators only.
    ///
    /// A NUL takes their place, with which no row is taken.
    mutating func ignoreQuotes() { csv_set_quote(self.parser, ASCII.nul) }

    /// Reads one physical line with its terminator; without one it is taken for the last of the file.
    mutating func read(line: UnsafeRawBufferPointer, isTerminated: Bool) -> LineResult {
        self.target.pointee.recordEnded = false
        let count = csv_parse(self.parser, line.baseAddress, line.count, Self.cellEnded, Self.recordEnded, self.target)
        if count < line.count || self.parser.pointee.status != 0 {
            guard csv_error(self.parser) == CSV_EPARSE else { return .outOfMemory }
            return self.parser.pointee.pstate == Self.stateBehindQuote
                ? .textBehindClosingQuote : .quoteInsideUnquotedCell
        }
        if self.target.pointee.recordEnded { return .recordEnded }
        if self.parser.pointee.pstate == Self.stateBetweenRecords { return .blank }
        guard !isTerminated else { return .continues }
        guard csv_fini(self.parser, Self.cellEnded, Self.recordEnded, self.target) == 0 else { return .unclosedQuote }
        return .recordEnded
    }

    /// Forgets the record that is being read; its finished cells are the caller's to cut off.
    mutating func reset() {
        self.parser.pointee.pstate = Self.stateBetweenRecords
        self.parser.pointee.quoted = 0
        self.parser.pointee.spaces = 0
        self.parser.pointee.entry_pos = 0
        self.parser.pointee.status = 0
    }

    private static let cellEnded: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> Void = {
        bytes,
        count,
        target in
        guard let target = target?.assumingMemoryBound(to: Cells.self) else { return }
        target.pointee.bytes.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        target.pointee.ends.append(UInt32(truncatingIfNeeded: target.pointee.bytes.count))
    }

    private static let recordEnded: @convention(c) (Int32, UnsafeMutableRawPointer?) -> Void = { _, target in
        target?.assumingMemoryBound(to: Cells.self).pointee.recordEnded = true
    }
}
