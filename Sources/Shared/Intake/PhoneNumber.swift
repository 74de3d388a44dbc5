/// Brings phone numbers into one form: digits, with a leading `+` when the country is named.
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
        guard self.digitCount.contains(digits) else {
            output.removeSubrange(start...)
            return false
        }
        return true
    }

    private static let separators = ByteSet(" -./()")
}
