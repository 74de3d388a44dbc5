/// Bytes that have a meaning in the formats read here, by name.
enum ASCII {
    static let nul: UInt8 = 0x00
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let plus: UInt8 = 0x2B
    static let comma: UInt8 = 0x2C
    static let hyphen: UInt8 = 0x2D
    static let dot: UInt8 = 0x2E
    static let zero: UInt8 = 0x30
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let lessThan: UInt8 = 0x3C
    static let greaterThan: UInt8 = 0x3E
    static let at: UInt8 = 0x40
    static let backslash: UInt8 = 0x5C
    static let bar: UInt8 = 0x7C
    static let delete: UInt8 = 0x7F
}

/// A set of ASCII bytes, asked without memory access or branches on the data.
struct ByteSet {
    private var low: UInt64 = 0
    private var high: UInt64 = 0

    init(_ members: StaticString) {
        members.withUTF8Buffer { bytes in
            for byte in bytes { self.insert(byte) }
        }
    }

    mutating func insert(_ byte: UInt8) {
        if byte < 64 { self.low |= 1 << UInt64(byte) } else { self.high |= 1 << UInt64(byte & 63) }
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 64 ? self.low : self.high
        return byte < 128 && word & (1 << UInt64(byte & 63)) != 0
    }
}

extension UInt8 {
    @inline(__always)
    var isDigit: Bool { self &- ASCII.zero < 10 }

    @inline(__always)
    var isLetter: Bool { (self | 0x20) &- 0x61 < 26 }

    @inline(__always)
    var isUpperCaseLetter: Bool { self &- 0x41 < 26 }

    @inline(__always)
    var isHexDigit: Bool { self.isDigit || (self | 0x20) &- 0x61 < 6 }

    /// Blank or tab.
    @inline(__always)
    var isBlank: Bool { self == ASCII.space || self == ASCII.tab }

    /// What surrounds a value without belonging to it: blank, tab, CR, LF.
    @inline(__always)
    var isSpace: Bool { self == ASCII.space || (self >= ASCII.tab && self <= ASCII.carriageReturn) }

    @inline(__always)
    var lowercased: UInt8 { self.isUpperCaseLetter ? self | 0x20 : self }
}

extension UnsafeBufferPointer<UInt8> {
    /// The bytes without white space at both ends.
    func trimmed() -> UnsafeBufferPointer<UInt8> { self.trimmed(of: \.isSpace) }

    /// The bytes without blanks and tabs at both ends; line breaks stay.
    func trimmedOfBlanks() -> UnsafeBufferPointer<UInt8> { self.trimmed(of: \.isBlank) }

    /// The bytes without line ends behind them.
    func trimmedOfLineEnd() -> UnsafeBufferPointer<UInt8> {
        var end = self.count
        while end > 0, self[end - 1] == ASCII.lineFeed || self[end - 1] == ASCII.carriageReturn { end -= 1 }
        return UnsafeBufferPointer(rebasing: self[..<end])
    }

    @inline(__always)
    private func trimmed(of isDropped: (UInt8) -> Bool) -> UnsafeBufferPointer<UInt8> {
        var start = 0
        var end = self.count
        while start < end, isDropped(self[start]) { start += 1 }
        while end > start, isDropped(self[end - 1]) { end -= 1 }
        return UnsafeBufferPointer(rebasing: self[start..<end])
    }

    /// Whether this equals a word in lower case, in either case.
    func equalsIgnoringCase(_ word: StaticString) -> Bool {
        guard self.count == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { expected in
            for index in 0..<self.count where self[index].lowercased != expected[index] { return false }
            return true
        }
    }
}
