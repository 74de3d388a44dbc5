/// Brings phone numbers into one form: digits, with a leading `+` when the country is named.
///
/// `00` and `011`, which one dials for another country from Europe and from North America, are `+`; the `(0)` of
/// `+44 (0)20…` is dialled at home only, and goes.
package enum PhoneNumber {
    /// At most 15 digits (ITU-T E.164); fewer than 7 reach nobody from outside.
    static let digitCount = 7...15

    /// What ``normalise(_:into:)`` takes, for messages.
    package static let grammar =
        "\(digitCount.lowerBound) to \(digitCount.upperBound) digits, with blanks, - . / ( ) between and + before them"

    /// The number in that form; `nil` when the text is none.
    package static func normalised(_ text: String) -> [UInt8]? {
        var output: [UInt8] = []
        return Array(text.utf8).withUnsafeBufferPointer { self.normalise($0, into: &output) } ? output : nil
    }

    /// Appends the number.
    ///
    /// - Returns: Whether it was plausible; else `output` is as it was.
    static func normalise(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout [UInt8]) -> Bool {
        let start = output.count
        var digits = 0
        for byte in bytes.trimmed() {
            if byte.isDigit {
                digits += 1
                output.append(byte)
            } else if byte == ASCII.plus, output.count == start {
                output.append(byte)
            } else if !self.separators.contains(byte) {
                digits = 0
                break
            }
        }
        digits = self.nameCountry(bytes, digits, from: start, in: &output)
        guard self.digitCount.contains(digits) else {
            output.removeSubrange(start...)
            return false
        }
        return true
    }

    /// Puts a `+` for what is dialled in its place.
    ///
    /// - Returns: How many digits there are now.
    private static func nameCountry(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ digits: Int,
        from start: Int,
        in output: inout [UInt8]
    ) -> Int {
        guard digits > 0 else { return 0 }
        var count = digits
        if output[start] == ASCII.zero {
            let prefix =
                output[start...].starts(with: "00".utf8) ? 2 : output[start...].starts(with: "011".utf8) ? 3 : 0
            // No country's code begins with 0, and 011 begins national numbers elsewhere: with a country's it is longer than those.
            guard prefix > 0, digits > prefix, output[start + prefix] != ASCII.zero, prefix == 2 || digits >= 13 else {
                return count
            }
            output.replaceSubrange(start..<(start + prefix), with: [ASCII.plus])
            count -= prefix
        }
        // In Italy and San Marino the 0 is part of the number, and stays.
        let keepsZero = output[start...].starts(with: "+39".utf8) || output[start...].starts(with: "+378".utf8)
        guard output[start] == ASCII.plus, !keepsZero, let place = self.digitsBeforeTrunk(bytes) else { return count }
        // Counted in what was written, so the prefix's digits are in it.
        let index = start + 1 + place - (digits - count)
        guard index > start + 1, index < output.count, output[index] == ASCII.zero else { return count }
        output.remove(at: index)
        return count - 1
    }

    /// How many digits stand before `(0)`; `nil` without it.
    private static func digitsBeforeTrunk(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        guard bytes.count > 3 else { return nil }
        var digits = 0
        for index in 0..<(bytes.count - 2) {
            if bytes[index] == 0x28, bytes[index + 1] == ASCII.zero, bytes[index + 2] == 0x29 { return digits }
            if bytes[index].isDigit { digits += 1 }
        }
        return nil
    }

    private static let separators = ByteSet(" -./()")
}
