/// A mail as lines, whatever ended them and whatever its charset was.
///
/// What matters most in a returned mail (addresses, codes, the words of mail systems) is ASCII. Letters in UTF-8 stay, too; any other byte
/// becomes DEL, which no address and no word has.
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
        let bytes = bytes.prefix(Self.bytesMax)
        // Bytes of a letter that were taken together with its first.
        var taken = 0
        for (index, byte) in bytes.enumerated() {
            if taken > 0 {
                taken -= 1
                continue
            }
            switch byte {
            case 0x0D:
                text.append(0x0A)
                afterReturn = true
                continue
            case 0x0A where afterReturn: break
            case 0x0A: text.append(0x0A)
            case 0x80...:
                let letter = Self.letter(bytes[index...])
                taken = max(0, letter.count - 1)
                text += letter.isEmpty ? [0x7F] : letter[...]
            case 0: text.append(0x20)
            default: text.append(byte)
            }
            afterReturn = false
        }
        let whole = String(decoding: text, as: UTF8.self)
        return whole.split(separator: "\n", maxSplits: Self.linesMax, omittingEmptySubsequences: false)
    }

    /// The bytes of the letter that begins here; empty when none does.
    private static func letter(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        guard let first = bytes.first, first >= 0xC2, first <= 0xF4 else { return [] }
        let whole = bytes.prefix(first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4)
        guard let text = String(validating: whole, as: UTF8.self), text.unicodeScalars.count == 1 else { return [] }
        switch text.unicodeScalars.first?.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return whole
        default: return []
        }
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
