import Domain
import Engine

/// One entry of the journal.
enum JournalRecord: Hashable, Sendable {
    /// The last byte of this target may be about to go out.
    case intent(epoch: Epoch, position: UInt32)
    /// What came of a target; it closes the target's intent.
    case fact(TargetFact)
}

/// Records as the bytes of one row.
///
/// A record is `kind u8 | epoch u64 | position u32`, big-endian; kind 0 is an intent, any other the raw value of a ``Fate``. A fact goes
/// on with `at i64 | retryAfter u32 | reason (u8 length, text) | code u16 | status (u8 length, text) | text (u16 length, text)`, where
/// code 0 with no texts means that no relay said anything.
enum JournalRow {
    static func pack(_ records: some Sequence<JournalRecord>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1_024)
        for record in records {
            switch record {
            case .intent(let epoch, let position):
                bytes.append(0)
                bytes.appendBigEndian(epoch.rawValue)
                bytes.appendBigEndian(position)
            case .fact(let fact):
                bytes.append(fact.fate.rawValue)
                bytes.appendBigEndian(fact.epoch.rawValue)
                bytes.appendBigEndian(fact.position)
                bytes.appendBigEndian(UInt64(bitPattern: fact.at.milliseconds))
                bytes.appendBigEndian(fact.retryAfterSeconds)
                bytes.appendText(fact.reason?.rawValue ?? "", lengthBytes: 1)
                bytes.appendBigEndian(UInt16(clamping: fact.reply?.code ?? 0))
                bytes.appendText(fact.reply?.status ?? "", lengthBytes: 1)
                bytes.appendText(fact.reply?.text ?? "", lengthBytes: 2)
            }
        }
        return bytes
    }

    /// - Returns: `nil` when the bytes are not what ``pack(_:)`` makes.
    static func unpack(_ bytes: [UInt8]) -> [JournalRecord]? {
        var reader = ByteReader(bytes: bytes)
        var records: [JournalRecord] = []
        while !reader.isAtEnd {
            guard let kind: UInt8 = reader.integer(), let epoch: UInt64 = reader.integer(),
                let position: UInt32 = reader.integer()
            else { return nil }
            if kind == 0 {
                records.append(.intent(epoch: Epoch(epoch), position: position))
                continue
            }
            guard let fate = Fate(rawValue: kind), let at: UInt64 = reader.integer(),
                let retryAfter: UInt32 = reader.integer(), let reasonText = reader.text(lengthBytes: 1),
                let code: UInt16 = reader.integer(), let status = reader.text(lengthBytes: 1),
                let text = reader.text(lengthBytes: 2)
            else { return nil }
            let reason = Reason(rawValue: reasonText)
            guard reason != nil || reasonText.isEmpty else { return nil }
            let hasReply = code != 0 || !status.isEmpty || !text.isEmpty
            let fact = TargetFact(
                epoch: Epoch(epoch),
                position: position,
                fate: fate,
                reason: reason,
                reply: hasReply ? RelayReply(code: Int(code), status: status, text: text) : nil,
                at: Timestamp(milliseconds: Int64(bitPattern: at)),
                retryAfterSeconds: retryAfter
            )
            records.append(.fact(fact))
        }
        return records
    }

    /// FNV-1a over the row's number and bytes: finds bytes that were torn, changed, or moved to another row.
    static func checksum(number: UInt64, _ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var rest = number
        for _ in 0..<8 {
            hash = (hash ^ (rest & 0xFF)) &* 0x0000_0100_0000_01B3
            rest >>= 8
        }
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash
    }
}

extension [UInt8] {
    fileprivate mutating func appendBigEndian<Value: FixedWidthInteger>(_ value: Value) {
        Swift.withUnsafeBytes(of: value.bigEndian) { self.append(contentsOf: $0) }
    }

    /// Cut to what the length can say; texts come in bounded (``RelayReply/textBytesMax``), so nothing is lost.
    fileprivate mutating func appendText(_ text: String, lengthBytes: Int) {
        let bytes = text.utf8.prefix(lengthBytes == 1 ? 0xFF : 0xFFFF)
        if lengthBytes == 1 { self.append(UInt8(bytes.count)) } else { self.appendBigEndian(UInt16(bytes.count)) }
        self.append(contentsOf: bytes)
    }
}

private struct ByteReader {
    let bytes: [UInt8]
    private var offset = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { self.offset == self.bytes.count }

    mutating func integer<Value: FixedWidthInteger & UnsignedInteger>() -> Value? {
        let length = MemoryLayout<Value>.size
        guard self.bytes.count - self.offset >= length else { return nil }
        var value: Value = 0
        for byte in self.bytes[self.offset..<self.offset + length] { value = value << 8 | Value(byte) }
        self.offset += length
        return value
    }

    mutating func text(lengthBytes: Int) -> String? {
        let length: Int
        if lengthBytes == 1 {
            guard let short: UInt8 = self.integer() else { return nil }
            length = Int(short)
        } else {
            guard let long: UInt16 = self.integer() else { return nil }
            length = Int(long)
        }
        guard self.bytes.count - self.offset >= length else { return nil }
        defer { self.offset += length }
        return String(decoding: self.bytes[self.offset..<self.offset + length], as: UTF8.self)
    }
}
