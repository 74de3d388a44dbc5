import Mail
import NIOCore
import NIOSSL

/// What a pool needs for encrypted connections, made once: reading the trusted certificates takes milliseconds.
struct RelayTLS {
    private let context: NIOSSLContext
    /// `nil` for an IP address: then the certificate must carry that address.
    private let serverName: String?

    /// - Throws: When the trusted certificates cannot be read.
    init(_ configuration: RelayConfiguration) throws {
        var tls = TLSConfiguration.makeClientConfiguration()
        // TLS 1.0 and 1.1 are broken and withdrawn (RFC 8996).
        tls.minimumTLSVersion = .tlsv12
        if let pem = configuration.caPEM {
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)))
        }
        let isVerified = configuration.tlsPolicy != .opportunistic || configuration.implicitTLS
        tls.certificateVerification = isVerified || !configuration.user.isEmpty ? .fullVerification : .none
        self.context = try NIOSSLContext(configuration: tls)
        let isAddress = (try? SocketAddress(ipAddress: configuration.host, port: configuration.port)) != nil
        self.serverName = isAddress ? nil : configuration.host
    }

    func handler() throws -> NIOSSLClientHandler {
        try NIOSSLClientHandler(context: self.context, serverHostname: self.serverName)
    }
}
