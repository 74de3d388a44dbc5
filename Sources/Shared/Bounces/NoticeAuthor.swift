/// Who wrote a mail, as its header shows.
///
/// The words of a notice stand in letters, tickets, newsletters and digests, too, and in those that somebody forwards: only what a mail
/// system wrote can be a notice.
struct NoticeAuthor {
    enum Standing {
        /// Somebody, or a program that writes for somebody.
        case anyone
        /// Nobody is to be told when it cannot be delivered: so write mail systems, and programs that answer for people.
        case nobody
        /// A name of mail systems under which people write as well.
        case office
        case system
    }

    let standing: Standing
    /// An answer, or something handed on.
    private let isAnswer: Bool
    /// The header has fields that mailers write when somebody answers, or those of a mailing list.
    private let isConversation: Bool
    private let isAutomatic: Bool
    /// Somebody is to be told when it cannot be delivered, and not a mail system, which answers nobody.
    let hasOwnPath: Bool
    /// The whole mail is a report on a delivery (RFC 6522).
    let isDeliveryReport: Bool
    /// The whole mail is a report of another kind: a receipt, or a summary for machines.
    let isOtherReport: Bool

    init(_ header: HeaderBlock, subject: String) {
        let from = EncodedWords.text(header["from"])
        let locals = from.lowercased().split { " <>\"'(),;:".contains($0) }
            .filter { $0.contains("@") }.map { $0.prefix { $0 != "@" } }
        let words = WordText(from)
        if from.trimmed.isEmpty || from.trimmed.hasSuffix("<>") || words.says(Self.systems)
            || locals.contains(where: Self.isSystem)
        {
            self.standing = .system
        } else if words.says(Self.offices) || locals.contains(where: { Self.officeLocals.contains($0) }) {
            self.standing = .office
        } else if header["return-path"].trimmed == "<>" {
            self.standing = .nobody
        } else {
            self.standing = .anyone
        }
        let start = subject.trimmed.lowercased().prefix { $0 != ":" }
        self.isAnswer = start.count < subject.trimmed.count && Self.answers.contains(String(start.trimmed))
        let isList = header["precedence"].trimmed.lowercased() == "list"
        self.isConversation =
            isList || !["in-reply-to", "references", "list-id", "list-post"].allSatisfy { header[$0].isEmpty }
        let content = header["content-type"].lowercased()
        let report = content.hasPrefix("multipart/report") ? HeaderBlock.parameter("report-type", of: content) : nil
        self.isDeliveryReport = report?.contains("delivery-status") ?? false
        self.isOtherReport = report.map { !$0.isEmpty && !$0.contains("delivery-status") } ?? false
        let path = AddressScan.addresses(header["return-path"]).first?.prefix { $0 != "@" }
        let isOfSystem = path.map { Self.isSystem($0) || Self.officeLocals.contains($0) } ?? true
        self.hasOwnPath = path != nil && !(self.standing == .system && isOfSystem)
        self.isAutomatic = header["auto-submitted"].trimmed.lowercased().hasPrefix("auto-")
    }

    /// Whether this can be a notice although it has none of the fields of one.
    var mayTell: Bool {
        switch self.standing {
        case .system: true
        case .office: !self.isAnswer && !self.isConversation
        case .nobody: !self.isAnswer && !self.isConversation && !self.isAutomatic
        case .anyone: false
        }
    }

    /// Whether a part with the fields of a notice is this mail's own, and not that of one which somebody hands on.
    var mayReport: Bool {
        self.isDeliveryReport || self.standing == .system || self.standing == .office && !self.isAnswer
    }

    private static func isSystem(_ local: Substring) -> Bool {
        systemLocals.contains(local)
            // Exchange Online adds the organisation's number.
            || local.hasPrefix("microsoftexchange") && local.count > 30
    }

    private static let systemLocals: Set<Substring> = [
        "mailer-daemon", "mailer_daemon", "mailerdaemon", "mailer.daemon", "mail-daemon", "maildaemon", "mail.daemon",
        "post_master", "mail.delivery.system", "mail-delivery-system", "mdaemon", "uucp",
    ]
    private static let officeLocals: Set<Substring> = [
        "postmaster", "poostmaster", "post-master", "postoffice", "mta", "smtp", "mailsystem", "mail-system",
        "mail.system",
    ]
    private static let systems = [
        "mailer daemon", "mail deliver|delivery system|subsystem|agent", "delivery subsystem",
    ]
    .map { Phrase($0) }
    private static let offices = ["postmaster", "x400 ...1 mta|gateway"].map { Phrase($0) }
    /// What mailers put before the subject of an answer or of something forwarded, in several languages.
    private static let answers: Set<String> = [
        "re", "fw", "fwd", "aw", "wg", "antw", "antwort", "tr", "rv", "sv", "vs", "vb", "vl", "r", "i", "rif", "enc",
        "res",
        "odp", "pd", "doorst", "ynt", "ilt",
    ]
}
