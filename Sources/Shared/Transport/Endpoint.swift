/// Where a socket binds or connects: `tcp://HOST:PORT` or `ipc://PATH`.
///
/// Nothing else reaches libzmq, which also speaks transports that carry neither keys nor encryption.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// As libzmq reads it.
    package let text: String
    /// An IPv6 address in brackets; libzmq must be told.
    let isIPv6: Bool

    /// What ``init(_:)`` reads, for error messages.
    package static let grammar =
        "tcp://HOST:PORT (PORT 1 to 65535, or * for any free one; HOST a name, "
        + "an IPv4 address, an IPv6 address in brackets, or * for all) or ipc:///absolute/path"

    /// Longest path of a Unix socket on Linux.
    package static let pathBytesMax = 107

    /// - Throws: ``TransportError/Code/endpoint``.
    package init(_ text: some StringProtocol) throws(TransportError) {
        let text = String(text)
        guard let isIPv6 = Self.parse(text) else {
            throw TransportError(.endpoint, "\"\(text)\" is no endpoint; allowed: \(Self.grammar)")
        }
        self.text = text
        self.isIPv6 = isIPv6
    }

    package var description: String { self.text }

    /// - Returns: Whether it is IPv6; `nil` when it is no endpoint.
    private static func parse(_ text: String) -> Bool? {
        if text.hasPrefix("ipc:///") {
            let path = text.dropFirst("ipc://".count).utf8
            let isPlain = path.allSatisfy { $0 > 0x20 && $0 < 0x7f }
            return isPlain && path.count > 1 && path.count <= Self.pathBytesMax ? false : nil
        }
        guard text.hasPrefix("tcp://") else { return nil }
        let rest = text.dropFirst("tcp://".count)
        guard let colon = rest.lastIndex(of: ":"), Self.isPort(rest[rest.index(after: colon)...]) else { return nil }
        let host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            let address = host.dropFirst().dropLast().utf8
            // With a zone, as in fe80::1%eth0.
            return address.contains(UInt8(ascii: ":")) && Self.consists(address, ofWordsAnd: ":.%-_") ? true : nil
        }
        let isName = (1...253).contains(host.utf8.count) && Self.consists(host.utf8, ofWordsAnd: ".-")
        return host == "*" || isName ? false : nil
    }

    /// Whether there is nothing but ASCII letters, digits and `others`.
    private static func consists(_ text: Substring.UTF8View, ofWordsAnd others: StaticString) -> Bool {
        text.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: others.withUTF8Buffer { $0.contains(byte) }
            }
        }
    }

    private static func isPort(_ text: Substring) -> Bool {
        if text == "*" || text == "0" { return true }
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return false }
        return Int(text).map { (1...65_535).contains($0) } ?? false
    }
}
