/// A TCP address to listen on: `127.0.0.1:7701`, `[::1]:7701`, `localhost:0`.
package struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// A name or an address, without brackets.
    package let host: String
    /// 0 lets the system choose.
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// What ``init(_:)`` reads, for messages.
    package static let grammar = "HOST:PORT, for example 127.0.0.1:7701 or [::1]:7701"

    package init?(_ text: String) {
        guard let (host, port) = HostAndPort.split(text), let port else { return nil }
        self.init(host: host, port: port)
    }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool { HostAndPort.isLoopback(self.host) }

    package var description: String { "\(self.host.contains(":") ? "[\(self.host)]" : self.host):\(self.port)" }
}

/// A ZeroMQ endpoint: `tcp://HOST:PORT`.
package struct TCPEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// `*` for every interface, where one listens.
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// What ``init(_:)`` reads, for messages.
    package static let grammar = "tcp://HOST:PORT, for example tcp://127.0.0.1:7700"

    package init?(_ text: String) {
        guard text.hasPrefix("tcp://"), let (host, port) = HostAndPort.split(String(text.dropFirst(6))), let port else {
            return nil
        }
        self.init(host: host, port: port)
    }

    /// The form that ZeroMQ takes.
    package var description: String {
        "tcp://\(self.host.contains(":") ? "[\(self.host)]" : self.host):\(self.port)"
    }
}

/// The part that all addresses share.
enum HostAndPort {
    /// Takes `HOST[:PORT]` apart.
    ///
    /// - Returns: `nil` when the host is no name or address, or the port is none.
    static func split(_ text: String) -> (host: String, port: Int?)? {
        var host = text[...]
        var port: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":"), host.contains(":"), host.utf8.allSatisfy(Self.isIPv6Byte) else {
                return nil
            }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            if let colon = text.firstIndex(of: ":") {
                host = text[..<colon]
                port = text[text.index(after: colon)...]
            }
            guard host == "*" || Self.isName(host) else { return nil }
        }
        guard let port else { return (String(host), nil) }
        guard !port.isEmpty, port.utf8.count <= 5, port.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = Int(port), number <= 65_535
        else { return nil }
        return (String(host), number)
    }

    /// Whether packets to the host stay on this machine.
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether the text is a host name (RFC 1123) or an IPv4 address; underscores pass, as real names have them.
    static func isName(_ text: some StringProtocol) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.allSatisfy(Self.isLabelByte)
                && label.first != "-" && label.last != "-"
        }
    }

    private static func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    private static func isIPv6Byte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x3A, 0x41...0x46, 0x61...0x66, UInt8(ascii: "."), UInt8(ascii: "%"): true
        default: false
        }
    }
}

/// A link's beginning: `https://go.example.org/x`.
enum WebAddress {
    /// The address without a slash at its end.
    ///
    /// - Returns: `nil` when it is no http(s) address, carries a user, a query or a fragment, or is http towards
    ///   anything but this machine.
    static func parse(_ text: String) -> String? {
        let isSecure = text.hasPrefix("https://")
        guard isSecure || text.hasPrefix("http://") else { return nil }
        let rest = text.dropFirst(isSecure ? 8 : 7)
        let authority = rest.prefix { $0 != "/" }
        let path = rest.dropFirst(authority.count)
        guard let (host, _) = HostAndPort.split(String(authority)), host != "*",
            path.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
        else { return nil }
        guard isSecure || HostAndPort.isLoopback(host) else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }
}
