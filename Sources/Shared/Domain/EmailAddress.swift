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

    /// The form under which two spellings of one mailbox are the same: lower case throughout.
    ///
    /// RFC 5321 section 2.4 lets a site tell `Ann` from `ann`; in practice none does, and writing to both would be writing twice.
    package var key: String { "\(self.local.lowercased())@\(self.domain)" }
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
