import Crypto
import Domain
import Storage

/// Makes and reads the tokens of links that recipients click.
///
/// A token names a target and nothing else: no address, no contact. It is 30 bytes in base64url (RFC 4648 section 5), 40 characters, so
/// that no bit of it is spare:
///
/// | bytes | field |
/// |---|---|
/// | 0 | version, 1 |
/// | 1–6 | campaign, big-endian |
/// | 7–8 | lane, big-endian |
/// | 9–13 | position, big-endian |
/// | 14–29 | the first 16 bytes of HMAC-SHA256(key, `unsubscribe` and the bytes before) |
struct UnsubscribeKey: Sendable {
    /// The hash with key and purpose already taken in; copied for each token.
    private let keyed: HMAC<SHA256>

    /// Length of a token.
    static let characterCount = 40
    private static let version: UInt8 = 1
    private static let payloadBytes = 14
    private static let codeBytes = 16
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8?] = {
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, digit) in Self.digits.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    /// - Parameter secret: 32 random bytes of this installation.
    init(_ secret: [UInt8]) {
        var keyed = HMAC<SHA256>(key: SymmetricKey(data: secret))
        keyed.update(data: Array("unsubscribe".utf8))
        self.keyed = keyed
    }

    /// Appends a target's token.
    ///
    /// - Precondition: Campaign, lane and position are not negative and fit their fields.
    func append(_ target: TargetKey, to out: inout [UInt8]) {
        let campaign = UInt64(target.campaign.rawValue)
        let lane = UInt64(target.lane)
        let position = UInt64(target.position)
        precondition(campaign < 1 << 48 && lane < 1 << 16 && position < 1 << 40, "no target has such a place")
        // Two numbers of eight bytes, of which the last two are not used.
        let high = UInt64(Self.version) << 56 | campaign << 8 | lane >> 8
        let low = (lane & 0xFF) << 56 | position << 16
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { bytes in
            let payload = UnsafeRawBufferPointer(rebasing: bytes[0..<Self.payloadBytes])
            self.code(payload).withUnsafeBytes { code in
                withUnsafeTemporaryAllocation(byteCount: 30, alignment: 1) { token in
                    token.copyMemory(from: payload)
                    for index in 0..<Self.codeBytes { token[Self.payloadBytes + index] = code[index] }
                    for start in stride(from: 0, to: 30, by: 3) {
                        let bits =
                            UInt32(token[start]) << 16 | UInt32(token[start + 1]) << 8 | UInt32(token[start + 2])
                        for shift in [18, 12, 6, 0] as [UInt32] { out.append(Self.digits[Int(bits >> shift & 63)]) }
                    }
                }
            }
        }
    }

    /// A target's token as text.
    func token(for target: TargetKey) -> String {
        var bytes: [UInt8] = []
        self.append(target, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The target that a token names.
    ///
    /// - Returns: `nil` for whatever this key did not make.
    func target(of token: some StringProtocol) -> TargetKey? {
        let characters = Array(token.utf8)
        guard characters.count == Self.characterCount else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(30)
        for start in stride(from: 0, to: characters.count, by: 4) {
            var bits: UInt32 = 0
            for offset in 0..<4 {
                guard let value = Self.values[Int(characters[start + offset])] else { return nil }
                bits = bits << 6 | UInt32(value)
            }
            for shift in [16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        }
        guard self.isMine(bytes), bytes[0] == Self.version else { return nil }
        func number(_ range: Range<Int>) -> Int64 { bytes[range].reduce(0) { $0 << 8 | Int64($1) } }
        return TargetKey(
            campaign: Campaign.ID(number(1..<7)),
            lane: Int(number(7..<9)),
            position: Int(number(9..<14))
        )
    }

    /// Tells two keys apart without showing either; hex of 16 bytes.
    var fingerprint: String {
        // No token has this text: its first byte is the version.
        Array("fingerprint".utf8).withUnsafeBytes { text in
            self.code(text).withUnsafeBytes { Array($0.prefix(Self.codeBytes)).hexadecimal }
        }
    }

    /// Compares all bytes of the code whichever differs first: how long it takes tells nothing.
    private func isMine(_ bytes: [UInt8]) -> Bool {
        let code = bytes.withUnsafeBytes { self.code(UnsafeRawBufferPointer(rebasing: $0[0..<Self.payloadBytes])) }
        var difference: UInt8 = 0
        code.withUnsafeBytes { code in
            for index in 0..<Self.codeBytes { difference |= code[index] ^ bytes[Self.payloadBytes + index] }
        }
        return difference == 0
    }

    private func code(_ payload: UnsafeRawBufferPointer) -> HMAC<SHA256>.MAC {
        var code = self.keyed
        code.update(data: payload)
        return code.finalize()
    }
}

/// The links that messages carry: `PUBLIC_URL/u/TOKEN`.
struct UnsubscribeLinks: Sendable {
    let key: UnsubscribeKey
    /// `https://…/u/`.
    private let prefix: [UInt8]

    /// The slot in templates, and the name of the column that workers get.
    static let field = Field(name: "unsubscribe_url", type: .text)
    /// RFC 2369, and RFC 8058 section 3.1; the signature must cover both.
    static let headers = [
        (name: "List-Unsubscribe", value: "<{{unsubscribe_url}}>"),
        (name: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click"),
    ]

    /// - Parameters:
    ///   - publicURL: What links begin with, without a slash at its end.
    ///   - key: Makes the tokens.
    init(publicURL: String, key: UnsubscribeKey) {
        self.prefix = Array("\(publicURL)/u/".utf8)
        self.key = key
    }

    /// Writes a target's link over `out`.
    func write(_ target: TargetKey, to out: inout [UInt8]) {
        out.removeAll(keepingCapacity: true)
        out.append(contentsOf: self.prefix)
        self.key.append(target, to: &out)
    }

    /// Whether Postrider writes this header itself.
    static func writes(header name: String) -> Bool {
        Self.headers.contains { $0.name.lowercased() == name.lowercased() }
    }
}
