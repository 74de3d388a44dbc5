import Foundation

/// A file of 32 bytes beside the journal that says how far it had come.
///
/// SQLite takes a write-ahead log that was cut short, or is gone, for one that ended there, and goes on without a word. The mark is
/// written after each commit; a journal that ends before it has lost rows, and cannot be believed. A mark that is missing or torn
/// says nothing.
final class JournalMark: Sendable {
    private let descriptor: Int32

    /// - Parameter path: Made when it is missing. When it cannot be opened, the journal goes without.
    init(path: String) { self.descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600) }

    deinit { if self.descriptor >= 0 { close(self.descriptor) } }

    private static let byteCount = 32

    /// Whether it can be kept at all; without it, a journal that was cut short is believed.
    var isKept: Bool { self.descriptor >= 0 }

    /// The last row that this journal had for certain; 0 when that is not known.
    func last(of identity: [UInt8]) -> UInt64 {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        guard pread(self.descriptor, &bytes, Self.byteCount, 0) == Self.byteCount else { return 0 }
        let last = bytes[16..<24].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return bytes == Self.bytes(identity, last: last) ? last : 0
    }

    /// Notes that a row was committed.
    ///
    /// One write that nothing waits for. When it fails, less will be noticed, and nothing else.
    func note(_ last: UInt64, of identity: [UInt8]) {
        let bytes = Self.bytes(identity, last: last)
        _ = pwrite(self.descriptor, bytes, bytes.count, 0)
    }

    /// The journal's identity, the row's number, and a checksum of both; big-endian.
    private static func bytes(_ identity: [UInt8], last: UInt64) -> [UInt8] {
        let sum = JournalRow.checksum(number: last, identity)
        let numbers = [last, sum].flatMap { value in (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) } }
        return identity + numbers
    }
}
