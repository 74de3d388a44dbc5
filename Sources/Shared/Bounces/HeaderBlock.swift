/// Header fields, unfolded, names in lower case.
struct HeaderBlock {
    /// Fields that are kept; more are skipped.
    static let fieldsMax = 1_000

    private(set) var fields: [(name: String, value: String)] = []
    private var isFull = false

    /// Reads fields up to the first empty line, or the first line that cannot be one.
    ///
    /// - Parameter lines: Those of a message or a part; one `From ` line of a mailbox file and empty lines before the first field are
    ///   skipped.
    /// - Returns: The lines after the header.
    mutating func read(_ lines: ArraySlice<Substring>) -> ArraySlice<Substring> {
        var rest = lines
        if let first = rest.first, first.hasPrefix("From ") || first.hasPrefix(">From ") { rest = rest.dropFirst() }
        while let first = rest.first, first.isEmpty, rest.startIndex < lines.startIndex + 3 { rest = rest.dropFirst() }
        while let line = rest.first {
            if line.isBlank { return rest.dropFirst() }
            if line.first == " " || line.first == "\t", let last = self.fields.indices.last {
                // What continues a field beyond the limit is skipped with it.
                if !self.isFull { self.fields[last].value += " " + line.trimmed }
            } else if let (name, value) = Self.field(line) {
                self.isFull = self.fields.count >= Self.fieldsMax
                if !self.isFull { self.fields.append((name, value)) }
            } else if !self.fields.isEmpty, !line.hasPrefix("From "), !line.hasPrefix(">From ") {
                return rest
            }
            rest = rest.dropFirst()
        }
        return rest
    }

    /// The first field of this name; empty when there is none.
    subscript(name: String) -> String { self.fields.first { $0.name == name }?.value ?? "" }

    /// All fields of these names, in order.
    func all(_ names: String...) -> [String] { self.fields.filter { names.contains($0.name) }.map(\.value) }

    /// A field's name and value, if the line begins one (RFC 5322, section 2.2).
    static func field(_ line: Substring) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let name = line[..<colon].trimmed
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return (name.lowercased(), String(line[line.index(after: colon)...].trimmed))
    }

    /// A parameter of a structured field such as `Content-Type` (RFC 2045, section 5.1).
    static func parameter(_ name: String, of value: String) -> String? {
        var rest = Substring(value)
        while let semicolon = rest.firstIndex(of: ";") {
            rest = rest[rest.index(after: semicolon)...]
            guard let equals = rest.firstIndex(of: "=") else { return nil }
            guard rest[..<equals].trimmed.lowercased() == name else { continue }
            let text = rest[rest.index(after: equals)...].trimmed
            guard text.first == "\"" else { return String(text.prefix { $0 != ";" && $0 != " " && $0 != "\t" }) }
            return String(text.dropFirst().prefix { $0 != "\"" })
        }
        return nil
    }
}
