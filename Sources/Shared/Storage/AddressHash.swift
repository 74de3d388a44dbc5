import Crypto
package import Domain

/// What an address is known by where the address itself must not be kept: a keyed hash of it.
///
/// The first 16 bytes of HMAC-SHA256 over the channel's name, a zero byte and the address in its canonical form; all spellings of which
/// ``ProviderMailbox`` knows that they are one mailbox have the same.
package struct AddressHash: Hashable, Sendable {
    /// 16 of them.
    package let bytes: [UInt8]

    package static let byteCount = 16

    package init(bytes: [UInt8]) { self.bytes = bytes }

    /// For people and logs: lower-case hex of all of it.
    package var text: String { self.bytes.hexadecimal }
}

/// The secret that turns addresses into ``AddressHash``es.
///
/// Without it nobody can tell from a stolen database who is on the list of suppressed addresses; with another one the list is lost.
package struct AddressKey: Sendable {
    /// The hash with the key already taken in; copied for each address.
    private let keyed: HMAC<SHA256>

    /// - Parameter secret: 32 random bytes of this installation.
    package init(_ secret: [UInt8]) { self.keyed = HMAC(key: SymmetricKey(data: secret)) }

    /// Hashes an address.
    ///
    /// - Parameters:
    ///   - address: The canonical form: for e-mail ``EmailAddress/key``, for text messages the digits of ``PhoneKey``.
    ///   - channel: The same text on another channel is another address.
    /// - Returns: The same for the same address, channel and key.
    package func hash(_ address: UnsafeRawBufferPointer, on channel: SuppressionChannel) -> AddressHash {
        guard channel == .email, let common = ProviderMailbox.common(ofKey: address) else {
            return self.digest(address, channel)
        }
        return common.withUnsafeBytes { self.digest($0, channel) }
    }

    /// What an older program took, which told spellings of one mailbox apart; `nil` where it is the same.
    package func hashOfSpelling(_ address: UnsafeRawBufferPointer, on channel: SuppressionChannel) -> AddressHash? {
        guard channel == .email, ProviderMailbox.common(ofKey: address) != nil else { return nil }
        return self.digest(address, channel)
    }

    private func digest(_ address: UnsafeRawBufferPointer, _ channel: SuppressionChannel) -> AddressHash {
        var code = self.keyed
        code.update(data: Array(channel.rawValue.utf8) + [0])
        code.update(data: address)
        return code.finalize().withUnsafeBytes { AddressHash(bytes: Array($0.prefix(AddressHash.byteCount))) }
    }

    /// Hashes an address given as text.
    package func hash(_ address: String, on channel: SuppressionChannel) -> AddressHash {
        var text = address
        return text.withUTF8 { self.hash(UnsafeRawBufferPointer($0), on: channel) }
    }

    /// Tells two keys apart without showing either.
    package var fingerprint: String {
        var code = self.keyed
        code.update(data: Array("fingerprint".utf8))
        return code.finalize().withUnsafeBytes { AddressHash(bytes: Array($0.prefix(AddressHash.byteCount))).text }
    }
}
