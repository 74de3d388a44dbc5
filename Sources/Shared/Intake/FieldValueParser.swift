package import Domain

/// A cell's value, of its field's type.
package enum FieldValue: Hashable, Sendable {
    /// Nothing, or nothing but blanks.
    case empty
    /// The text as it was written.
    case text
    case integer(Int64)
    /// For comparing; what is printed is the text as it was written.
    case decimal(Double)
    case boolean(Bool)
    /// The day as it was written, `2026-11-22`.
    case date
    /// Not of this type.
    case misfit
}

/// Reads values of the five field types.
///
/// Days in other forms than `2026-11-22` are read by ``WrittenDay``.
package enum FieldValueParser {
    /// Reads a cell; white space around it is not part of a value, except in text.
    package static func parse(_ bytes: UnsafeBufferPointer<UInt8>, as type: FieldType) -> FieldValue {
        let trimmed = bytes.trimmed()
        guard !trimmed.isEmpty else { return .empty }
        switch type {
        case .text: return .text
        case .integer: return self.integer(trimmed).map { .integer($0) } ?? .misfit
        case .decimal: return self.decimal(trimmed).map { .decimal($0) } ?? .misfit
        case .boolean: return self.boolean(trimmed).map { .boolean($0) } ?? .misfit
        case .date: return self.isDate(trimmed) ? .date : .misfit
        }
    }

    /// What ``parse(_:as:)`` takes, for messages.
    package static func grammar(_ type: FieldType) -> String {
        switch type {
        case .text: "any text"
        case .integer: "a whole number such as 42 or -7, without separators or leading zeros"
        case .decimal: "a number such as 42, -7 or 19.99, with a dot and without separators"
        case .boolean: "true or false, yes or no, y or n, t or f, 1 or 0"
        case .date: "a day such as 2026-11-22, 11/22/2026 or 22.11.2026"
        }
    }

    /// Canonical only, so that `007` and `+1` are not read as something that prints differently.
    static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard let first = self.digitsStart(bytes), bytes.count - first <= 19 else { return nil }
        guard bytes[first] != ASCII.zero || bytes.count == 1 else { return nil }
        var magnitude: UInt64 = 0
        for index in first..<bytes.count {
            guard bytes[index].isDigit else { return nil }
            magnitude = magnitude * 10 + UInt64(bytes[index] - ASCII.zero)
        }
        if first == 0 { return Int64(exactly: magnitude) }
        return magnitude == 1 << 63 ? Int64.min : Int64(exactly: magnitude).map { -$0 }
    }

    /// `-`, digits without leading zeros, and a fraction.
    static func decimal(_ bytes: UnsafeBufferPointer<UInt8>) -> Double? {
        guard let first = self.digitsStart(bytes), bytes.count <= self.decimalBytesMax else { return nil }
        var digits = 0
        var mantissa: UInt64 = 0
        var dot: Int?
        for index in first..<bytes.count {
            let byte = bytes[index]
            if byte == ASCII.dot, dot == nil, index > first {
                dot = index
                continue
            }
            guard byte.isDigit else { return nil }
            digits += 1
            if digits <= 15 { mantissa = mantissa * 10 + UInt64(byte - ASCII.zero) }
        }
        if let dot, dot == bytes.count - 1 { return nil }
        if bytes[first] == ASCII.zero, let next = bytes.dropFirst(first + 1).first, next != ASCII.dot { return nil }
        guard digits <= 15 else {
            // Too many digits for one exact division: the standard library rounds right.
            return Double(String(decoding: bytes, as: UTF8.self))
        }
        let fraction = dot.map { bytes.count - $0 - 1 } ?? 0
        let magnitude = Double(mantissa) / self.powersOfTen[fraction]
        return first == 0 ? magnitude : -magnitude
    }

    /// Longer ones are identifiers, not amounts.
    private static let decimalBytesMax = 40

    /// Exact in a `Double`, as every 15-digit mantissa is: their quotient is rounded once.
    private static let powersOfTen: [Double] = [
        1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    ]

    /// Where the digits begin: behind a minus.
    private static func digitsStart(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        let first = bytes.first == ASCII.hyphen ? 1 : 0
        return first < bytes.count && bytes[first].isDigit ? first : nil
    }

    static func boolean(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool? {
        switch bytes.count {
        case 1:
            switch bytes[0].lowercased {
            case 0x79, 0x74, 0x31: true
            case 0x6E, 0x66, 0x30: false
            default: nil
            }
        case 2: bytes.equalsIgnoringCase("no") ? false : nil
        case 3: bytes.equalsIgnoringCase("yes") ? true : nil
        case 4: bytes.equalsIgnoringCase("true") ? true : nil
        case 5: bytes.equalsIgnoringCase("false") ? false : nil
        default: nil
        }
    }

    /// `YYYY-MM-DD`, a day that exists.
    static func isDate(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count == 10, bytes[4] == ASCII.hyphen, bytes[7] == ASCII.hyphen else { return false }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for index in range {
                guard bytes[index].isDigit else { return nil }
                value = value * 10 + Int(bytes[index] - ASCII.zero)
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10) else { return false }
        return CalendarDay.exists(year: year, month: month, day: day)
    }
}
