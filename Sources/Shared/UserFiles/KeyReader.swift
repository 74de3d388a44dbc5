import Domain

/// The keys that one group may have.
struct KeySet {
    /// In the order of the documentation.
    let known: [String]
    /// Part of the design, but not built: refused by name rather than ignored.
    var notYet: [String] = []
}

/// Reads the keys of one group; every problem goes to the ``FileReading``.
struct KeyReader {
    /// `relays[0]`; empty at the top.
    let path: String
    let reading: FileReading
    let place: Place
    private let values: [String: FileNode]

    /// Checks the names of all keys.
    ///
    /// No node and an empty one read as a group without keys; anything but a group is a problem.
    init(_ node: FileNode?, path: String, reading: FileReading, keys: KeySet) {
        self.path = path
        self.reading = reading
        self.place = node?.place ?? .unknown
        var values: [String: FileNode] = [:]
        switch node {
        case .map(let entries, _):
            for entry in entries {
                let entryPath = path.isEmpty ? entry.key : "\(path).\(entry.key)"
                if keys.known.contains(entry.key) {
                    reading.note(entryPath, at: entry.value.place)
                    values[entry.key] = entry.value
                } else if keys.notYet.contains(entry.key) {
                    reading.problem(entryPath, at: entry.keyPlace, "not available in this version")
                } else {
                    reading.problem("", at: entry.keyPlace, Self.unknown(entryPath, entry.key, keys))
                }
            }
        case .null, nil: break
        case .some(let other):
            reading.problem(path, at: other.place, "is \(other.kind); allowed: a group of keys (\(keys.list))")
        }
        self.values = values
    }

    private static func unknown(_ path: String, _ key: String, _ keys: KeySet) -> String {
        guard let nearest = NearestName.of(key, among: keys.known + keys.notYet) else {
            return "unknown key \"\(path)\"; allowed: \(keys.list)"
        }
        return "unknown key \"\(path)\"; did you mean \"\(nearest)\"? allowed: \(keys.list)"
    }

    func path(of key: String) -> String { self.path.isEmpty ? key : "\(self.path).\(key)" }

    /// The place of the key's value, or of the group when the key is missing.
    func place(of key: String) -> Place { self.values[key]?.place ?? self.place }

    func has(_ key: String) -> Bool {
        switch self.values[key] {
        case nil, .null: false
        default: true
        }
    }

    /// What stands behind the key; `nil` when there is nothing.
    func node(_ key: String) -> FileNode? { self.has(key) ? self.values[key] : nil }

    func problem(_ key: String, _ message: String) {
        self.reading.problem(self.path(of: key), at: self.place(of: key), message)
    }

    // MARK: Single values

    /// The text of a single value with `${NAME}` replaced; `nil` when the key is missing or has no single value.
    func text(_ key: String) -> String? { self.scalar(key)?.text }

    /// As ``text(_:)``, with the place and style of the value.
    func scalar(_ key: String) -> FileNode.Scalar? {
        guard let node = self.node(key) else { return nil }
        return self.reading.scalar(node, path: self.path(of: key))
    }

    /// A value that must be there.
    func required(_ key: String, _ allowed: String) -> String? {
        guard self.has(key) else {
            self.problem(key, "is missing; allowed: \(allowed)")
            return nil
        }
        return self.text(key)
    }

    /// A value that `read` understands; `allowed` says what that is.
    func value<Value>(_ key: String, default: Value, allowed: String, _ read: (String) -> Value?) -> Value {
        guard let text = self.text(key) else { return `default` }
        guard let value = read(text) else {
            self.problem(key, "\(quoted(text)) is not allowed; allowed: \(allowed)")
            return `default`
        }
        return value
    }

    func integer(_ key: String, default: Int, in range: ClosedRange<Int>) -> Int {
        self.value(key, default: `default`, allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            guard let value = Int($0), range.contains(value) else { return nil }
            return value
        }
    }

    func decimal(_ key: String, default: Double, in range: ClosedRange<Double>) -> Double {
        self.value(key, default: `default`, allowed: "a number from \(range.lowerBound) to \(range.upperBound)") {
            guard $0.utf8.allSatisfy(Self.isDecimalByte), let value = Double($0), range.contains(value) else {
                return nil
            }
            return value
        }
    }

    private static func isDecimalByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    /// Milliseconds.
    func duration(_ key: String, default: Int64, in range: ClosedRange<Int64>) -> Int64 {
        let ends = "from \(durationText(range.lowerBound)) to \(durationText(range.upperBound))"
        return self.value(key, default: `default`, allowed: "\(ends), as \(DurationText.grammar)") {
            guard let value = DurationText.milliseconds($0), range.contains(value) else { return nil }
            return value
        }
    }

    /// One of a few words.
    func choice<Word: RawRepresentable & CaseIterable>(_ key: String, default: Word) -> Word
    where Word.RawValue == String {
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        return self.value(key, default: `default`, allowed: words) { Word(rawValue: $0) }
    }

    // MARK: Lists

    /// The elements of a list with their paths; `nil` when the key is missing or its value was reported.
    func list(_ key: String, atMost: Int, of what: String) -> [(path: String, node: FileNode)]? {
        guard let node = self.node(key) else { return nil }
        guard case .list(let elements, _) = node else {
            self.problem(key, "is \(node.kind); allowed: a list of \(what)")
            return nil
        }
        guard elements.count <= atMost else {
            self.problem(key, "has \(elements.count) entries; allowed: at most \(atMost)")
            return nil
        }
        return elements.enumerated().map { index, element in
            let path = "\(self.path(of: key))[\(index)]"
            self.reading.note(path, at: element.place)
            return (path, element)
        }
    }

    /// A list of throttles; empty when the key is missing.
    func limits(_ key: String) -> [Limit] {
        let elements = self.list(key, atMost: throttlesMax, of: "throttles such as [\"100/s\"]") ?? []
        return elements.compactMap { path, node in
            guard let scalar = self.reading.scalar(node, path: path) else { return nil }
            guard let limit = Limit(scalar.text) else {
                let message = "\(quoted(scalar.text)) is no throttle; allowed: \(Limit.grammar)"
                self.reading.problem(path, at: scalar.place, message)
                return nil
            }
            return limit
        }
    }
}

extension FileReading {
    /// A node's text with `${NAME}` replaced; anything but a single value is a problem.
    func scalar(_ node: FileNode, path: String) -> FileNode.Scalar? {
        guard case .scalar(let scalar) = node else {
            self.problem(path, at: node.place, "is \(node.kind); allowed: a single value")
            return nil
        }
        let text = self.expand(scalar.text, path: path, at: scalar.place)
        return FileNode.Scalar(text: text, place: scalar.place, style: scalar.style)
    }
}

extension KeySet {
    var list: String { self.known.joined(separator: ", ") }
}

/// Throttles of one scope: a second, a minute, an hour and a day each leave room for two.
let throttlesMax = 8

/// A value as it is shown in a message: cut, on one line.
func quoted(_ text: String) -> String {
    let shown = text.prefix(60).map { $0.isNewline ? " " : $0 }
    return "\"\(String(shown))\(text.count > 60 ? "…" : "")\""
}

/// The shortest exact form, as users write it.
func durationText(_ milliseconds: Int64) -> String {
    let units: [(Int64, String)] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")]
    for (length, name) in units where milliseconds % length == 0 { return "\(milliseconds / length)\(name)" }
    return "\(milliseconds)ms"
}
