/// Which header fields of a message are signed, and how they are hashed (RFC 6376 sections 3.4.2 and 5.4).
struct SignedHeader {
    /// Where the body begins.
    let bodyStart: Int
    private let message: UnsafeRawBufferPointer
    /// Fields to sign, each as index into ``names`` and place without its last line end, in the order of `h=`.
    private let fields: [Field]

    private struct Field {
        let name: Int
        let start: Int
        let end: Int
    }

    /// What is signed if it is there, in the order of `h=`.
    ///
    /// Everything that says who writes, to whom, what about, and how the body is to be read.
    private static let names: [[UInt8]] = [
        "from", "to", "cc", "reply-to", "subject", "date", "message-id", "mime-version", "content-type",
        "content-transfer-encoding", "list-id", "list-unsubscribe", "list-unsubscribe-post",
    ].map { Array($0.utf8) }

    /// Names that are listed once more than they occur: one that is added on the way breaks the signature (section 5.4.2).
    ///
    /// `From` is what people see. The other two are what RFC 8058 acts on: they must be under the signature, and nobody else's may
    /// be beside them; so they stand in `h=` of every message, also of one that has none.
    private static let sealed: [[UInt8]] = ["from", "list-unsubscribe", "list-unsubscribe-post"].map { Array($0.utf8) }

    init(_ message: UnsafeRawBufferPointer) {
        var found: [Field] = []
        var start = 0
        while start < message.count, message[start] != 0x0D {
            let end = Self.fieldEnd(message, from: start)
            if let name = Self.name(message, start, end) { found.append(Field(name: name, start: start, end: end)) }
            start = min(end + 2, message.count)
        }
        // Of several with one name the last comes first (section 5.4.2).
        found.reverse()
        var ordered: [Field] = []
        ordered.reserveCapacity(found.count)
        for name in Self.names.indices {
            for field in found where field.name == name { ordered.append(field) }
        }
        self.message = message
        self.fields = ordered
        self.bodyStart = min(start + 2, message.count)
    }

    /// Where the field's last line end begins: the first one that no blank follows.
    private static func fieldEnd(_ message: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position + 1 < message.count {
            if message[position] == 0x0D, message[position + 1] == 0x0A {
                let next = position + 2
                guard next < message.count, message[next] == 0x20 || message[next] == 0x09 else { return position }
            }
            position += 1
        }
        return message.count
    }

    private static func name(_ message: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int? {
        Self.names.firstIndex { name in
            guard start + name.count < end, message[start + name.count] == UInt8(ascii: ":") else { return false }
            return name.indices.allSatisfy { RelaxedField.lowercase(message[start + $0]) == name[$0] }
        }
    }

    /// Appends the fields as they are hashed, each with its line end.
    func append(to out: inout [UInt8]) {
        for field in self.fields {
            RelaxedField.append(UnsafeRawBufferPointer(rebasing: self.message[field.start..<field.end]), to: &out)
            out.append(0x0D)
            out.append(0x0A)
        }
    }

    /// Appends the value of `h=`, folded.
    func appendNames(to out: inout [UInt8]) {
        var column = 4
        func add(_ name: [UInt8], isFirst: Bool) {
            if !isFirst {
                out.append(UInt8(ascii: ":"))
                column += 1
                if column + name.count > 74 {
                    out += [0x0D, 0x0A, 0x20]
                    column = 1
                }
            }
            out += name
            column += name.count
        }
        for (index, field) in self.fields.enumerated() { add(Self.names[field.name], isFirst: index == 0) }
        for (index, name) in Self.sealed.enumerated() { add(name, isFirst: self.fields.isEmpty && index == 0) }
    }
}

/// The "relaxed" form of a header field (RFC 6376 section 3.4.2).
enum RelaxedField {
    /// Appends a field: its name in lower case, a colon, its value on one line with single blanks; no line end.
    static func append(_ field: UnsafeRawBufferPointer, to out: inout [UInt8]) {
        var position = 0
        while position < field.count, field[position] != UInt8(ascii: ":") {
            let byte = field[position]
            if byte != 0x20, byte != 0x09 { out.append(Self.lowercase(byte)) }
            position += 1
        }
        out.append(UInt8(ascii: ":"))
        position += 1
        let start = out.count
        var blank = false
        while position < field.count {
            let byte = field[position]
            position += 1
            switch byte {
            case 0x20, 0x09: blank = true
            case 0x0D, 0x0A: break
            default:
                if blank, out.count > start { out.append(0x20) }
                blank = false
                out.append(byte)
            }
        }
    }

    static func lowercase(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
