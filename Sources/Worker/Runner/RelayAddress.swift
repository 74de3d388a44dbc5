import Domain
import Mail
import Relay
import Wire

/// What `Welcome` says about a relay, as a pool is configured.
enum RelayAddress {
    /// - Parameters:
    ///   - relay: Anything may be in it.
    ///   - connections: Most open connections to it.
    ///   - hostName: Said in EHLO when the relay's `helo` is empty.
    /// - Returns: The pool's configuration.
    /// - Throws: ``Diagnostic`` that says what is wrong with it.
    static func configuration(
        _ relay: WireRelay,
        connections: Int,
        hostName: String
    ) throws(Diagnostic) -> RelayConfiguration {
        guard let (isImplicit, host, port) = Self.parse(relay.url) else {
            let allowed = "smtp://HOST:PORT or smtps://HOST:PORT"
            throw Diagnostic(.error, "relay \(relay.name) has url \"\(relay.url)\"; allowed: \(allowed)")
        }
        guard let policy = TLSPolicy(rawValue: relay.tls) else {
            let allowed = "required, opportunistic or off"
            throw Diagnostic(.error, "relay \(relay.name) has tls \"\(relay.tls)\"; allowed: \(allowed)")
        }
        return RelayConfiguration(
            name: relay.name,
            host: host,
            port: port,
            implicitTLS: isImplicit,
            tlsPolicy: policy,
            user: relay.user,
            password: relay.password,
            caPEM: relay.ca.isEmpty ? nil : String(decoding: relay.ca, as: UTF8.self),
            hello: relay.helo.isEmpty ? hostName : relay.helo,
            connectionsMax: connections,
            timeouts: Self.timeouts(relay.timeouts)
        )
    }

    /// What is 0 keeps its default; nothing is shorter than a second, or longer than a day.
    private static func timeouts(_ wire: WireRelayTimeouts) -> SMTPTimeouts {
        var timeouts = SMTPTimeouts()
        func set(_ path: WritableKeyPath<SMTPTimeouts, Double>, _ milliseconds: UInt32) {
            guard milliseconds > 0 else { return }
            timeouts[keyPath: path] = min(max(Double(milliseconds) / 1_000, 1), 86_400)
        }
        set(\.connectSeconds, wire.connect)
        set(\.handshakeSeconds, wire.connect)
        set(\.greetingSeconds, wire.greeting)
        set(\.envelopeSeconds, wire.reply)
        set(\.dataSeconds, wire.data)
        set(\.blockSeconds, wire.block)
        set(\.messageSeconds, wire.final)
        return timeouts
    }

    static func parse(_ url: String) -> (isImplicit: Bool, host: String, port: Int)? {
        let isImplicit = url.hasPrefix("smtps://")
        guard isImplicit || url.hasPrefix("smtp://") else { return nil }
        let rest = url.dropFirst(isImplicit ? 8 : 7)
        guard let colon = rest.lastIndex(of: ":"), let port = Int(rest[rest.index(after: colon)...]) else { return nil }
        var host = rest[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard (1...65_535).contains(port), !host.isEmpty, !host.contains("/") else { return nil }
        return (isImplicit, String(host), port)
    }
}
