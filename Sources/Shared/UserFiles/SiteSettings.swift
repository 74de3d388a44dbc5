package import Domain

/// `sites`: limits per recipient domain.
package struct SiteSettings: Sendable {
    /// `sites.default`: holds for every site without an entry of its own.
    package var standard: SiteLimits
    /// The other entries by domain, in lower case; keys missing in the file come from ``standard``.
    package var named: [String: SiteLimits]
    /// `sites.rollup`: domain → the site it belongs to; at most ``entriesMax``, never in chains.
    package var rollup: [String: String]

    /// Entries of `sites` and of `rollup`; beyond that it is data, not settings.
    package static let entriesMax = 5_000

    /// The limits of `site`.
    package func limits(of site: String) -> SiteLimits { self.named[site] ?? self.standard }
}

/// What one site may get.
package struct SiteLimits: Hashable, Sendable {
    /// `throttles`, at most eight; default none.
    package var throttles: [Limit]
    /// `connections`, default 20, 1 to 10000: messages open at once to the site over one relay, in the whole cluster.
    package var connections: Int

    package init(throttles: [Limit], connections: Int) {
        self.throttles = throttles
        self.connections = connections
    }
}

extension SiteSettings {
    private static let limitKeys = KeySet(known: ["throttles", "connections"])

    init(_ node: FileNode?, path: String, reading: FileReading) {
        self.init(standard: SiteLimits(throttles: [], connections: 20), named: [:], rollup: [:])
        guard let node else { return }
        guard case .map(let entries, _) = node else {
            let allowed = "default, rollup, and domains such as gmail.com"
            reading.problem(path, at: node.place, "is \(node.kind); allowed: a group of keys (\(allowed))")
            return
        }
        guard entries.count <= Self.entriesMax else {
            reading.problem(path, at: node.place, "has \(entries.count) entries; allowed: at most \(Self.entriesMax)")
            return
        }
        if let entry = entries.first(where: { $0.key == "default" }) {
            self.standard = Self.limits(entry, path: path, standard: self.standard, reading: reading)
        }
        for entry in entries where entry.key != "default" {
            if entry.key == "rollup" {
                self.readRollup(entry.value, path: "\(path).rollup", reading: reading)
            } else if let domain = Self.domain(entry.key) {
                let limits = Self.limits(entry, path: path, standard: self.standard, reading: reading)
                if self.named.updateValue(limits, forKey: domain) != nil {
                    reading.problem("\(path).\(domain)", at: entry.keyPlace, "is given twice")
                }
            } else {
                reading.problem(
                    "",
                    at: entry.keyPlace,
                    "unknown key \"\(path).\(entry.key)\"; allowed: default, rollup, and domains such as gmail.com"
                )
            }
        }
    }

    private static func limits(
        _ entry: FileNode.Entry,
        path: String,
        standard: SiteLimits,
        reading: FileReading
    ) -> SiteLimits {
        let keys = KeyReader(entry.value, path: "\(path).\(entry.key)", reading: reading, keys: Self.limitKeys)
        return SiteLimits(
            throttles: keys.has("throttles") ? keys.limits("throttles") : standard.throttles,
            connections: keys.integer("connections", default: standard.connections, in: 1...10_000)
        )
    }

    private mutating func readRollup(_ node: FileNode, path: String, reading: FileReading) {
        switch node {
        case .null: return
        case .map(let entries, _) where entries.count <= Self.entriesMax:
            for entry in entries {
                let entryPath = "\(path).\(entry.key)"
                guard let target = reading.scalar(entry.value, path: entryPath) else { continue }
                guard let from = Self.domain(entry.key), let to = Self.domain(target.text), from != to else {
                    let message =
                        "\(quoted(target.text)) is not allowed; allowed: two domains, as in googlemail.com: gmail.com"
                    reading.problem(entryPath, at: target.place, message)
                    continue
                }
                self.rollup[from] = to
            }
            for entry in entries {
                guard let from = Self.domain(entry.key), let to = self.rollup[from], self.rollup[to] != nil else {
                    continue
                }
                reading.problem("\(path).\(from)", at: entry.keyPlace, "leads to \(to), which is rolled up itself")
            }
        default:
            let message = "is \(node.kind); allowed: a group of at most \(Self.entriesMax) pairs of domains"
            reading.problem(path, at: node.place, message)
        }
    }

    /// A domain in lower case, or `nil` when the text is none.
    ///
    /// A domain has a dot, which keeps misspelt keys apart from sites.
    private static func domain(_ text: String) -> String? {
        text.contains(".") && HostAndPort.isName(text) ? text.lowercased() : nil
    }
}
