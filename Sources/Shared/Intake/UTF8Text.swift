/// Checks of UTF-8 that need no `String`.
enum UTF8Text {
    /// - Returns: The offset of the first byte that is no part of a well-formed sequence (Unicode table 3-7), or `nil`.
    static func firstInvalidByte(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var index = self.asciiPrefix(bytes, from: 0)
        while index < bytes.count {
            let length = self.sequenceLength(bytes, at: index)
            guard length > 0 else { return index }
            index += length
            if index < bytes.count, bytes[index] < 0x80 { index = self.asciiPrefix(bytes, from: index) }
        }
        return nil
    }

    /// - Returns: The offset of the first byte that is not ASCII, or the count.
    static func asciiPrefix(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let raw = UnsafeRawBufferPointer(bytes)
        var index = start
        while index + 8 <= raw.count {
            let word = raw.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            guard word & 0x8080_8080_8080_8080 == 0 else { break }
            index += 8
        }
        while index < raw.count, raw[index] < 0x80 { index += 1 }
        return index
    }

    /// - Returns: 1 to 4, or 0 when no well-formed sequence begins at `index`.
    static func sequenceLength(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int {
        let lead = bytes[index]
        switch lead {
        case ..<0x80: return 1
        case 0xC2...0xDF: return self.continues(bytes, at: index, count: 1, from: 0x80, to: 0xBF) ? 2 : 0
        case 0xE0: return self.continues(bytes, at: index, count: 2, from: 0xA0, to: 0xBF) ? 3 : 0
        case 0xED: return self.continues(bytes, at: index, count: 2, from: 0x80, to: 0x9F) ? 3 : 0
        case 0xE1...0xEF: return self.continues(bytes, at: index, count: 2, from: 0x80, to: 0xBF) ? 3 : 0
        case 0xF0: return self.continues(bytes, at: index, count: 3, from: 0x90, to: 0xBF) ? 4 : 0
        case 0xF1...0xF3: return self.continues(bytes, at: index, count: 3, from: 0x80, to: 0xBF) ? 4 : 0
        case 0xF4: return self.continues(bytes, at: index, count: 3, from: 0x80, to: 0x8F) ? 4 : 0
        default: return 0
        }
    }

    /// Only the second byte's range depends on the lead; it is what rules out overlong forms, surrogates and values
    /// past U+10FFFF.
    private static func continues(
        _ bytes: UnsafeBufferPointer<UInt8>,
        at index: Int,
        count: Int,
        from lowest: UInt8,
        to highest: UInt8
    ) -> Bool {
        guard index + count < bytes.count, bytes[index + 1] >= lowest, bytes[index + 1] <= highest else { return false }
        for offset in 2..<(count + 1) where bytes[index + offset] & 0xC0 != 0x80 { return false }
        return true
    }
}
