/// What a link in HTML may begin with when a field's value says it.
///
/// A value that somebody typed into a form must not become `javascript:` or `data:` in an attribute that readers' programs follow.
enum LinkStart {
    /// Attributes that name something to be opened or loaded.
    private static let attributes: [[UInt8]] = [
        "href", "src", "action", "formaction", "background", "poster", "srcset", "xlink:href",
    ].map { Array($0.utf8) }

    /// Schemes that readers' programs open and that do nothing by themselves; `cid` is for images.
    static let schemes: Set<String> = ["http", "https", "mailto", "tel", "sms", "cid"]

    /// The text before a tag that can say that the tag begins a link: an attribute, `=`, a quote, and some blanks.
    static let lookBehind = 64

    /// Whether what comes after this text is the beginning of a link.
    static func follows(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text.suffix(Self.lookBehind)
        rest.dropBlanks()
        if let last = rest.last, last == UInt8(ascii: "\"") || last == UInt8(ascii: "'") { rest.removeLast() }
        rest.dropBlanks()
        guard rest.popLast() == UInt8(ascii: "=") else { return false }
        rest.dropBlanks()
        let name = rest.reversed().prefix { Self.isLetter($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }
        let attribute = name.reversed().map { $0 | 0x20 }
        // A colon stays one: it has that bit.
        return Self.attributes.contains(attribute)
    }

    /// Whether a value may begin a link: it names a scheme that is allowed, or none.
    ///
    /// Read as a browser does: blanks before it and line ends in it count for nothing, and a reference such as `&#58;` may be anything.
    static func isAllowed(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        var name: [UInt8] = []
        for byte in value {
            switch byte {
            case 0x00...0x20: continue
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): return true
            case UInt8(ascii: ":"): return Self.schemes.contains(String(decoding: name, as: UTF8.self))
            case UInt8(ascii: "&"): return false
            default:
                // No scheme that matters is as long.
                guard name.count < 16 else { continue }
                name.append(Self.isLetter(byte) ? byte | 0x20 : byte)
            }
        }
        // The colon may stand behind it in the template.
        return !Self.refused.contains(String(decoding: name, as: UTF8.self))
    }

    private static let refused: Set<String> = ["javascript", "vbscript", "data"]

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func dropBlanks() {
        while let last = self.last, last == 0x20 || (0x09...0x0D).contains(last) { self.removeLast() }
    }
}
