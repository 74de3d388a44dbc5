/// Header values (RFC 5322 section 2.2, RFC 2047): folded, in ASCII, and unable to end their own line.
enum HeaderText {
    /// Folded lines stay within this where blanks allow it (RFC 5322 section 2.1.1).
    static let lineMax = 78
    /// A longer run without blanks is encoded, so that no line comes near the hard limit of 998.
    static let wordMax = 900

    /// Makes a value harmless: what is left has no control character and changes the direction of no text around it.
    ///
    /// Controls (C0, DEL, C1 with U+0085, U+2028, U+2029) together with the blanks around them become one blank, embeddings, overrides
    /// and isolates of the bidirectional algorithm (U+202A–U+202E, U+2066–U+2069) are dropped, bytes that are no UTF-8 become
    /// U+FFFD, and blanks at both ends go.
    ///
    /// - Returns: Valid UTF-8.
    static func neutralised(_ value: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(value.count)
        // Blanks and controls are held back until something follows them.
        var blanks = 0
        var hasControl = false
        for scalar in String(decoding: value, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x202A...0x202E, 0x2066...0x2069:
                continue
            case 0x20:
                blanks += 1
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029:
                hasControl = true
            default:
                if !result.isEmpty {
                    result.append(contentsOf: repeatElement(.blank, count: hasControl ? 1 : blanks))
                }
                (blanks, hasControl) = (0, false)
                result.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
            }
        }
        return result
    }

    /// Whether every byte is printable ASCII or a blank, and nothing would be taken for an encoded word.
    @inline(__always)
    static func isPlain(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        var previous: UInt8 = 0
        for byte in value {
            if byte &- 0x20 > 0x5E || (byte == UInt8(ascii: "?") && previous == .equals) { return false }
            previous = byte
        }
        return true
    }
}

extension MessageBytes {
    /// Appends the value of an unstructured header and the line end.
    ///
    /// - Parameters:
    ///   - value: Any bytes, for instance from a field that a stranger filled in.
    ///   - column: Characters that stand on the line already, `Name: ` that is.
    mutating func appendHeaderValue(_ value: UnsafeBufferPointer<UInt8>, column: Int) {
        let isShort = column + value.count <= HeaderText.lineMax
        let isHarmless = HeaderText.isPlain(value) && value.first != .blank && value.last != .blank
        if isHarmless, isShort {
            self.append(value)
        } else if isHarmless, HeaderText.longestWord(in: value) <= HeaderText.wordMax {
            // Such as a link: there is nothing to take out of it.
            self.appendFolded(value, column: column)
        } else {
            HeaderText.neutralised(value).withUnsafeBufferPointer { clean in
                if HeaderText.isPlain(clean), HeaderText.longestWord(in: clean) <= HeaderText.wordMax {
                    self.appendFolded(clean, column: column)
                } else {
                    self.appendEncodedWords(clean, column: column)
                }
            }
        }
        self.append("\r\n")
    }

    /// Appends printable ASCII, with line ends before blanks so that lines stay short.
    private mutating func appendFolded(_ value: UnsafeBufferPointer<UInt8>, column start: Int) {
        var column = start
        var position = 0
        while position < value.count {
            // One piece is the blanks before a word, and the word: a fold never leaves a line of blanks only.
            var end = position
            while end < value.count, value[end] == .blank { end += 1 }
            while end < value.count, value[end] != .blank { end += 1 }
            if position > 0, column + (end - position) > HeaderText.lineMax {
                self.append("\r\n")
                column = 0
            }
            self.append(UnsafeBufferPointer(rebasing: value[position..<end]))
            column += end - position
            position = end
        }
    }
}

extension HeaderText {
    /// Length of the longest piece that ``MessageBytes/appendHeaderValue(_:column:)`` could not fold, blanks before it included.
    fileprivate static func longestWord(in value: UnsafeBufferPointer<UInt8>) -> Int {
        var longest = 0
        var length = 0
        var previous: UInt8 = 0
        for byte in value {
            length = byte == .blank && previous != .blank ? 1 : length + 1
            longest = max(longest, length)
            previous = byte
        }
        return longest
    }
}
