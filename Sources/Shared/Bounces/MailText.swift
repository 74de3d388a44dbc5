/// A mail as lines of ASCII, whatever ended its lines and whatever its charset was.
///
/// What matters in a returned mail (addresses, codes, the words of mail systems) is ASCII; any other byte becomes DEL, which no address
/// and no word has, so that a line is as long in characters as in bytes.
enum MailText {
    /// Bytes that are looked at; a returned mail says what went wrong at its beginning.
    static let bytesMax = 1 << 20
    /// Lines that are looked at.
    static let linesMax = 20_000

    /// Cuts at CRLF, LF and CR alike.
    static func lines(_ bytes: [UInt8]) -> [Substring] {
        var text = [UInt8]()
        text.reserveCapacity(min(bytes.count, Self.bytesMax))
        var afterReturn = false
        for byte in bytes.prefix(Self.bytesMax) {
            switch byte {
            case 0x0D:
                text.append(0x0A)
                afterReturn = true
                continue
            case 0x0A where afterReturn: break
            case 0x0A: text.append(0x0A)
            case 0x80...: text.append(0x7F)
            case 0: text.append(0x20)
            default: text.append(byte)
            }
            afterReturn = false
        }
        let whole = String(decoding: text, as: UTF8.self)
        return whole.split(separator: "\n", maxSplits: Self.linesMax, omittingEmptySubsequences: false)
    }
}

extension StringProtocol {
    /// Without blanks and tabs at both ends.
    var trimmed: SubSequence {
        var part = self[...]
        while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
        while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
        return part
    }

    var isBlank: Bool { self.allSatisfy { $0 == " " || $0 == "\t" } }
}

extension Substring {
    /// Without the marks that mailers put before quoted lines.
    var unquoted: Substring {
        var part = self
        while part.first == ">" {
            part = part.dropFirst()
            if part.first == " " { part = part.dropFirst() }
        }
        return part
    }
}
