/// Undoes the encoding of words in header fields (RFC 2047); what breaks its rules is taken as it is.
enum EncodedWords {
    /// Words of one field that are decoded.
    static let wordsMax = 100
    /// Bytes of a field that is decoded; nobody reads a longer one.
    private static let bytesMax = 10_000

    /// The text with every encoded word decoded, on one line.
    static func text(_ value: String) -> String {
        guard value.utf8.count <= Self.bytesMax, value.contains("=?") else { return value }
        var out = ""
        var rest = Substring(value)
        var count = 0
        while count < Self.wordsMax, let open = rest.firstRange(of: "=?") {
            let parts = rest[open.upperBound...].split(separator: "?", maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 4, parts[3].first == "=", let word = Self.decoded(parts[2], parts[1]) else {
                out += rest[..<open.upperBound]
                rest = rest[open.upperBound...]
                count += 1
                continue
            }
            let before = rest[..<open.lowerBound]
            // Blanks between two encoded words belong to neither.
            if !(count > 0 && before.isBlank) { out += before }
            out += word
            rest = parts[3].dropFirst()
            count += 1
        }
        return out + rest
    }

    private static func decoded(_ text: Substring, _ encoding: Substring) -> String? {
        let name: String
        switch encoding {
        case "B", "b": name = "base64"
        case "Q", "q": name = "quoted-printable"
        default: return nil
        }
        let line = name == "base64" ? text : text.replacing("_", with: " ")
        return TransferText.decoded([line][...], name).joined(separator: " ").trimmingEnd
    }
}

extension String {
    /// Without the blanks at its end that an encoding leaves over.
    fileprivate var trimmingEnd: String {
        var text = self[...]
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
