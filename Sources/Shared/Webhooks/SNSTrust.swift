import Crypto
import CryptoExtras
import Foundation
import SwiftASN1
import X509

/// Whose messages are believed: the topics that were configured, signed with a certificate that was configured.
///
/// No certificate is fetched: a request of a stranger makes the coordinator connect to nobody.
package struct SNSTrust: Sendable {
    /// Why a file's text is no certificate, as half a sentence.
    package struct Unusable: Error, Equatable {
        package let message: String
    }

    private struct Signer {
        let key: _RSA.Signing.PublicKey
        let from: Int64
        let until: Int64
    }

    private let topics: Set<String>
    private let signers: [Signer]

    /// - Parameters:
    ///   - topics: Their ARNs.
    ///   - certificates: What Amazon signs with, as PEM, one after the other; the old and the new one while it changes.
    /// - Throws: ``Unusable`` that says what is wrong with the text.
    package init(topics: Set<String>, certificates: String) throws(Unusable) {
        self.topics = topics
        let mark = "-----END CERTIFICATE-----"
        var signers: [Signer] = []
        for piece in certificates.components(separatedBy: mark).dropLast() {
            guard let start = piece.range(of: "-----BEGIN CERTIFICATE-----") else {
                throw Unusable(message: "has the end of a certificate without its beginning")
            }
            guard let certificate = try? Certificate(pemEncoded: piece[start.lowerBound...] + mark),
                let key = _RSA.Signing.PublicKey(certificate.publicKey)
            else { throw Unusable(message: "has a certificate that cannot be read, or whose key is not RSA") }
            signers.append(
                Signer(
                    key: key,
                    from: Int64(certificate.notValidBefore.timeIntervalSince1970),
                    until: Int64(certificate.notValidAfter.timeIntervalSince1970)
                )
            )
        }
        guard !signers.isEmpty else { throw Unusable(message: "has no certificate in it; allowed: PEM") }
        self.signers = signers
    }

    /// Believes a message, or does not.
    ///
    /// - Parameters:
    ///   - message: As it came.
    ///   - seconds: Now, since 1970.
    /// - Throws: ``WebhookRefusal``.
    func check(_ message: SNSMessage, at seconds: Int64) throws(WebhookRefusal) {
        // Version 1 signs with SHA-1; the topic's attribute says which it is.
        guard message.signatureVersion == "2" else { throw .weak }
        guard SNSMessage.isAmazons(message.certificateURL), let bytes = Data(base64Encoded: message.signature) else {
            throw .forged
        }
        let signature = _RSA.Signing.RSASignature(rawRepresentation: bytes)
        let digest = SHA256.hash(data: message.signed)
        let isSigned = self.signers.contains { signer in
            (signer.from...max(signer.from, signer.until)).contains(seconds)
                && signer.key.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5)
        }
        guard isSigned else { throw .strangeCertificate }
        guard self.topics.contains(message.topic) else { throw .strangeTopic }
    }
}
