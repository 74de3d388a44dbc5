package import Domain

/// Which of the forms that RFC 5321 allows are taken.
package struct AddressPolicy: Hashable, Sendable {
    /// Blanks and tabs at both ends are dropped first; a line break never is.
    package var trimsBlanks: Bool
    /// A domain may be one label, as in `ann@museum`.
    package var allowsDotlessDomains: Bool
    /// The domain may be `[192.0.2.1]` or `[IPv6:…]`.
    package var allowsAddressLiterals: Bool
    /// A quoted local part may hold blanks and angle brackets.
    package var allowsQuotedBlanks: Bool

    /// What a list of contacts may hold: what a mailbox on the Internet looks like, and nothing that could break out
    /// of an SMTP command.
    package static let contacts = Self(
        trimsBlanks: true,
        allowsDotlessDomains: false,
        allowsAddressLiterals: false,
        allowsQuotedBlanks: false
    )

    /// The grammar of RFC 5321 section 4.1.2 (`Mailbox`) as it stands.
    package static let rfc5321 = Self(
        trimsBlanks: false,
        allowsDotlessDomains: true,
        allowsAddressLiterals: true,
        allowsQuotedBlanks: true
    )
}

/// Reads one e-mail address: RFC 5321 section 4.1.2 with the size limits of section 4.5.3.1.
package enum AddressParser {
    /// RFC 5321 section 4.5.3.1.1.
    package static let localBytesMax = 64
    /// RFC 5321 section 4.5.3.1.2.
    package static let domainBytesMax = 255
    /// RFC 5321 section 4.5.3.1.3 gives a path 256 bytes, of which two are `<` and `>`.
    package static let addressBytesMax = 254
    /// RFC 1035 section 2.3.4.
    package static let labelBytesMax = 63

    /// Reads one address and nothing else.
    package static func parse(
        _ text: String,
        policy: AddressPolicy = .contacts
    ) -> Result<EmailAddress, AddressProblem> {
        var text = text
        return text.withUTF8 { self.parse(utf8: $0, policy: policy) }
    }

    /// Reads one address and nothing else, given as UTF-8.
    package static func parse(
        utf8 bytes: UnsafeBufferPointer<UInt8>,
        policy: AddressPolicy = .contacts
    ) -> Result<EmailAddress, AddressProblem> {
        var output: [UInt8] = []
        do throws(AddressProblem) {
            let at = try self.normalise(bytes, policy: policy, into: &output)
            return .success(
                EmailAddress(
                    checkedLocal: String(decoding: output[..<at], as: UTF8.self),
                    checkedDomain: String(decoding: output[(at + 1)...], as: UTF8.self)
                )
            )
        } catch {
            return .failure(error)
        }
    }

    /// Appends `local@domain` with the domain in lower-case A-labels.
    ///
    /// On failure, what was appended is undefined; the caller cuts it off. What is returned is the offset of the `@`
    /// from where `output` ended before.
    static func normalise(
        _ bytes: UnsafeBufferPointer<UInt8>,
        policy: AddressPolicy,
        into output: inout [UInt8]
    ) throws(AddressProblem) -> Int {
        let text = policy.trimsBlanks ? bytes.trimmedOfBlanks() : bytes
        guard !text.isEmpty else { throw .empty }
        // Longer than any address could be, even before an internationalised domain shrinks or grows: not worth a look.
        guard text.count <= 4 * self.addressBytesMax else { throw .tooLong }
        let start = output.count
        let at =
            text[0] == ASCII.quote
            ? try self.quotedLocal(text, policy: policy)
            : try self.dotAtom(text)
        guard at <= self.localBytesMax else { throw .localTooLong }
        guard at + 1 < text.count else { throw .noDomain }
        output.append(contentsOf: UnsafeBufferPointer(rebasing: text[...at]))
        let domain = UnsafeBufferPointer(rebasing: text[(at + 1)...])
        if domain[0] == 0x5B {
            guard policy.allowsAddressLiterals else { throw .addressLiteral }
            guard AddressLiteral.isValid(domain) else { throw .addressLiteral }
            for byte in domain { output.append(byte.lowercased) }
        } else {
            try DomainName.normalise(domain, needsDot: !policy.allowsDotlessDomains, into: &output)
        }
        guard output.count - start <= self.addressBytesMax else { throw .tooLong }
        return at
    }

    /// RFC 5321 `atext`.
    private static let atomText = ByteSet(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"
    )

    /// Checks a `Dot-string`.
    ///
    /// - Returns: The index of the `@` behind it.
    private static func dotAtom(_ text: UnsafeBufferPointer<UInt8>) throws(AddressProblem) -> Int {
        let atomText = self.atomText
        var previous = ASCII.dot
        for index in 0..<text.count {
            let byte = text[index]
            if atomText.contains(byte) {
                previous = byte
                continue
            }
            switch byte {
            case ASCII.dot:
                guard previous != ASCII.dot else { throw .localDots }
                previous = byte
            case ASCII.at:
                guard index > 0 else { throw .noLocalPart }
                guard previous != ASCII.dot else { throw .localDots }
                return index
            default: throw self.problem(with: byte)
            }
        }
        throw .noAt
    }

    /// Checks a `Quoted-string`.
    ///
    /// - Returns: The index of the `@` behind it.
    private static func quotedLocal(
        _ text: UnsafeBufferPointer<UInt8>,
        policy: AddressPolicy
    ) throws(AddressProblem) -> Int {
        var index = 1
        while index < text.count {
            var byte = text[index]
            if byte == ASCII.quote {
                guard index + 1 < text.count else { throw .noAt }
                guard text[index + 1] == ASCII.at else { throw .quotedLocal }
                return index + 1
            }
            if byte == ASCII.backslash {
                index += 1
                guard index < text.count else { throw .quotedLocal }
                byte = text[index]
            }
            guard byte >= ASCII.space, byte < ASCII.delete else { throw self.problem(with: byte) }
            if !policy.allowsQuotedBlanks {
                guard byte != ASCII.space else { throw .blankInside }
                guard byte != ASCII.lessThan, byte != ASCII.greaterThan else { throw .angleBracket }
            }
            index += 1
        }
        throw .quotedLocal
    }

    /// The reason to give for a byte that may not stand in a local part.
    private static func problem(with byte: UInt8) -> AddressProblem {
        switch byte {
        case 0x80...: .localNotASCII
        case ASCII.space: .blankInside
        case ..<ASCII.space, ASCII.delete: .controlCharacter
        case ASCII.lessThan, ASCII.greaterThan: .angleBracket
        default: .localCharacter
        }
    }
}
