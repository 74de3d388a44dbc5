import CZeroMQ

/// A CURVE public key: 32 bytes, written as 40 characters of Z85.
package struct PublicKey: Hashable, Sendable, CustomStringConvertible {
    /// 40 characters of Z85 (ZeroMQ RFC 32).
    package let text: String
    /// 32 bytes.
    package let bytes: [UInt8]

    /// - Throws: ``TransportError/Code/key`` when `text` is no key, or one that was published in a manual.
    package init(text: some StringProtocol) throws(TransportError) {
        self.bytes = try Z85.decodeKey(String(text), kind: "public")
        self.text = String(text)
    }

    /// - Parameter bytes: As they come in a handshake; anything but 32 bytes gives `nil`.
    init?(bytes: [UInt8]) {
        guard bytes.count == Z85.keyBytes else { return nil }
        self.bytes = bytes
        self.text = Z85.encode(bytes)
    }

    package var description: String { self.text }

    /// 16 hexadecimal digits that tell keys apart in logs (FNV-1a, 64 bits); proves nothing.
    package var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in self.bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// A CURVE secret key, which never prints itself.
package struct SecretKey: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    /// 40 characters of Z85, for a key file only.
    let text: String
    let bytes: [UInt8]

    init(text: some StringProtocol) throws(TransportError) {
        self.bytes = try Z85.decodeKey(String(text), kind: "secret")
        self.text = String(text)
    }

    package var description: String { "(secret key)" }
    package var debugDescription: String { "(secret key)" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// The long-term keys of one process.
package struct CurveKeyPair: Hashable, Sendable {
    package let publicKey: PublicKey
    package let secretKey: SecretKey

    /// - Throws: ``TransportError/Code/key`` when the public key is not the one that belongs to the secret key.
    init(publicKey: PublicKey, secretKey: SecretKey) throws(TransportError) {
        var derived = [CChar](repeating: 0, count: Z85.keyCharacters + 1)
        guard zmq_curve_public(&derived, secretKey.text) == 0 else {
            throw TransportError.last(.key, "derive a public key")
        }
        guard derived.withUnsafeBufferPointer({ Z85.text($0) }) == publicKey.text else {
            throw TransportError(.key, "the public and the secret key are not of one pair")
        }
        self.publicKey = publicKey
        self.secretKey = secretKey
    }

    /// A new random pair.
    package static func generate() throws(TransportError) -> Self {
        var publicText = [CChar](repeating: 0, count: Z85.keyCharacters + 1)
        var secretText = publicText
        guard zmq_curve_keypair(&publicText, &secretText) == 0 else {
            throw TransportError.last(.library, "generate a key pair")
        }
        return try Self(
            publicKey: PublicKey(text: publicText.withUnsafeBufferPointer { Z85.text($0) }),
            secretKey: SecretKey(text: secretText.withUnsafeBufferPointer { Z85.text($0) })
        )
    }
}

/// ZeroMQ's base-85 text for keys (RFC 32).
enum Z85 {
    static let keyBytes = 32
    static let keyCharacters = 40

    /// Key pairs printed in libzmq's manual (zmq_curve(7)): everybody has their secret halves.
    private static let publishedKeys: Set<String> = [
        "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
        "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6",
    ]

    static func decodeKey(_ text: String, kind: String) throws(TransportError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.keyBytes)
        // The length goes first: libzmq writes as many bytes as the text asks for.
        guard text.utf8.count == Self.keyCharacters, !text.utf8.contains(0), zmq_z85_decode(&bytes, text) != nil else {
            throw TransportError(.key, "a \(kind) key is \(Self.keyCharacters) characters of Z85")
        }
        guard !Self.publishedKeys.contains(text) else {
            throw TransportError(
                .key,
                "this \(kind) key is an example from ZeroMQ's manual: everybody knows its secret"
            )
        }
        guard bytes.contains(where: { $0 != 0 }) else {
            throw TransportError(.key, "a \(kind) key of zeros protects nothing")
        }
        return bytes
    }

    /// - Precondition: `bytes` is a multiple of 4 long.
    static func encode(_ bytes: [UInt8]) -> String {
        var characters = [CChar](repeating: 0, count: bytes.count / 4 * 5 + 1)
        let done = zmq_z85_encode(&characters, bytes, bytes.count)
        precondition(done != nil, "Z85 takes multiples of 4 bytes")
        return characters.withUnsafeBufferPointer { Self.text($0) }
    }

    /// The text before the closing zero of a C string.
    static func text(_ characters: UnsafeBufferPointer<CChar>) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
