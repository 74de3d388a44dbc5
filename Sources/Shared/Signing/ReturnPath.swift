import Crypto
package import Domain

/// Where mail about one message comes back to: `LOCAL+TOKEN@DOMAIN`, which names the message and cannot be made up.
///
/// The token is base32 in lower case (RFC 4648 section 6, no padding) of campaign, lane and position, each as a LEB128 number, and
/// the first ``codeBytes`` bytes of an HMAC-SHA256 over them. Nothing of a person is in it. It is the same on every attempt, since
/// greylisting relays know a message by its return path (RFC 6647).
package enum ReturnPath {
    /// Bytes of the code: who guesses needs 2^79 tries on average, each of them a mail.
    static let codeBytes = 10
    /// Longest token: three numbers of 9, 5 and 5 bytes, and the code.
    package static let tokenLengthMax = ((9 + 5 + 5 + Self.codeBytes) * 8 + 4) / 5
    /// Longest `LOCAL`, so that local part, `+` and token have at most 64 bytes (RFC 5321 section 4.5.3.1.1).
    package static let localLengthMax = 64 - 1 - Self.tokenLengthMax

    private static let digits = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    static func appendNumber(_ number: UInt64, to out: inout [UInt8]) {
        var rest = number
        while rest >= 0x80 {
            out.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        out.append(UInt8(truncatingIfNeeded: rest))
    }

    static func number(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while let byte = bytes.popFirst() {
            // Nine groups of seven bits: all that a row number can be.
            guard shift < 63 else { return nil }
            number |= UInt64(byte & 0x7F) << shift
            shift += 7
            // A last group of zero would be a second spelling of the same number.
            if byte & 0x80 == 0 { return byte == 0 && shift > 7 ? nil : number }
        }
        return nil
    }

    static func append(base32 bytes: [UInt8], to out: inout [UInt8]) {
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                out.append(Self.digits[Int(buffer >> bits & 31)])
            }
        }
        if bits > 0 { out.append(Self.digits[Int(buffer << (5 - bits) & 31)]) }
    }

    static func bytes(ofBase32 text: some Sequence<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for character in text {
            guard let digit = Self.value(of: character) else { return nil }
            buffer = buffer << 5 | digit
            bits += 5
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        // What is left over is filled with zeros, and is less than a digit.
        guard bits < 5, buffer & (1 << bits - 1) == 0 else { return nil }
        return out
    }

    /// What a digit is worth, in either case: some mail systems change it.
    static func value(of character: UInt8) -> UInt32? {
        switch character {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a"))
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
        case UInt8(ascii: "2")...UInt8(ascii: "7"): UInt32(character - UInt8(ascii: "2")) + 26
        default: nil
        }
    }

    /// The first bytes of the code over a target's numbers.
    static func code(_ numbers: [UInt8], _ keyed: HMAC<SHA256>) -> [UInt8] {
        var code = keyed
        code.update(data: numbers)
        return code.finalize().withUnsafeBytes { Array($0.prefix(Self.codeBytes)) }
    }
}

/// Makes return paths of one campaign, with a key that is of no use for another.
package struct ReturnPathWriter: Sendable {
    private let keyed: HMAC<SHA256>
    private let campaign: [UInt8]
    /// `LOCAL+`.
    private let prefix: [UInt8]
    /// `@DOMAIN`.
    private let suffix: [UInt8]

    /// - Parameters:
    ///   - campaign: Whose messages.
    ///   - key: ``ReturnPathKey/campaignKey(_:)``.
    ///   - local: Before the `+`.
    ///   - domain: Where it comes back to.
    package init(campaign: Campaign.ID, key: [UInt8], local: String, domain: String) {
        self.keyed = HMAC(key: SymmetricKey(data: key))
        var numbers: [UInt8] = []
        ReturnPath.appendNumber(UInt64(clamping: campaign.rawValue), to: &numbers)
        self.campaign = numbers
        self.prefix = Array("\(local)+".utf8)
        self.suffix = Array("@\(domain)".utf8)
    }

    /// The envelope sender of one target's message.
    package func address(lane: UInt32, position: UInt32) -> String {
        var numbers = self.campaign
        numbers.reserveCapacity(32)
        ReturnPath.appendNumber(UInt64(lane), to: &numbers)
        ReturnPath.appendNumber(UInt64(position), to: &numbers)
        numbers += ReturnPath.code(numbers, self.keyed)
        var text = self.prefix
        text.reserveCapacity(128)
        ReturnPath.append(base32: numbers, to: &text)
        text += self.suffix
        return String(decoding: text, as: UTF8.self)
    }
}

/// The secret behind all return paths of an installation; workers get only what is derived from it for one campaign.
package struct ReturnPathKey: Sendable {
    private let keyed: HMAC<SHA256>

    /// - Parameter secret: 32 random bytes of this installation.
    package init(_ secret: [UInt8]) { self.keyed = HMAC(key: SymmetricKey(data: secret)) }

    /// What a worker needs for one campaign's messages.
    package func campaignKey(_ campaign: Campaign.ID) -> [UInt8] {
        var code = self.keyed
        code.update(data: Array("return-path:\(campaign.rawValue)".utf8))
        return Array(code.finalize())
    }

    /// The message that a token names.
    ///
    /// - Parameter token: What stands between `+` and `@`, in either case.
    /// - Returns: `nil` when it was not made with this key.
    package func target(of token: some Collection<UInt8>) -> TargetKey? {
        guard (1...ReturnPath.tokenLengthMax).contains(token.count) else { return nil }
        guard let bytes = ReturnPath.bytes(ofBase32: token), bytes.count > ReturnPath.codeBytes else { return nil }
        let numbers = Array(bytes.dropLast(ReturnPath.codeBytes))
        var rest = numbers[...]
        guard let campaign = ReturnPath.number(&rest).flatMap({ Int64(exactly: $0) }), campaign > 0,
            let lane = ReturnPath.number(&rest), lane <= UInt64(UInt32.max),
            let position = ReturnPath.number(&rest), position <= UInt64(UInt32.max), rest.isEmpty
        else { return nil }
        let id = Campaign.ID(campaign)
        let expected = ReturnPath.code(numbers, HMAC(key: SymmetricKey(data: self.campaignKey(id))))
        // All bytes are looked at, however many fit: the time tells nothing about the code.
        let difference = zip(expected, bytes.suffix(ReturnPath.codeBytes)).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        guard difference == 0 else { return nil }
        return TargetKey(campaign: id, lane: Int(lane), position: Int(position))
    }
}
