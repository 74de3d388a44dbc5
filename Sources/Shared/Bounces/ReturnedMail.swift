/// What a mail that came back is taken for.
///
/// Understood are delivery status notifications (RFC 3464), feedback reports (RFC 5965), and the free texts in which mail systems say the
/// same, by their general marks: there is no table of mail systems.
package struct ReturnedMail: Sendable, Equatable {
    /// What a mail is taken for.
    package enum Kind: String, Sendable {
        case bounce
        case complaint
        case autoReply = "auto_reply"
        case none
    }

    /// One address that a notice speaks of.
    package struct Recipient: Sendable, Equatable {
        /// Lower case.
        package let address: String
        /// Enhanced status (RFC 3463) as in `5.1.1`; empty when the notice has none.
        package let status: String
        package let reason: FailureReason
        /// What the mail system said of it, without addresses; may be empty.
        package var said = ""
        /// The mail system goes on trying.
        package var isDelayed = false

        /// Whether the address is of no use any more.
        package var isPermanent: Bool { self.reason.isPermanent }
    }

    package let kind: Kind
    /// As in `abuse` (RFC 5965, section 7.3); only for complaints.
    package let feedbackType: String?
    /// In the notice's order, at most some hundred.
    package let recipients: [Recipient]
    /// What the fields of a notice say of somebody whose address they do not show.
    ///
    /// Its address is empty; `nil` when there are ``recipients``.
    package let unnamed: Recipient?

    /// Bytes that are looked at.
    package static let bytesMax = MailText.bytesMax

    /// - Parameter bytes: The mail as it came; lines may end in CRLF, LF or CR, and only the first ``bytesMax`` are looked at.
    package init(_ bytes: [UInt8]) { self.init(lines: MailText.lines(bytes)[...], depth: 0) }

    private init(kind: Kind, feedbackType: String? = nil, recipients: [Recipient] = []) {
        self.kind = kind
        self.feedbackType = feedbackType
        self.recipients = recipients.filter { !$0.address.isEmpty }
        self.unnamed = self.recipients.isEmpty ? recipients.first : nil
    }

    /// Notices around notices that are followed.
    private static let depthMax = 2

    private init(lines: ArraySlice<Substring>, depth: Int) {
        let notice = Notice(lines)
        if let report = notice.complaint {
            let recipients = report.recipients.map { Recipient(address: $0, status: "", reason: .other) }
            self.init(kind: .complaint, feedbackType: report.type, recipients: recipients)
            return
        }
        if depth < Self.depthMax, notice.status.recipients.isEmpty, let inner = notice.innerNotice {
            let found = ReturnedMail(lines: inner[...], depth: depth + 1)
            if found.kind == .bounce {
                self = found
                return
            }
        }
        let verdict = notice.verdict
        self.init(kind: verdict.kind, recipients: verdict.recipients)
    }

    /// Whether a feedback report of this type says that a person wants no more messages.
    ///
    /// Reports of machines do not: failed authentication (RFC 6591), a virus; nor that something was no spam after all (RFC 6430), or in
    /// the wrong folder. A type that nobody registered is read as `other`, since a wish must not be lost.
    ///
    /// - Parameter feedbackType: In lower case.
    /// - Returns: Whether to act on it.
    package static func isWish(feedbackType: String) -> Bool { !Self.machineTypes.contains(feedbackType) }

    private static let machineTypes: Set<String> = [
        "auth-failure", "dmarc", "virus", "not-spam", "not-junk", "miscategorized",
    ]
}
