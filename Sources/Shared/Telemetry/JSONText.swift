/// Text as JSON has it (RFC 8259), appended to bytes: what log lines and long answers are made of.
package enum JSONText {
    /// Appends a string with its quotation marks.
    package static func append(_ text: some StringProtocol, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        let appended: Void? = text.utf8.withContiguousStorageIfAvailable { Self.escape($0, to: &bytes) }
        if appended == nil { Array(text.utf8).withUnsafeBufferPointer { Self.escape($0, to: &bytes) } }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Appends a number; one that JSON cannot write (not a number, infinite) becomes `null`.
    package static func append(_ number: Double, to bytes: inout [UInt8]) {
        if !number.isFinite {
            bytes.append(contentsOf: "null".utf8)
        } else if let whole = Int64(exactly: number) {
            Self.append(whole, to: &bytes)
        } else {
            bytes.append(contentsOf: String(number).utf8)
        }
    }

    /// Writes a whole number in digits.
    package static func append(_ number: Int64, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: String(number).utf8)
    }

    /// Copies runs of plain bytes whole, so that ordinary text costs one copy.
    private static func escape(_ text: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        var start = text.startIndex
        for index in text.indices {
            let byte = text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            bytes.append(contentsOf: text[start..<index])
            Self.appendEscape(of: byte, to: &bytes)
            start = index + 1
        }
        bytes.append(contentsOf: text[start...])
    }

    private static func appendEscape(of byte: UInt8, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: "u00".utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 0x0F)])
        }
    }
}
