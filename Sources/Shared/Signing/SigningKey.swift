import Crypto
import CryptoExtras
import Foundation

/// A domain's private key for DKIM (RFC 6376), and the name its public half is published under.
package struct SigningKey: Sendable {
    /// How it signs; the raw values are what `postrider dkim key --algorithm` takes.
    package enum Algorithm: String, Sendable, CaseIterable {
        /// RFC 8463: short and fast; some receivers cannot check it yet.
        case ed25519
        /// RFC 8301: what every receiver checks.
        case rsa
    }

    /// Why a text is no key, as half a sentence without the name of its file.
    package struct Unusable: Error, Equatable {
        package let message: String
    }

    /// `d=`: in lower case.
    package let domain: String
    /// `s=`: the record is at `SELECTOR._domainkey.DOMAIN`.
    package let selector: String
    private let secret: PrivateKey

    enum PrivateKey: Sendable {
        case ed25519(Curve25519.Signing.PrivateKey)
        case rsa(_RSA.Signing.PrivateKey)
    }

    /// Bits of an RSA key that is made: what fits the DNS in two strings, and is asked for by large receivers.
    package static let rsaBits = 2_048
    /// Bits of the largest RSA key taken: larger ones take milliseconds a message, and no receiver has to check them (RFC 8301).
    package static let rsaBitsMax = 4_096
    /// A file with more is no key.
    package static let bytesMax = 16_384

    /// - Parameters:
    ///   - pem: PKCS #8 (`PRIVATE KEY`) of either kind, or PKCS #1 (`RSA PRIVATE KEY`).
    ///   - domain: Whose mail it signs.
    ///   - selector: Its name among the domain's keys.
    /// - Throws: ``Unusable`` that says what is wrong with the text.
    package init(pem: String, domain: String, selector: String) throws(Unusable) {
        self.domain = domain.lowercased()
        self.selector = selector.lowercased()
        if let key = try? Curve25519.Signing.PrivateKey(pemRepresentation: pem) {
            self.secret = .ed25519(key)
            return
        }
        do {
            // The initialiser that takes 1,024 bits too, so that a short key is refused as what it is.
            let key = try _RSA.Signing.PrivateKey(unsafePEMRepresentation: pem)
            guard (Self.rsaBits...Self.rsaBitsMax).contains(key.keySizeInBits) else {
                throw Unusable(
                    message:
                        "is an RSA key of \(key.keySizeInBits) bits; allowed: \(Self.rsaBits) to \(Self.rsaBitsMax)"
                )
            }
            self.secret = .rsa(key)
        } catch let problem as Unusable {
            throw problem
        } catch {
            throw Unusable(
                message: "is no private key; allowed: Ed25519 or RSA as PEM, such as `postrider dkim key` makes"
            )
        }
    }

    /// Makes a new one.
    ///
    /// - Returns: The text of its file, PKCS #8.
    package static func makePEM(_ algorithm: Algorithm) throws(Unusable) -> String {
        switch algorithm {
        case .ed25519: return Curve25519.Signing.PrivateKey().pemRepresentation + "\n"
        case .rsa:
            do {
                return try _RSA.Signing.PrivateKey(keySize: .bits2048).pkcs8PEMRepresentation + "\n"
            } catch {
                throw Unusable(message: "cannot be made: \(error)")
            }
        }
    }

    package var algorithm: Algorithm {
        switch self.secret {
        case .ed25519: .ed25519
        case .rsa: .rsa
        }
    }

    /// The text of its file, PKCS #8.
    package var pem: String {
        switch self.secret {
        case .ed25519(let key): key.pemRepresentation
        case .rsa(let key): key.pkcs8PEMRepresentation
        }
    }

    /// `a=` of its signatures.
    var tag: StaticString {
        switch self.secret {
        case .ed25519: "ed25519-sha256"
        case .rsa: "rsa-sha256"
        }
    }

    /// Signs a hash.
    ///
    /// - Returns: `nil` when the library has no memory for it.
    func signature(for digest: SHA256Digest) -> [UInt8]? {
        switch self.secret {
        case .ed25519(let key):
            // RFC 8463 section 3: what is signed is the hash itself.
            return digest.withUnsafeBytes { bytes in try? Array(key.signature(for: Array(bytes))) }
        case .rsa(let key):
            return (try? key.signature(for: digest, padding: .insecurePKCS1v1_5)).map { Array($0.rawRepresentation) }
        }
    }
}

extension SigningKey {
    /// Where the public key is published.
    package var recordName: String { "\(self.selector)._domainkey.\(self.domain)" }

    /// What stands there (RFC 6376 section 3.6.1, RFC 8463 section 4).
    package var recordText: String {
        let published: Data
        switch self.secret {
        case .ed25519(let key): published = key.publicKey.rawRepresentation
        case .rsa(let key): published = key.publicKey.derRepresentation
        }
        return "v=DKIM1; k=\(self.algorithm.rawValue); p=\(published.base64EncodedString())"
    }

    /// As a line of a zone file: strings of at most 255 characters, which is what one can hold.
    package var zoneLine: String {
        var strings: [String] = []
        var rest = self.recordText[...]
        while !rest.isEmpty {
            strings.append("\"\(rest.prefix(255))\"")
            rest = rest.dropFirst(255)
        }
        let text = strings.count == 1 ? strings[0] : "( \(strings.joined(separator: " ")) )"
        return "\(self.recordName). IN TXT \(text)"
    }

    /// Whether a text can be `d=`: dotted labels of ASCII letters, digits and hyphens.
    package static func isDomain(_ text: String) -> Bool {
        text.contains(".") && text.utf8.count <= 253 && Self.areLabels(text)
    }

    /// Whether a text can be `s=`: one label or more.
    package static func isSelector(_ text: String) -> Bool { text.utf8.count <= 63 && Self.areLabels(text) }

    private static func areLabels(_ text: String) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                        true
                    default: false
                    }
                }
        }
    }

    /// Whether its signature speaks for mail from a domain: it is that domain, one above it or one below it.
    ///
    /// Receivers ask that both belong to one organisation (RFC 7489 section 3.1.1). Two subdomains beside each other do, too, but only
    /// a list of public suffixes can tell; they are refused.
    package func fits(from domain: String) -> Bool {
        let from = domain.lowercased()
        return from == self.domain || from.hasSuffix(".\(self.domain)") || self.domain.hasSuffix(".\(from)")
    }
}
