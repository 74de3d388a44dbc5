import Foundation

/// Which `Host` a request may name.
///
/// A page in an operator's browser can make its own name resolve to 127.0.0.1 (DNS rebinding) and then talk to us as to itself.
/// It cannot choose what the browser writes into `Host`: so only addresses, `localhost` and configured names are served.
struct HostRule: Sendable {
    private let names: Set<String>

    /// - Parameter names: Host names, without ports, under which the API is reached besides addresses and `localhost`.
    init(names: [String] = []) { self.names = Set(names.map { $0.lowercased() } + ["localhost"]) }

    /// Whether a request with this `Host` (name or address, perhaps with a port) is served.
    func allows(_ authority: String?) -> Bool {
        guard let authority, let host = Self.host(of: authority) else { return false }
        return self.names.contains(host.lowercased()) || Self.isAddress(host)
    }

    /// The authority without its port; IPv6 addresses without their brackets.
    ///
    /// - Returns: `nil` when it is none.
    private static func host(of authority: String) -> String? {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let host = authority[authority.index(after: authority.startIndex)..<end]
            return Self.isPort(authority[authority.index(after: end)...]) && host.contains(":") ? String(host) : nil
        }
        let host = authority.prefix { $0 != ":" }
        return Self.isPort(authority[host.endIndex...]) ? String(host) : nil
    }

    /// Nothing, or a colon and up to five digits.
    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty
            || (text.first == ":" && text.count <= 6 && text.dropFirst().allSatisfy { $0.isASCII && $0.isNumber })
    }

    private static func isAddress(_ host: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1
    }
}
