package import Mail

/// One relay as a pool uses it.
package struct RelayConfiguration: Sendable {
    /// The relay's name in `postrider.yaml`.
    package var name: String
    /// A host name or an IP address; the certificate must be for it.
    package var host: String
    package var port: Int
    /// TLS from the first byte (`smtps`), whatever ``tlsPolicy`` says.
    package var implicitTLS: Bool
    package var tlsPolicy: TLSPolicy
    /// Empty when the relay wants no credentials.
    package var user: String
    package var password: String
    /// Certificates that are trusted instead of the system's, in PEM.
    package var caPEM: String?
    /// The name said in EHLO.
    package var hello: String
    /// Most open connections of this pool, at least 1.
    package var connectionsMax: Int
    package var timeouts: SMTPTimeouts

    package init(
        name: String,
        host: String,
        port: Int,
        implicitTLS: Bool = false,
        tlsPolicy: TLSPolicy = .required,
        user: String = "",
        password: String = "",
        caPEM: String? = nil,
        hello: String,
        connectionsMax: Int,
        timeouts: SMTPTimeouts = SMTPTimeouts()
    ) {
        precondition(connectionsMax >= 1, "a relay needs at least one connection, got \(connectionsMax)")
        self.name = name
        self.host = host
        self.port = port
        self.implicitTLS = implicitTLS
        self.tlsPolicy = tlsPolicy
        self.user = user
        self.password = password
        self.caPEM = caPEM
        self.hello = hello
        self.connectionsMax = connectionsMax
        self.timeouts = timeouts
    }
}
