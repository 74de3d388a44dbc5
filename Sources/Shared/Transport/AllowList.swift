/// Which workers may connect: a name for each public key, and one key for each name.
package struct AllowList: Hashable, Sendable {
    /// One line of an allow-list that is wrong.
    package struct Problem: Error, Hashable, Sendable {
        /// 1-based.
        package let line: Int
        package let message: String
    }

    /// Why a text is no allow-list: every wrong line, in order, at least one.
    package struct Problems: Error, Hashable, Sendable {
        package let list: [Problem]
    }

    private var keys: [String: PublicKey] = [:]
    private var names: [PublicKey: String] = [:]

    /// Longest name of a worker.
    package static let nameCharactersMax = 32
    /// Most workers on a list; the file is bounded by it too.
    package static let countMax = 10_000

    /// Nobody.
    package init() {}

    /// Reads lines `NAME KEY`; blank lines and lines that begin with `#` are skipped.
    package init(text: String) throws(Problems) {
        var problems: [Problem] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            guard let name = words.first, !name.hasPrefix("#") else { continue }
            do throws(TransportError) {
                guard words.count == 2 else { throw TransportError(.allowList, "expected NAME and KEY") }
                try self.insert(String(name), PublicKey(text: words[1]))
            } catch {
                problems.append(Problem(line: index + 1, message: error.message))
            }
        }
        guard problems.isEmpty else { throw Problems(list: problems) }
    }

    /// Reads a file; no file is an empty list, which lets nobody in.
    ///
    /// - Throws: ``TransportError/Code/allowList`` naming every wrong line; ``TransportError/Code/file`` when it cannot be read, or
    ///   others than its owner can: who writes it decides who gets relay passwords.
    package static func read(_ path: String) throws(TransportError) -> Self {
        let bytesMax = Self.countMax * (Self.nameCharactersMax + Z85.keyCharacters + 2)
        guard SmallFile.exists(path) else { return Self() }
        let text = try SmallFile.read(path, bytesMax: bytesMax, isSecret: true)
        do throws(Problems) { return try Self(text: text) } catch {
            let lines = error.list.map { "\(path):\($0.line): \($0.message)" }
            throw TransportError(.allowList, lines.joined(separator: "\n"))
        }
    }

    /// Writes the file in one step, mode 0600.
    package func write(to path: String) throws(TransportError) {
        try SmallFile.write(self.text, to: path, .secret, replacing: true)
    }

    /// The file's text, sorted by name.
    package var text: String {
        "# Workers that may connect: NAME PUBLIC-KEY.\n"
            + self.keys.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.text)\n" }.joined()
    }

    package var count: Int { self.keys.count }

    /// Sorted.
    package var workerNames: [String] { self.keys.keys.sorted() }

    /// - Returns: `nil` when the key is not on the list.
    package func name(of key: PublicKey) -> String? { self.names[key] }

    /// - Returns: `nil` when the name is not on the list.
    package func key(of name: String) -> PublicKey? { self.keys[name] }

    /// The list with one worker more.
    ///
    /// - Throws: ``TransportError/Code/allowList`` when the name is not allowed, or name or key are on the list already.
    package func adding(_ name: String, _ key: PublicKey) throws(TransportError) -> Self {
        var list = self
        try list.insert(name, key)
        return list
    }

    /// The list without a worker; the same list when it is not on it.
    package func removing(_ name: String) -> Self {
        var list = self
        if let key = list.keys.removeValue(forKey: name) { list.names[key] = nil }
        return list
    }

    /// Whether a worker may be called so: 1 to ``nameCharactersMax`` of a-z, 0-9 and `-`.
    package static func isName(_ name: some StringProtocol) -> Bool {
        (1...Self.nameCharactersMax).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
                default: byte == UInt8(ascii: "-")
                }
            }
    }

    private mutating func insert(_ name: String, _ key: PublicKey) throws(TransportError) {
        guard Self.isName(name) else {
            throw TransportError(
                .allowList,
                "\"\(name)\" is no worker name; allowed: 1 to \(Self.nameCharactersMax) of a-z, 0-9 and -"
            )
        }
        guard self.keys[name] == nil else { throw TransportError(.allowList, "\(name) is on the list already") }
        if let other = self.names[key] { throw TransportError(.allowList, "\(other) has the same key as \(name)") }
        guard self.keys.count < Self.countMax else {
            throw TransportError(.allowList, "more than \(Self.countMax) workers")
        }
        self.keys[name] = key
        self.names[key] = name
    }
}
