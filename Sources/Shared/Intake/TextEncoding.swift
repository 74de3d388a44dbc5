/// How a file's bytes stand for characters.
package enum TextEncoding: String, Hashable, Sendable, CaseIterable {
    case utf8 = "UTF-8"
    case utf16LittleEndian = "UTF-16LE"
    case utf16BigEndian = "UTF-16BE"
    case windows1252 = "Windows-1252"
}

/// Turns a file that comes in pieces into UTF-8.
///
/// What has no character in the file's encoding becomes the byte 0xFF, which is in no UTF-8 text: the row that holds
/// it is rejected, and no one is greeted with a replacement character.
struct TextDecoder {
    private(set) var encoding: TextEncoding
    /// The first byte of a UTF-16 unit whose second has not come.
    private var pendingByte: UInt8?
    /// A high surrogate whose other half has not come.
    private var pendingSurrogate: UInt16?

    static let invalid: UInt8 = 0xFF

    init(_ encoding: TextEncoding) { self.encoding = encoding }

    /// Recognises a byte-order mark, and UTF-16 without one by the NUL bytes of its first two characters.
    ///
    /// - Returns: The encoding and the length of the mark; UTF-8 and 0 without one.
    static func detect(_ start: UnsafeRawBufferPointer) -> (encoding: TextEncoding, markCount: Int) {
        if start.starts(with: [0xEF, 0xBB, 0xBF]) { return (.utf8, 3) }
        if start.starts(with: [0xFF, 0xFE]) { return (.utf16LittleEndian, 2) }
        if start.starts(with: [0xFE, 0xFF]) { return (.utf16BigEndian, 2) }
        if start.count >= 4 {
            switch (start[0], start[1], start[2], start[3]) {
            case (1..., 0, 1..., 0): return (.utf16LittleEndian, 0)
            case (0, 1..., 0, 1...): return (.utf16BigEndian, 0)
            default: break
            }
        }
        return (.utf8, 0)
    }

    mutating func decode(_ bytes: UnsafeRawBufferPointer, into window: inout ByteWindow) {
        switch self.encoding {
        case .utf8: window.append(bytes)
        case .windows1252:
            var output: [UInt8] = []
            output.reserveCapacity(bytes.count + bytes.count / 8)
            for byte in bytes { Self.appendWindows1252(byte, to: &output) }
            output.withUnsafeBytes { window.append($0) }
        case .utf16LittleEndian, .utf16BigEndian:
            var output: [UInt8] = []
            output.reserveCapacity(bytes.count)
            for byte in bytes { self.appendUTF16(byte, to: &output) }
            output.withUnsafeBytes { window.append($0) }
        }
    }

    /// Says that nothing comes any more.
    mutating func finish(into window: inout ByteWindow) {
        guard self.pendingByte != nil || self.pendingSurrogate != nil else { return }
        withUnsafeBytes(of: Self.invalid) { window.append($0) }
        self.pendingByte = nil
        self.pendingSurrogate = nil
    }

    private mutating func appendUTF16(_ byte: UInt8, to output: inout [UInt8]) {
        guard let first = self.pendingByte else {
            self.pendingByte = byte
            return
        }
        self.pendingByte = nil
        let isLittle = self.encoding == .utf16LittleEndian
        let unit = UInt16(isLittle ? byte : first) << 8 | UInt16(isLittle ? first : byte)
        if let high = self.pendingSurrogate {
            self.pendingSurrogate = nil
            if unit & 0xFC00 == 0xDC00 {
                Self.append(0x10000 + (UInt32(high & 0x3FF) << 10 | UInt32(unit & 0x3FF)), to: &output)
                return
            }
            output.append(Self.invalid)
        }
        switch unit & 0xFC00 {
        case 0xD800: self.pendingSurrogate = unit
        case 0xDC00: output.append(Self.invalid)
        default: Self.append(UInt32(unit), to: &output)
        }
    }

    private static func append(_ value: UInt32, to output: inout [UInt8]) {
        guard value >= 0x80 else { return output.append(UInt8(value)) }
        guard let scalar = Unicode.Scalar(value) else { return output.append(self.invalid) }
        output.append(contentsOf: String(scalar).utf8)
    }

    private static func appendWindows1252(_ byte: UInt8, to output: inout [UInt8]) {
        switch byte {
        case ..<0x80: output.append(byte)
        case 0x80..<0xA0:
            let value = self.windows1252[Int(byte) - 0x80]
            if value == 0 { output.append(self.invalid) } else { self.append(UInt32(value), to: &output) }
        default: self.append(UInt32(byte), to: &output)
        }
    }

    /// What 0x80 to 0x9F stand for; 0 where there is no character.
    private static let windows1252: [UInt16] = [
        0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
        0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E,
        0x0178,
    ]
}
