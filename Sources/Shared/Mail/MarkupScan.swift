/// A start tag of an HTML text, as far as advice about it needs.
struct MarkupTag {
    struct Attribute {
        /// Lower case.
        let name: String
        /// `nil` without `=`.
        let value: String?
    }

    /// Lower case.
    let name: String
    let attributes: [Attribute]
    /// Of its `<` in the text's bytes.
    let offset: Int

    func value(_ name: String) -> String?? { self.attributes.first { $0.name == name }.map(\.value) }
}

/// Reads the tags of an HTML template, forgiving everything: what it does not understand is text.
///
/// Mustache tags in the usual delimiters are skipped, wherever they stand.
struct MarkupScan {
    private let bytes: [UInt8]
    private var index = 0
    private(set) var tags: [MarkupTag] = []
    /// Bytes that a reader sees, without blanks.
    private(set) var visible = 0

    /// Tags that are looked at; a mail of this many is beyond advice.
    private static let tagsMax = 50_000

    init(_ text: String) {
        self.bytes = Array(text.utf8)
        while self.index < self.bytes.count, self.tags.count < Self.tagsMax { self.step() }
    }

    private mutating func step() {
        if self.starts(with: "{{") { return self.skip(past: "}}") }
        if self.starts(with: "<!--") { return self.skip(past: "-->") }
        let byte = self.bytes[self.index]
        if byte == UInt8(ascii: "<"), let next = self.byte(1), Self.isLetter(next) { return self.readTag() }
        if byte == UInt8(ascii: "<"), self.byte(1) == UInt8(ascii: "/") { return self.skip(past: ">") }
        if !Self.isBlank(byte) { self.visible += 1 }
        self.index += 1
    }

    private mutating func readTag() {
        let offset = self.index
        self.index += 1
        let name = self.word { !Self.isBlank($0) && $0 != UInt8(ascii: ">") && $0 != UInt8(ascii: "/") }
        var attributes: [MarkupTag.Attribute] = []
        while let byte = self.byte(0), byte != UInt8(ascii: ">") {
            if self.starts(with: "{{") {
                self.skip(past: "}}")
            } else if Self.isBlank(byte) || byte == UInt8(ascii: "/") {
                self.index += 1
            } else {
                attributes.append(self.readAttribute())
            }
        }
        self.index += 1
        self.tags.append(MarkupTag(name: name, attributes: attributes, offset: offset))
        // What stands in these is not for readers.
        if name == "style" || name == "script" || name == "title" { self.skip(to: "</\(name)") }
    }

    private mutating func readAttribute() -> MarkupTag.Attribute {
        let start = self.index
        let name = self.word { byte in
            !Self.isBlank(byte) && byte != UInt8(ascii: "=") && byte != UInt8(ascii: ">") && byte != UInt8(ascii: "/")
        }
        if self.index == start { self.index += 1 }
        self.skipBlanks()
        guard self.byte(0) == UInt8(ascii: "=") else { return .init(name: name, value: nil) }
        self.index += 1
        self.skipBlanks()
        guard let quote = self.byte(0), quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let begin = self.index
            _ = self.word { !Self.isBlank($0) && $0 != UInt8(ascii: ">") }
            return .init(name: name, value: self.text(begin..<self.index))
        }
        self.index += 1
        let begin = self.index
        while let byte = self.byte(0), byte != quote { self.index += 1 }
        let value = self.text(begin..<min(self.index, self.bytes.count))
        self.index += 1
        return .init(name: name, value: value)
    }

    private mutating func word(_ belongs: (UInt8) -> Bool) -> String {
        let start = self.index
        while let byte = self.byte(0), belongs(byte) { self.index += 1 }
        return self.text(start..<self.index).lowercased()
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: self.bytes[range], as: UTF8.self) }

    private func byte(_ ahead: Int) -> UInt8? {
        self.index + ahead < self.bytes.count ? self.bytes[self.index + ahead] : nil
    }

    private mutating func skipBlanks() {
        while let byte = self.byte(0), Self.isBlank(byte) { self.index += 1 }
    }

    private func starts(with text: StaticString) -> Bool {
        text.withUTF8Buffer { self.bytes[self.index...].starts(with: $0) }
    }

    private mutating func skip(past text: String) {
        self.skip(to: text)
        self.index = min(self.bytes.count, self.index + text.utf8.count)
    }

    /// Goes to the next `text` in either case, or to the end.
    private mutating func skip(to text: String) {
        let wanted = Array(text.utf8)
        while self.index < self.bytes.count {
            let rest = self.bytes[self.index...].prefix(wanted.count)
            if rest.count == wanted.count, zip(rest, wanted).allSatisfy({ $0 | 0x20 == $1 | 0x20 }) { return }
            self.index += 1
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
}
