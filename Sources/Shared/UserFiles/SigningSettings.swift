import Domain

/// One of `dkim`: a key that messages are signed with.
package struct SigningSettings: Sendable {
    /// What relays call it.
    package var name: String
    /// `domain`: whose mail it signs.
    package var domain: String
    /// `selector`: its name in the DNS, at `SELECTOR._domainkey.DOMAIN`.
    package var selector: String
    /// `key_file`: absolute path.
    package var file: String
    /// What is in the file: a private key as PEM.
    package var key: Secret

    /// Keys of one cluster.
    package static let countMax = 64
    /// An RSA key of 4,096 bits has a fifth of it.
    private static let keyBytesMax = 16_384
    static let keys = KeySet(known: ["domain", "selector", "key_file"])

    /// Reads `dkim`, which has a key for each name.
    static func read(_ parent: KeyReader, folder: String) -> [SigningSettings] {
        guard let node = parent.node("dkim") else { return [] }
        guard case .map(let entries, _) = node, entries.count <= Self.countMax else {
            let allowed = "a group of at most \(Self.countMax) names, each with domain, selector and key_file"
            parent.problem("dkim", "is \(node.kind); allowed: \(allowed)")
            return []
        }
        return entries.compactMap { entry in
            let path = "dkim.\(entry.key)"
            guard Name.read(entry.key) != nil, entry.key != "relay" else {
                parent.reading.problem(
                    path,
                    at: entry.keyPlace,
                    "is no name of a key; allowed: \(Name.grammar), and not \"relay\""
                )
                return nil
            }
            return SigningSettings(entry, path: path, folder: folder, reading: parent.reading)
        }
    }

    private init?(_ entry: FileNode.Entry, path: String, folder: String, reading: FileReading) {
        let keys = KeyReader(entry.value, path: path, reading: reading, keys: Self.keys)
        let domain = keys.required("domain", "a domain such as example.org")
        let selector = keys.required("selector", "the key's name in the DNS, such as s1")
        let file = keys.required("key_file", "a file that `postrider dkim key` made")
        guard let domain, let selector, let file else { return nil }
        if !domain.contains(".") || !HostAndPort.isName(domain) {
            keys.problem("domain", "\(quoted(domain)) is not allowed; allowed: a domain such as example.org")
        }
        if !HostAndPort.isName(selector) || selector.utf8.count > 63 {
            keys.problem("selector", "\(quoted(selector)) is not allowed; allowed: letters, digits, \"-\" and \".\"")
        }
        let demand = RegularFile.Demand(bytesMax: Self.keyBytesMax, isPrivate: true)
        let path = Paths.resolve(file, from: folder)
        do {
            let bytes = try RegularFile.read(path, demand)
            self.init(
                name: entry.key,
                domain: domain.lowercased(),
                selector: selector.lowercased(),
                file: path,
                key: Secret(String(decoding: bytes, as: UTF8.self))
            )
        } catch {
            keys.problem("key_file", "\(quoted(file)) \(error.message)")
            return nil
        }
    }

    package init(name: String, domain: String, selector: String, file: String, key: Secret) {
        self.name = name
        self.domain = domain
        self.selector = selector
        self.file = file
        self.key = key
    }
}

extension RelaySettings.Signing {
    /// Reads a relay's `dkim`; `names` are those of the keys that the file defines.
    static func read(_ keys: KeyReader, isLoopback: Bool, names: [String]) -> Self {
        let allowed = "relay (the relay signs), or names of keys under dkim: at the top"
        guard let node = keys.node("dkim") else {
            if !isLoopback {
                keys.problem("dkim", "must be said for a relay on another machine; allowed: \(allowed)")
            }
            return .relay
        }
        var given: [FileNode.Scalar] = []
        if case .list = node {
            let elements = keys.list("dkim", atMost: SigningSettings.countMax, of: "names of keys") ?? []
            if elements.isEmpty { keys.problem("dkim", "is empty; allowed: \(allowed)") }
            given = elements.compactMap { path, element in keys.reading.scalar(element, path: path) }
        } else if let scalar = keys.scalar("dkim") {
            if scalar.text == "relay" { return .relay }
            given = [scalar]
        }
        for name in given where !names.contains(name.text) {
            let known = names.isEmpty ? "none is defined" : "defined: \(names.joined(separator: ", "))"
            keys.reading.problem(
                keys.path(of: "dkim"),
                at: name.place,
                "there is no key \(quoted(name.text)); allowed: \(allowed); \(known)"
            )
        }
        return .keys(given.map(\.text))
    }
}
