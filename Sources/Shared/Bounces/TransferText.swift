/// Undoes a content transfer encoding (RFC 2045, section 6); what breaks its rules is taken as it is.
enum TransferText {
    static func decoded(_ lines: ArraySlice<Substring>, _ encoding: String) -> [Substring] {
        switch encoding.trimmed.lowercased() {
        case "quoted-printable": return MailText.lines(Self.quotedPrintable(lines))
        case "base64": return MailText.lines(Self.base64(lines))
        default: return Array(lines)
        }
    }

    private static func quotedPrintable(_ lines: ArraySlice<Substring>) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in lines {
            var text = line
            while let last = text.last, last == " " || last == "\t" { text = text.dropLast() }
            let units = Array(text.utf8)
            var index = 0
            var isSoft = false
            while index < units.count {
                if units[index] == UInt8(ascii: "=") {
                    if index == units.count - 1 {
                        isSoft = true
                        break
                    }
                    if index + 2 < units.count, let high = Self.digit(units[index + 1]),
                        let low = Self.digit(units[index + 2])
                    {
                        bytes.append(high << 4 | low)
                        index += 3
                        continue
                    }
                }
                bytes.append(units[index])
                index += 1
            }
            if !isSoft { bytes.append(0x0A) }
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    private static func base64(_ lines: ArraySlice<Substring>) -> [UInt8] {
        var bytes: [UInt8] = []
        var held: UInt32 = 0
        var bits: UInt32 = 0
        for line in lines {
            for byte in line.utf8 {
                guard let value = Self.sixBits(byte) else { continue }
                held = held << 6 | value
                bits += 6
                guard bits >= 8 else { continue }
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: held >> bits))
            }
        }
        return bytes
    }

    private static func sixBits(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte - 0x41)
        case 0x61...0x7A: UInt32(byte - 0x61 + 26)
        case 0x30...0x39: UInt32(byte - 0x30 + 52)
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}

/// HTML as lines of text: enough to find sentences and addresses in.
enum MarkupText {
    /// Bytes of a tag that are kept: its name comes first.
    private static let tagMax = 512
    private static let breaks: Set<String> = ["br", "p", "div", "tr", "li", "td", "h1", "h2", "h3", "h4", "table"]
    private static let silent: Set<String> = ["style", "script", "head"]
    private static let entities: [(String, String)] = [
        ("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
    ]

    static func lines(_ markup: [Substring]) -> [Substring] {
        var text = ""
        var tag: String?
        var silence: String?
        for line in markup {
            for character in line {
                if let name = tag {
                    if character == ">" {
                        Self.close(name, &text, &silence)
                        tag = nil
                    } else if name.utf8.count < Self.tagMax {
                        // The optional itself: a copy of it would be copied again for every character.
                        tag?.append(character)
                    }
                } else if character == "<" {
                    tag = ""
                } else if silence == nil {
                    text.append(character)
                }
            }
            // A tag may go on in the next line; text that does is one sentence with it.
            if tag != nil { tag?.append(" ") } else if silence == nil { text.append(" ") }
        }
        for (entity, character) in Self.entities { text = text.replacing(entity, with: character) }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    private static func close(_ tag: String, _ text: inout String, _ silence: inout String?) {
        // `<user@example.org>` is no tag, whatever the author of the page believed.
        if tag.contains("@"), !tag.contains(" "), !tag.contains("=") {
            text += "<\(tag)>"
            return
        }
        let isEnd = tag.hasPrefix("/")
        let name = tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }.lowercased()
        if let silent = silence {
            if isEnd, name == silent { silence = nil }
        } else if !isEnd, Self.silent.contains(name) {
            silence = name
        } else if Self.breaks.contains(name) {
            text += "\n"
        }
    }
}
