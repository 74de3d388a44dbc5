/// Who signs what goes out over a relay.
package enum RelaySigning: Sendable {
    /// The relay itself, with keys of its own.
    case relay
    /// We do, with those of these that fit the sender's domain.
    case keys([SigningKey])

    /// The keys that sign a message.
    ///
    /// - Parameter domain: Of the address in `From`.
    /// - Returns: At most ``MessageSigner/keysMax``; none when the relay signs; `nil` when nobody would.
    package func keys(from domain: String) -> [SigningKey]? {
        switch self {
        case .relay: return []
        case .keys(let keys):
            let fitting = keys.filter { $0.fits(from: domain) }
            return (1...MessageSigner.keysMax).contains(fitting.count) ? fitting : nil
        }
    }

    /// Why mail from a domain would not be signed, as a sentence; `nil` when it would.
    package func problem(from domain: String, relay: String) -> String? {
        guard case .keys(let keys) = self, self.keys(from: domain) == nil else { return nil }
        let fitting = keys.count { $0.fits(from: domain) }
        if fitting > MessageSigner.keysMax {
            return "\(fitting) keys of relay '\(relay)' fit \(domain); allowed: at most \(MessageSigner.keysMax)"
        }
        let domains = keys.map(\.domain).joined(separator: ", ")
        return "no DKIM key of relay '\(relay)' signs for \(domain); its keys sign for: \(domains)"
    }
}
