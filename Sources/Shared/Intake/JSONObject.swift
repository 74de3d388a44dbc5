/// Reads one JSON object (RFC 8259) into names and texts.
///
/// | in the object | what becomes of it |
/// |---|---|
/// | a text | itself |
/// | a number, true, false | as it is written |
/// | null | no value |
/// | an object | its members, with its name and `_` before theirs |
/// | an array of values that are none of the two | the values, joined by `, ` |
///
/// Of a contact that this program exported, these are its fields, and what says whose its external id is.
struct JSONObject {
    /// What is wrong, and where in the line (1-based).
    struct Problem: Error {
        let column: Int
        let reason: String
    }

    /// Objects inside objects.
    static let depthMax = 8
    /// Values of one object: SQLite's limit of columns in a table.
    static let membersMax = TableReader.columnsMax

    private(set) var members: [(name: String, value: [UInt8])] = []
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0

    /// Reads a whole line.
    ///
    /// - Parameters:
    ///   - line: Valid UTF-8.
    ///   - isExport: Whether it is a contact that this program exported.
    /// - Returns: Names with their values, in the order of the object.
    /// - Throws: What is wrong with the line.
    static func parse(
        _ line: UnsafeBufferPointer<UInt8>,
        isExport: Bool = false
    ) throws(Problem) -> [(name: String, value: [UInt8])] {
        var parser = Self(line)
        parser.skipSpace()
        if isExport { try parser.contact() } else { try parser.object(prefix: "", depth: 1) }
        parser.skipSpace()
        guard parser.index == line.count else { throw parser.problem("there is something behind the object") }
        return parser.members
    }

    /// Whether a line is a contact that this program exported: an object with just these names.
    static func isExport(_ line: UnsafeBufferPointer<UInt8>) -> Bool {
        var parser = Self(line)
        var names: [String] = []
        do throws(Problem) {
            try parser.eachMember { (parser, name) throws(Problem) in
                names.append(name)
                try parser.skipValue()
            }
        } catch {
            return false
        }
        let own: Set = [
            "contact", "fields", HeaderMapping.idSystemName, "lists", "sources", "consent", "created_at", "updated_at",
        ]
        // Exports of before have no system.
        return Set(names).union([HeaderMapping.idSystemName]) == own
    }

    /// Reads a contact that this program exported.
    private mutating func contact() throws(Problem) {
        var system: [UInt8]?
        try self.eachMember { (parser, name) throws(Problem) in
            switch (name, parser.next) {
            case ("fields", 0x7B): try parser.object(prefix: "", depth: 2)
            case (HeaderMapping.idSystemName, _): system = try parser.value()
            default: try parser.skipValue()
            }
        }
        // Last: of a name that comes twice the last one counts.
        if let system { self.members.append((HeaderMapping.idSystemName, system)) }
    }

    /// Gives the names of an object in turn, each with the parser before its value, which must be read.
    private mutating func eachMember(
        _ body: (inout Self, String) throws(Problem) -> Void
    ) throws(Problem) {
        try self.expect(0x7B)
        guard self.next != 0x7D else {
            self.index += 1
            return
        }
        while true {
            let name = String(decoding: try self.text(), as: UTF8.self)
            self.skipSpace()
            try self.expect(ASCII.colon)
            try body(&self, name)
            self.skipSpace()
            guard self.next != ASCII.comma else {
                try self.expect(ASCII.comma)
                continue
            }
            try self.expect(0x7D)
            return
        }
    }

    /// Passes over a value of any kind.
    private mutating func skipValue() throws(Problem) {
        var depth = 0
        repeat {
            self.skipSpace()
            switch self.next {
            case 0x7B, 0x5B:
                depth += 1
                self.index += 1
            case 0x7D where depth > 0, 0x5D where depth > 0:
                depth -= 1
                self.index += 1
            case ASCII.comma where depth > 0, ASCII.colon where depth > 0: self.index += 1
            case ASCII.quote: _ = try self.text()
            default: _ = try self.word()
            }
        } while depth > 0
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    private var next: UInt8? { self.index < self.bytes.count ? self.bytes[self.index] : nil }

    private func problem(_ reason: String) -> Problem { Problem(column: self.index + 1, reason: reason) }

    private mutating func skipSpace() {
        while let byte = self.next, byte == ASCII.space || byte == ASCII.tab || byte == ASCII.carriageReturn {
            self.index += 1
        }
    }

    private mutating func expect(_ byte: UInt8) throws(Problem) {
        guard self.next == byte else {
            throw self.problem("this is no JSON: '\(Unicode.Scalar(byte))' is missing here")
        }
        self.index += 1
        self.skipSpace()
    }

    private mutating func object(prefix: String, depth: Int) throws(Problem) {
        guard depth <= Self.depthMax else { throw self.problem("objects are nested deeper than \(Self.depthMax)") }
        try self.expect(0x7B)
        guard self.next != 0x7D else {
            self.index += 1
            return
        }
        while true {
            let name = prefix + String(decoding: try self.text(), as: UTF8.self)
            self.skipSpace()
            try self.expect(ASCII.colon)
            if self.next == 0x7B {
                try self.object(prefix: name + "_", depth: depth + 1)
            } else {
                guard self.members.count < Self.membersMax else {
                    throw self.problem("the object has more than \(Self.membersMax) values")
                }
                self.members.append((name, try self.value()))
            }
            self.skipSpace()
            if self.next == ASCII.comma {
                try self.expect(ASCII.comma)
                continue
            }
            try self.expect(0x7D)
            return
        }
    }

    private mutating func value() throws(Problem) -> [UInt8] {
        switch self.next {
        case ASCII.quote: return try self.text()
        case 0x5B: return try self.array()
        case 0x7B: throw self.problem("an object inside an array has no name here")
        default: return try self.word()
        }
    }

    private mutating func array() throws(Problem) -> [UInt8] {
        try self.expect(0x5B)
        var joined: [UInt8] = []
        guard self.next != 0x5D else {
            self.index += 1
            return joined
        }
        while true {
            guard self.next != 0x5B else { throw self.problem("an array inside an array is no value") }
            let value = try self.value()
            if !joined.isEmpty, !value.isEmpty { joined += [ASCII.comma, ASCII.space] }
            joined += value
            self.skipSpace()
            if self.next == ASCII.comma {
                try self.expect(ASCII.comma)
                continue
            }
            guard self.next == 0x5D else { throw self.problem("this is no JSON: ']' is missing here") }
            self.index += 1
            return joined
        }
    }

    /// A number, `true`, `false` or `null`.
    private mutating func word() throws(Problem) -> [UInt8] {
        let start = self.index
        while let byte = self.next, byte.isLetter || byte.isDigit || Self.signs.contains(byte) { self.index += 1 }
        let word = UnsafeBufferPointer(rebasing: self.bytes[start..<self.index])
        if word.elementsEqual("null".utf8) { return [] }
        if word.elementsEqual("true".utf8) || word.elementsEqual("false".utf8) { return Array(word) }
        guard let first = word.first, first.isDigit || first == ASCII.hyphen, word.contains(where: \.isDigit),
            Double(String(decoding: word, as: UTF8.self)) != nil
        else {
            self.index = start
            throw self.problem("this is no JSON value")
        }
        return Array(word)
    }

    private static let signs = ByteSet("+-.")

    private mutating func text() throws(Problem) -> [UInt8] {
        guard self.next == ASCII.quote else { throw self.problem("this is no JSON: a text in quotes is missing here") }
        self.index += 1
        var text: [UInt8] = []
        while let byte = self.next {
            switch byte {
            case ASCII.quote:
                self.index += 1
                return text
            case ASCII.backslash: try self.escape(into: &text)
            case ..<ASCII.space: throw self.problem("a control character stands in a text; JSON wants it escaped")
            default:
                text.append(byte)
                self.index += 1
            }
        }
        throw self.problem("a text is not closed by a quote")
    }

    private mutating func escape(into text: inout [UInt8]) throws(Problem) {
        self.index += 1
        guard let byte = self.next else { throw self.problem("a text is not closed by a quote") }
        self.index += 1
        switch byte {
        case ASCII.quote, ASCII.backslash, 0x2F: text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(ASCII.lineFeed)
        case UInt8(ascii: "r"): text.append(ASCII.carriageReturn)
        case UInt8(ascii: "t"): text.append(ASCII.tab)
        case UInt8(ascii: "u"): try self.appendScalar(to: &text)
        default: throw self.problem("there is no such escape")
        }
    }

    private mutating func appendScalar(to text: inout [UInt8]) throws(Problem) {
        var value = UInt32(try self.unit())
        if value & 0xFC00 == 0xD800 {
            guard self.next == ASCII.backslash, self.index + 1 < self.bytes.count,
                self.bytes[self.index + 1] == UInt8(ascii: "u")
            else { throw self.problem("half of a character is missing") }
            self.index += 2
            let low = UInt32(try self.unit())
            guard low & 0xFC00 == 0xDC00 else { throw self.problem("half of a character is missing") }
            value = 0x10000 + (value & 0x3FF) << 10 + (low & 0x3FF)
        }
        guard value != 0, let scalar = Unicode.Scalar(value) else {
            throw self.problem("this is no character of a text")
        }
        text.append(contentsOf: String(scalar).utf8)
    }

    private mutating func unit() throws(Problem) -> UInt16 {
        guard self.index + 4 <= self.bytes.count else { throw self.problem("four digits are missing here") }
        let digits = String(decoding: self.bytes[self.index..<(self.index + 4)], as: UTF8.self)
        guard digits.utf8.allSatisfy(\.isHexDigit), let unit = UInt16(digits, radix: 16) else {
            throw self.problem("four digits are missing here")
        }
        self.index += 4
        return unit
    }
}
