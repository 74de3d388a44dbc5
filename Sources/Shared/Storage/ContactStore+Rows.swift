package import Domain

/// Contacts on their way into the store: all cells in one buffer, no cell an object of its own.
///
/// | cell | holds |
/// |---|---|
/// | 0 | the e-mail address as it was written; empty for a contact that has only a telephone |
/// | 1 | what is unique: the address's ``EmailAddress/key``, or `tel:` and the number without one |
/// | 2 | the address's domain; empty without one |
/// | 3 and on | the values of ``fields``: text as it is, an integer as digits, a decimal as written, a boolean as `true` or `false`, a date as `2026-11-22`; empty for none |
package struct ContactRows: Sendable {
    /// What the cells behind the first three are; without `email`.
    package let fields: [Field]
    /// The cell behind the fields that says whose the row's external id is, if rows say that themselves.
    let systemCell: Int?
    /// Cells of each row.
    let cellsPerRow: Int
    /// The cell that has ids of other systems, if there is one.
    let externalCell: Int?
    private(set) var bytes: [UInt8] = []
    private var ends: [UInt32] = []

    /// - Parameters:
    ///   - fields: Of the cells behind the first three.
    ///   - hasIDSystems: Whether one cell more says whose the external id is: a word, or nothing for the user's own.
    package init(fields: [Field], hasIDSystems: Bool = false) {
        self.fields = fields
        self.systemCell = hasIDSystems ? 3 + fields.count : nil
        self.cellsPerRow = 3 + fields.count + (hasIDSystems ? 1 : 0)
        self.externalCell = fields.firstIndex { $0.name == BuiltInField.externalID.rawValue }.map { 3 + $0 }
    }

    /// Rows whose cells are all there.
    package var count: Int { self.ends.count / self.cellsPerRow }

    /// How much memory the cells take.
    package var byteCount: Int { self.bytes.count + 4 * self.ends.count }

    /// Adds the next cell; a row is as many calls as it has cells.
    @inline(__always)
    package mutating func append(_ cell: UnsafeRawBufferPointer) {
        self.bytes.append(contentsOf: cell)
        self.ends.append(UInt32(self.bytes.count))
    }

    /// Adds the next cell; a row is as many calls as it has cells.
    package mutating func append(_ cell: String.UTF8View) {
        self.bytes.append(contentsOf: cell)
        self.ends.append(UInt32(self.bytes.count))
    }

    /// Where a cell stands in ``bytes``.
    @inline(__always)
    func range(row: Int, cell: Int) -> Range<Int> {
        let index = row * self.cellsPerRow + cell
        return (index == 0 ? 0 : Int(self.ends[index - 1]))..<Int(self.ends[index])
    }

    /// Row numbers in the order of their keys; rows of one key stay in the order of the file.
    ///
    /// Rows written in the order of an index touch few of its pages. With random addresses that is a sixth of the bytes written.
    package func rowsByKey() -> [UInt32] {
        self.bytes.withUnsafeBytes { bytes in
            var entries: [SortEntry] = []
            entries.reserveCapacity(self.count)
            for row in 0..<self.count {
                entries.append(
                    SortEntry(key: UnsafeRawBufferPointer(rebasing: bytes[self.range(row: row, cell: 1)]), row)
                )
            }
            entries.sort { $0.precedes($1) }
            return entries.map(\.row)
        }
    }

    /// A row for sorting; its key's first bytes are compared as a number, which settles nearly all comparisons.
    private struct SortEntry {
        let prefix: UInt64
        let key: UnsafeRawBufferPointer
        let row: UInt32

        init(key: UnsafeRawBufferPointer, _ row: Int) {
            var prefix: UInt64 = 0
            for index in 0..<8 { prefix = prefix << 8 | (index < key.count ? UInt64(key[index]) : 0) }
            self.prefix = prefix
            self.key = key
            self.row = UInt32(row)
        }

        func precedes(_ other: Self) -> Bool {
            if self.prefix != other.prefix { return self.prefix < other.prefix }
            if self.key.elementsEqual(other.key) { return self.row < other.row }
            return self.key.lexicographicallyPrecedes(other.key)
        }
    }
}

/// Some rows of a batch: what one turn of the loop writes.
package struct ContactChunk: Sendable {
    package let batch: ContactRows
    /// Row numbers, in the order in which they are written.
    package let rows: ArraySlice<UInt32>

    package init(_ batch: ContactRows, rows: ArraySlice<UInt32>) {
        self.batch = batch
        self.rows = rows
    }

    /// Whether some rows may have nothing but a telephone number.
    package var hasTelephones: Bool { self.rows.last.map { self.batch.range(row: Int($0), cell: 0).isEmpty } ?? false }

    /// Which of some fields have a value in any of the rows.
    package func names(withValuesAmong names: [String]) -> [String] {
        names.filter { name in
            guard let field = self.batch.fields.firstIndex(where: { $0.name == name }) else { return false }
            return self.rows.contains { !self.batch.range(row: Int($0), cell: 3 + field).isEmpty }
        }
    }

    /// Where the rows end that are one person by their key, the first of which stands at a place.
    ///
    /// A number is no person's alone: rows without an address have the same id as well.
    func endOfKey(from place: Int, _ bytes: UnsafeRawBufferPointer) -> Int {
        let first = Int(self.rows[place])
        let isWithoutAddress = self.batch.range(row: first, cell: 0).isEmpty
        let idCells = isWithoutAddress ? [self.batch.externalCell, self.batch.systemCell].compactMap { $0 } : []
        func isSame(_ cell: Int, _ place: Int) -> Bool {
            bytes[self.batch.range(row: first, cell: cell)].elementsEqual(
                bytes[self.batch.range(row: Int(self.rows[place]), cell: cell)]
            )
        }
        var end = place + 1
        while end < self.rows.endIndex, isSame(1, end), idCells.allSatisfy({ isSame($0, end) }) { end += 1 }
        return end
    }

    /// Rows of one chunk: a commit's cost is spread over enough of them, and they take a few milliseconds.
    package static let rowsMax = 500
    /// Bytes of one chunk's cells, so that wide rows do not make a turn long; one row more may be in it.
    package static let bytesMax = 1 << 18
    /// Rows of a chunk that would end between two of the same address: most of them change nothing.
    static let sameRowsMax = 4_000
}

extension ContactRows {
    /// Cuts the rows, ordered by key, into chunks of bounded size.
    ///
    /// Rows that have nothing but a telephone number come last, in chunks of their own: who they are is asked of those with an address.
    package func chunks() -> [ContactChunk] {
        let sorted = self.rowsByKey()
        return self.chunks(sorted.filter { !self.isTelephone($0) })
            + self.chunks(sorted.filter { self.isTelephone($0) })
    }

    private func chunks(_ order: [UInt32]) -> [ContactChunk] {
        var chunks: [ContactChunk] = []
        var (start, size) = (0, 0)
        for (index, row) in order.enumerated() {
            let first = self.range(row: Int(row), cell: 0).lowerBound
            size += self.range(row: Int(row), cell: self.cellsPerRow - 1).upperBound - first
            let count = index + 1 - start
            guard count >= ContactChunk.rowsMax || size >= ContactChunk.bytesMax else { continue }
            if index + 1 < order.count, count < ContactChunk.sameRowsMax, self.isSameKey(row, order[index + 1]) {
                continue
            }
            chunks.append(ContactChunk(self, rows: order[start...index]))
            (start, size) = (index + 1, 0)
        }
        if start < order.count { chunks.append(ContactChunk(self, rows: order[start...])) }
        return chunks
    }

    private func isSameKey(_ row: UInt32, _ other: UInt32) -> Bool {
        self.bytes[self.range(row: Int(row), cell: 1)].elementsEqual(
            self.bytes[self.range(row: Int(other), cell: 1)]
        )
    }

    private func isTelephone(_ row: UInt32) -> Bool {
        self.range(row: Int(row), cell: 0).isEmpty
            && self.bytes[self.range(row: Int(row), cell: 1)].starts(with: "tel:".utf8)
    }
}
