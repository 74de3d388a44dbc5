import Domain
import Glibc
import NIOSSL

/// Why no encrypted connection came about, in words for whoever runs the relay.
enum TLSProblem {
    /// Tells people of a failed handshake.
    ///
    /// - Parameters:
    ///   - error: What the TLS handler threw.
    ///   - host: The relay as the settings name it.
    ///   - certificate: The relay's, as far as it came.
    ///   - now: Seconds since 1970.
    /// - Returns: `TLS failed: ` and what to look at.
    static func text(
        _ error: any Error,
        host: String,
        certificate: NIOSSLCertificate?,
        now: time_t = time(nil)
    ) -> String {
        "TLS failed: \(self.reason(error, host, certificate, now))"
    }

    private static func reason(
        _ error: any Error,
        _ host: String,
        _ certificate: NIOSSLCertificate?,
        _ now: time_t
    ) -> String {
        if let error = error as? NIOSSLExtraError, error == .failedToValidateHostname {
            return "the relay's certificate is not for \(host), the host that the settings name"
        }
        guard case NIOSSLError.handshakeFailed(let cause) = error else { return "\(error)" }
        let names = self.names(in: "\(cause)")
        guard names.contains("CERTIFICATE_VERIFY_FAILED") else {
            return names.isEmpty ? "\(cause)" : names.joined(separator: ", ").lowercased()
        }
        if let certificate, certificate.notValidAfter < now {
            return "the relay's certificate expired on \(self.date(certificate.notValidAfter))"
        }
        if let certificate, certificate.notValidBefore > now {
            return "the relay's certificate is valid from \(self.date(certificate.notValidBefore)) on"
        }
        return "the relay's certificate is not from an authority that is trusted here; ca_file names others"
    }

    /// The reasons in BoringSSL's own notation, which puts them between files and lines of its source.
    private static func names(in cause: String) -> [String] {
        cause.split(separator: "OPENSSL_internal:").dropFirst().compactMap { rest in
            let name = rest.prefix { $0.isUppercase || $0.isNumber || $0 == "_" }
            return name.isEmpty ? nil : String(name)
        }
    }

    private static func date(_ seconds: time_t) -> Substring {
        Timestamp(milliseconds: Int64(seconds) * 1_000).rfc3339.prefix(10)
    }
}
