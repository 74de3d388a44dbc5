import Domain
import Intake
import Storage

/// Rows of an import that are written together, in the order of their keys.
///
/// The more rows, the fewer pages of the address index each write touches: with a million random addresses, a window of 64 Ki rows
/// writes a sixth of the bytes that rows in the order of the file do.
struct ImportWindow: Sendable {
    /// Rows of one window.
    ///
    /// Two windows are in memory, one being filled and one being written: about 25 MiB with a dozen fields.
    static let rowsMax = 1 << 16
    /// Bytes of one window, which bounds memory when rows are wide.
    static let bytesMax = 16 << 20

    private(set) var rows: ContactRows
    /// Rejected rows and warnings met since the last window.
    private(set) var besides = ImportCounts()

    /// - Parameters:
    ///   - fields: Of the batches that will be added.
    ///   - hasIDSystems: Whether their rows say whose their external ids are.
    init(fields: [Field], hasIDSystems: Bool = false) {
        self.rows = ContactRows(fields: fields, hasIDSystems: hasIDSystems)
    }

    var isFull: Bool { self.rows.count >= Self.rowsMax || self.rows.byteCount >= Self.bytesMax }

    /// Takes rows of a batch until the window is full.
    ///
    /// - Parameters:
    ///   - batch: With it, its rejected rows and warnings are counted when it is begun.
    ///   - first: Where to begin.
    /// - Returns: Where to go on; as many as the batch has rows when all are in.
    mutating func add(_ batch: DecodedRows, from first: Int) -> Int {
        if first == 0 {
            self.besides.rejected += batch.rejects.count
            self.besides.warnings += batch.warnings.count
        }
        return batch.bytes.withUnsafeBytes { bytes in
            var row = first
            while row < batch.count, !self.isFull {
                self.add(row, of: batch, bytes)
                row += 1
            }
            return row
        }
    }

    /// Counts warnings that belong to no batch.
    mutating func warn(_ count: Int) { self.besides.warnings += count }

    private mutating func add(_ row: Int, of batch: DecodedRows, _ bytes: UnsafeRawBufferPointer) {
        func cell(_ range: Range<UInt32>) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(rebasing: bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        }
        let address = batch.addresses[row]
        self.rows.append(cell(address.text))
        self.rows.append(cell(address.key))
        self.rows.append(cell(address.domain))
        for field in batch.fields.indices {
            let value = batch.value(row: row, field: field)
            switch value.kind {
            case .boolean: self.rows.append(value.integer == 1 ? "true".utf8 : "false".utf8)
            default: self.rows.append(cell(value.range))
            }
        }
        if batch.hasIDSystems { self.rows.append(cell(batch.idSystems[row])) }
    }
}
