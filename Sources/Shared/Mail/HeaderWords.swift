/// Encoded words (RFC 2047): text outside ASCII in headers, as `=?utf-8?q?caf=C3=A9?=`.
extension MessageBytes {
    /// Longest encoded word, and longest line that holds one (RFC 2047 section 2).
    private static let encodedWordMax = 75
    private static let encodedLineMax = 76
    /// `=?utf-8?q?` and `?=`.
    private static let encodedWordFrame = 12

    /// Appends text as encoded words, one a line, none of which splits a character.
    ///
    /// - Parameters:
    ///   - text: Valid UTF-8 without control characters. Nothing is appended when it is empty.
    ///   - startColumn: Characters that stand on the line already.
    /// - Returns: Characters on the last line.
    @discardableResult
    mutating func appendEncodedWords(_ text: UnsafeBufferPointer<UInt8>, column startColumn: Int) -> Int {
        let isBase64 = Self.prefersBase64(text)
        var column = startColumn
        var position = 0
        while position < text.count {
            let room = min(Self.encodedWordMax, Self.encodedLineMax - column) - Self.encodedWordFrame
            let end = Self.endOfWord(text, from: position, room: room, isBase64: isBase64)
            if end > position {
                let before = self.count
                self.append(isBase64 ? "=?utf-8?b?" : "=?utf-8?q?")
                let chunk = UnsafeBufferPointer(rebasing: text[position..<end])
                if isBase64 { self.appendBase64(chunk) } else { self.appendQ(chunk) }
                self.append("?=")
                column += self.count - before
                position = end
            }
            if position < text.count {
                self.append("\r\n ")
                column = 1
            }
        }
        return column
    }

    /// How far a word goes that starts at `start` and has `room` characters for its content.
    private static func endOfWord(
        _ text: UnsafeBufferPointer<UInt8>,
        from start: Int,
        room: Int,
        isBase64: Bool
    ) -> Int {
        var used = 0
        var end = start
        while end < text.count {
            var next = end + 1
            while next < text.count, text[next] & 0xC0 == 0x80 { next += 1 }
            if isBase64 {
                guard (next - start + 2) / 3 * 4 <= room else { break }
            } else {
                used += text[end..<next].reduce(0) { $0 + Self.costInQ($1) }
                guard used <= room else { break }
            }
            end = next
        }
        return end
    }

    private mutating func appendQ(_ text: UnsafeBufferPointer<UInt8>) {
        let digits: StaticString = "0123456789ABCDEF"
        for byte in text {
            if byte == .blank {
                self.append(UInt8(ascii: "_"))
            } else if Self.isSafeInQ(byte) {
                self.append(byte)
            } else {
                self.append(.equals)
                self.append(digits.utf8Start[Int(byte >> 4)])
                self.append(digits.utf8Start[Int(byte & 15)])
            }
        }
    }

    private static func prefersBase64(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        text.reduce(0) { $0 + Self.costInQ($1) } > (text.count + 2) / 3 * 4
    }

    private static func costInQ(_ byte: UInt8) -> Int { byte == .blank || Self.isSafeInQ(byte) ? 1 : 3 }

    /// The bytes that need no encoding anywhere, display names included (RFC 2047 section 5 rule 3).
    private static func isSafeInQ(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "!"), UInt8(ascii: "*"), UInt8(ascii: "+"),
            UInt8(ascii: "-"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}
