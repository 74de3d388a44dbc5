internal import Glibc
import Intake
import NIOCore

/// The rejected rows of one import, as a file (``RejectWriter``).
///
/// Made with its first row. It holds personal data, so only its owner may read it.
final class RejectFile {
    private let path: String?
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []

    /// Bytes gathered before they are written.
    private static let bufferBytes = 1 << 16

    /// - Parameter path: In a folder that is there; `nil`: nothing is written.
    init(path: String?) { self.path = path }

    deinit {
        if self.descriptor >= 0 { _ = Glibc.close(self.descriptor) }
    }

    /// Adds rows.
    ///
    /// - Parameters:
    ///   - rows: In the order of the file.
    ///   - mapping: Of the file that they come from; `nil` before its header was read.
    /// - Throws: ``FileFault``.
    func append(_ rows: [RejectedRow], of mapping: HeaderMapping?) throws(FileFault) {
        guard !rows.isEmpty, let path = self.path else { return }
        if self.descriptor < 0 {
            self.descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard self.descriptor >= 0 else { throw FileFault(path: path, code: errno) }
            self.buffer.append(contentsOf: RejectWriter.header(mapping?.rejectColumns ?? []))
        }
        for row in rows {
            var row = row
            row.cells.removeFirst(min(row.cells.count, mapping?.ownRejectColumns ?? 0))
            RejectWriter.append(row, hasColumns: mapping != nil, to: &self.buffer)
            if self.buffer.count >= Self.bufferBytes { try self.flush() }
        }
    }

    /// Writes what is gathered, and closes the file.
    func close() throws(FileFault) {
        guard self.descriptor >= 0 else { return }
        try self.flush()
        let code = Glibc.close(self.descriptor)
        self.descriptor = -1
        guard code == 0 else { throw FileFault(path: self.path ?? "", code: errno) }
    }

    private func flush() throws(FileFault) {
        var written = 0
        while written < self.buffer.count {
            let count = self.buffer.withUnsafeBytes { bytes in
                Glibc.write(self.descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0 {
                guard errno == EINTR else { throw FileFault(path: self.path ?? "", code: errno) }
            } else {
                written += count
            }
        }
        self.buffer.removeAll(keepingCapacity: true)
    }

    /// Hands a reject file on in pieces; its header alone when the import rejected nothing.
    ///
    /// - Parameter path: Of an import that is known.
    /// - Returns: The header line first.
    static func pages(path: String) -> Pages<ByteBuffer> {
        // The offset of the next piece; opening the file for each leaves nothing open when the reader goes away.
        Pages(from: off_t(0)) { offset in
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                guard errno == ENOENT else { throw FileFault(path: path, code: errno) }
                defer { offset = 1 }
                return offset == 0 ? [ByteBuffer(bytes: RejectWriter.header)] : nil
            }
            defer { _ = Glibc.close(descriptor) }
            let piece = try Self.read(descriptor, at: offset, path: path)
            offset += off_t(piece.readableBytes)
            return piece.readableBytes > 0 ? [piece] : nil
        }
    }

    private static func read(_ descriptor: Int32, at offset: off_t, path: String) throws(FileFault) -> ByteBuffer {
        var bytes = [UInt8](repeating: 0, count: Self.bufferBytes)
        while true {
            let count = pread(descriptor, &bytes, bytes.count, offset)
            if count >= 0 { return ByteBuffer(bytes: bytes[..<count]) }
            guard errno == EINTR else { throw FileFault(path: path, code: errno) }
        }
    }
}
