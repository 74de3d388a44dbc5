package import Domain

/// Finds return paths of ours in addresses and in whole mails.
package struct ReturnPathScan: Sendable {
    /// What an address is.
    package enum Finding: Hashable, Sendable {
        /// Mail about this message.
        case target(TargetKey)
        /// It looks like a return path of ours, but was not made here.
        case forged
        /// Some other address.
        case other
    }

    private let key: ReturnPathKey
    /// `local+` in lower case.
    private let prefix: [UInt8]
    /// `domain` in lower case.
    private let domain: [UInt8]

    /// Tokens that are checked in one mail: a mail with more is made to keep us busy.
    package static let tokensMax = 64

    package init(key: ReturnPathKey, local: String, domain: String) {
        self.key = key
        self.prefix = Array("\(local)+".lowercased().utf8)
        self.domain = Array(domain.lowercased().utf8)
    }

    /// What a bare address is.
    package func look(at address: some StringProtocol) -> Finding {
        let bytes = Array(address.lowercased().utf8)
        guard bytes.starts(with: self.prefix), let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { return .other }
        guard bytes[(at + 1)...].elementsEqual(self.domain), at >= self.prefix.count else { return .other }
        return self.key.target(of: bytes[self.prefix.count..<at]).map { .target($0) } ?? .forged
    }

    /// The first message that a mail names anywhere: in its own header, in a report's field, or in what it quotes.
    ///
    /// Whoever can write such an address got that very message, or was shown it.
    package func firstTarget(in mail: [UInt8]) -> TargetKey? {
        var tried = 0
        var position = 0
        while let plus = mail[position...].firstIndex(of: UInt8(ascii: "+")) {
            position = plus + 1
            guard position >= self.prefix.count, self.endsWithPrefix(mail[..<position]) else { continue }
            let end = mail[position...].prefix(ReturnPath.tokenLengthMax + 1).firstIndex {
                ReturnPath.value(of: $0) == nil
            }
            guard let end, mail[end] == UInt8(ascii: "@"), self.beginsWithDomain(mail[(end + 1)...]) else { continue }
            if let target = self.key.target(of: mail[position..<end]) { return target }
            tried += 1
            guard tried < Self.tokensMax else { return nil }
        }
        return nil
    }

    private func endsWithPrefix(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.suffix(self.prefix.count).elementsEqual(self.prefix) { Self.lowercase($0) == $1 }
    }

    private func beginsWithDomain(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.prefix(self.domain.count).elementsEqual(self.domain) { Self.lowercase($0) == $1 }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
