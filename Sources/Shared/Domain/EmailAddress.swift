/// An address that was parsed once; an invalid one cannot exist.
///
/// Made by Intake's parser.
package struct EmailAddress: Hashable, Sendable {
    /// Before the `@`, as it was written (RFC 5321: at most 64 bytes).
    package let local: String
    /// After the `@`: lower-case ASCII, internationalised names as A-labels (at most 255 bytes).
    package let domain: String

    /// - Precondition: Both parts were checked by a parser that keeps RFC 5321's limits.
    package init(checkedLocal local: String, checkedDomain domain: String) {
        precondition(!local.isEmpty && !domain.isEmpty)
        self.local = local
        self.domain = domain
    }

    /// What an SMTP envelope carries.
    package var text: String { "\(self.local)@\(self.domain)" }

    /// The form under which two spellings of one mailbox are the same: lower case throughout, and quoted only where it has to be.
    ///
    /// RFC 5321 section 2.4 lets a site tell `Ann` from `ann`; in practice none does, and writing to both would be writing twice. By
    /// section 4.1.2 quoting does not change which mailbox is meant: `"ann"` and `"a\nn"` are `ann`.
    package var key: String {
        "\(String(decoding: Self.keyLocal(Array(self.local.utf8)), as: UTF8.self))@\(self.domain)"
    }

    /// A ``key`` as it would be made now, from one that an older program made.
    ///
    /// - Returns: The same where nothing differs.
    package static func key(fromOlder key: String) -> String {
        guard let at = key.lastIndex(of: "@") else { return key }
        return String(decoding: Self.keyLocal(Array(key[..<at].utf8)), as: UTF8.self) + key[at...]
    }

    /// The local part of a ``key``.
    ///
    /// - Parameter local: As RFC 5321 section 4.1.2 allows it: a dot-string or a quoted string.
    /// - Returns: In lower case, in quotes only where it must be.
    package static func keyLocal(_ local: [UInt8]) -> [UInt8] {
        let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        guard local.count >= 2, local.first == quote, local.last == quote else { return local.map(Self.lowercased) }
        var content: [UInt8] = []
        var isEscaped = false
        for byte in local[1..<(local.count - 1)] {
            if byte == backslash, !isEscaped {
                isEscaped = true
                continue
            }
            content.append(Self.lowercased(byte))
            isEscaped = false
        }
        if Self.isDotString(content) { return content }
        var quoted = [quote]
        for byte in content {
            if byte == quote || byte == backslash { quoted.append(backslash) }
            quoted.append(byte)
        }
        return quoted + [quote]
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }

    /// Whether these bytes, in lower case, can stand without quotes.
    private static func isDotString(_ bytes: [UInt8]) -> Bool {
        let dot = UInt8(ascii: ".")
        var previous = dot
        for byte in bytes {
            switch byte {
            case dot: guard previous != dot else { return false }
            case 97...122, 48...57: break
            default: guard "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte) else { return false }
            }
            previous = byte
        }
        return previous != dot
    }
}

/// An address with the name that is shown beside it: `Ann Lee <ann@campaign.example>`.
package struct Mailbox: Hashable, Sendable {
    /// Empty when there is none.
    package let name: String
    package let address: EmailAddress

    package init(name: String, address: EmailAddress) {
        self.name = name
        self.address = address
    }
}
