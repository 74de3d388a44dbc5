/// Finds YAML aliases without parsing.
enum AliasScan {
    /// Where the first alias stands, if the text also has an anchor.
    ///
    /// Bytes above ASCII count as a break, since YAML has line breaks there. Only `&name` and `*name` at the start of a token and followed by an end of token count, so that `&nbsp;`, `*bold*` and
    /// `R&B` in a template do not.
    static func firstAlias(in source: String) -> Place? {
        var hasAnchor = false
        var alias: Place?
        var line = 1
        var column = 0
        var previous = UInt8(ascii: "\n")
        var sigil: (byte: UInt8, line: Int, column: Int, length: Int)?
        func close(_ byte: UInt8) {
            guard let open = sigil, open.length > 0, Self.endsToken(byte) else { return }
            if open.byte == UInt8(ascii: "&") { hasAnchor = true }
            if open.byte == UInt8(ascii: "*"), alias == nil { alias = Place(line: open.line, column: open.column) }
        }
        for byte in source.utf8 {
            column += 1
            if sigil != nil, Self.isNameByte(byte) {
                sigil?.length += 1
            } else {
                close(byte)
                let starts = (byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*")) && Self.startsToken(previous)
                sigil = starts ? (byte, line, column, 0) : nil
            }
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 0
            }
            previous = byte
        }
        close(UInt8(ascii: "\n"))
        return hasAnchor ? alias : nil
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    private static func startsToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: ":"),
            UInt8(ascii: "?"), 0x80...:
            true
        default: false
        }
    }

    private static func endsToken(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"),
            UInt8(ascii: "?"), UInt8(ascii: "%"), UInt8(ascii: "@"), UInt8(ascii: "`"), 0x80...:
            true
        default: false
        }
    }
}
