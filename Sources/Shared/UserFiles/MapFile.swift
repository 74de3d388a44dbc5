import Domain

/// What a user says about a table of contacts: how it is written, and what its columns are.
///
/// ```yaml
/// separator: pipe                # comma, semicolon, tab, pipe; default: found by counting
/// encoding: windows-1252         # utf-8, utf-16le, utf-16be, windows-1252; default: found by looking
/// quotes: none                   # default double: "…" around a cell; none: quotes are text
/// header: false                  # default true: the first line names the columns
/// columns: [voter_id, last_name, first_name, e_mail]      # needed without a header; else in place of its names
/// fields: { voter_id: external_id, e_mail: email, remarks: null }   # header → field; nothing: the column is left out
/// types: { zip: text, born: date MM/DD/YYYY }
/// id_system: county              # whose numbers external_id has
/// without_address: keep          # default reject: rows with an external id, but neither e-mail nor telephone
/// opt_outs: ignore               # default heed: columns that say who must not be written to
/// ```
///
/// It goes to the coordinator as JSON of the same keys.
package struct MapFile: Codable, Hashable, Sendable {
    package var separator: String?
    package var encoding: String?
    package var quotes: String?
    package var header: Bool?
    package var columns: [String]?
    /// Header text → field name; empty: the column is left out.
    package var fields: [String: String]?
    package var types: [String: String]?
    package var idSystem: String?
    package var withoutAddress: String?
    package var optOuts: String?

    /// Nothing is said of the file.
    package init() {}

    package static let separators = ["comma", "semicolon", "tab", "pipe"]
    package static let encodings = ["utf-8", "utf-16le", "utf-16be", "windows-1252"]
    package static let types = ["text", "integer", "decimal", "boolean", "date"] + dayOrders.map { "date \($0)" }
    /// In which order a column's days may be said to stand, behind `date`.
    package static let dayOrders = ["MM/DD/YYYY", "DD/MM/YYYY"]
    /// As many as a table may have.
    package static let columnsMax = 2_000

    private enum CodingKeys: String, CodingKey {
        case separator, encoding, quotes, header, columns, fields, types
        case idSystem = "id_system"
        case withoutAddress = "without_address"
        case optOuts = "opt_outs"
    }

    /// Reads the file at `path`; all its problems are thrown at once.
    package static func load(path: String) throws(FileProblems) -> MapFile {
        let bytes: [UInt8]
        do {
            bytes = try RegularFile.read(path, RegularFile.Demand(bytesMax: FileNode.sourceBytesMax))
        } catch {
            throw FileProblems([Diagnostic(file: path, "the file \(error.message)")])
        }
        return try Self.parse(String(decoding: bytes, as: UTF8.self), file: path)
    }

    /// Reads a map from text, as if it stood in `file`.
    package static func parse(_ source: String, file: String) throws(FileProblems) -> MapFile {
        let root = try FileNode.parse(source, file: file)
        let reading = FileReading(file: file, source: source, environment: nil)
        let keys = KeyReader(root, path: "", reading: reading, keys: Self.keys)
        var map = MapFile()
        map.separator = keys.word("separator", Self.separators)
        map.encoding = keys.word("encoding", Self.encodings)
        map.quotes = keys.word("quotes", ["double", "none"])
        map.header = keys.word("header", ["true", "false"]).map { $0 == "true" }
        map.columns = keys.list("columns", atMost: Self.columnsMax, of: "column names")?.compactMap { path, node in
            reading.scalar(node, path: path)?.text
        }
        map.fields = keys.texts("fields")
        map.types = keys.texts("types")
        for (name, type) in (map.types ?? [:]).sorted(by: { $0.key < $1.key }) where !Self.types.contains(type) {
            keys.problem("types", "\(name): \(quoted(type)) is no type; allowed: \(Self.types.joined(separator: ", "))")
        }
        map.idSystem = keys.value("id_system", default: nil, allowed: "1 to 32 of a-z, 0-9 and _") { text in
            Self.isWord(text) ? .some(text) : nil
        }
        map.withoutAddress = keys.word("without_address", ["keep", "reject"])
        map.optOuts = keys.word("opt_outs", ["heed", "ignore"])
        if map.header == false, map.columns == nil {
            keys.problem("header", "is false, and there are no columns; name them from the left under columns")
        }
        return try reading.finish(map)
    }

    /// Whether a text can name a system of ids.
    package static func isWord(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    }

    private static let keys = KeySet(known: [
        "separator", "encoding", "quotes", "header", "columns", "fields", "types", "id_system", "without_address",
        "opt_outs",
    ])
}

extension KeyReader {
    /// One of a few words, if there is any.
    fileprivate func word(_ key: String, _ words: [String]) -> String? {
        self.value(key, default: nil, allowed: words.joined(separator: ", ")) { text in
            words.contains(text) ? .some(text) : nil
        }
    }

    /// A group whose keys are the user's own; a key with nothing behind it gives an empty text.
    fileprivate func texts(_ key: String) -> [String: String]? {
        guard let node = self.node(key) else { return nil }
        guard case .map(let entries, _) = node else {
            self.problem(key, "is \(node.kind); allowed: a group of keys")
            return nil
        }
        var texts: [String: String] = [:]
        for entry in entries {
            let path = "\(self.path(of: key)).\(entry.key)"
            if case .null = entry.value {
                texts[entry.key] = ""
            } else if let scalar = self.reading.scalar(entry.value, path: path) {
                texts[entry.key] = scalar.text == "null" || scalar.text == "~" ? "" : scalar.text
            }
        }
        return texts
    }
}
