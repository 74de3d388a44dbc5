/// Why a mail was not delivered, as far as words and codes tell.
package enum FailureReason: String, Sendable, CaseIterable {
    case mailboxFull = "mailbox_full"
    case tooLarge = "too_large"
    case refusesMail = "refuses_mail"
    case moved
    case unknownMailbox = "unknown_mailbox"
    case unknownHost = "unknown_host"
    case malware
    case spam
    case authentication
    case reverseLookup = "reverse_lookup"
    case policy
    case suspended
    /// Whoever said that the mailbox is not there contradicts itself, so nothing is certain.
    case filtered
    case temporary
    case delivered
    case other

    /// Whether writing to the address again is of no use, ever.
    ///
    /// Policy is about us and never about the address (RFC 3463, X.7.x); full and suspended mailboxes come back.
    package var isPermanent: Bool {
        switch self {
        case .refusesMail, .moved, .unknownMailbox, .unknownHost: true
        default: false
        }
    }

    /// Why a relay refused a message for good in its dialogue.
    ///
    /// - Parameters:
    ///   - text: What it said behind its codes.
    ///   - status: As in `5.1.1` (RFC 3463); empty when it gave none.
    /// - Returns: ``other`` when neither tells.
    package static func ofReply(_ text: String, status: String) -> FailureReason {
        let judgement = FailureJudgement(
            status: StatusText([], stated: status),
            action: "failed",
            isAfterContent: false
        )
        return judgement.reason([text])
    }
}

/// The words of mail systems, by what they mean.
///
/// In the order in which they are tried: what is said of the mailbox itself before what is said of us, and what may mean anything last.
enum FailureWords {
    static let ordered: [(reason: FailureReason, phrases: [Phrase])] = [
        (.mailboxFull, Self.full), (.tooLarge, Self.large), (.refusesMail, Self.refusing), (.moved, Self.moved),
        (.unknownMailbox, Self.unknown), (.unknownHost, Self.host), (.malware, Self.malware), (.spam, Self.spam),
        (.authentication, Self.authentication), (.reverseLookup, Self.reverse), (.policy, Self.policy),
        (.suspended, Self.suspended), (.unknownMailbox, Self.vaguelyUnknown),
    ]

    private static func phrases(_ texts: String...) -> [Phrase] { texts.map { Phrase($0) } }

    private static let full = Self.phrases(
        "mailbox|inbox|account|user|recipient|disk|storage|maildrop ...4 full|overquota|exceed*",
        "mail box|drop ...4 full|exceed*",
        "over quota",
        "overquota",
        "quota exceeded|limit|full|violation",
        "exceed* ...2 quota|storage|disk",
        "out of storage",
        "not enough storage|disk|space",
        "insufficient ...1 storage|space|quota",
        "too much|many mail|messages data|in"
    )
    private static let large = Self.phrases(
        "message size|too large|big|exceed*|limit",
        "message is too large|big",
        "message too large|big",
        "size limit exceed*",
        "exceeds ...1 maximum|size|fixed",
        "maximum message",
        "too large",
        "message file too big",
        "message length exceeds"
    )
    private static let refusing = Self.phrases(
        "doesn't|not accept mail|email|message|messages",
        "doesn't|not accept any mail|email|message|messages",
        "doesn't|not accept e mail",
        "null mx",
        "nullmx"
    )
    private static let moved = Self.phrases(
        "has moved",
        "no longer at|with|valid|here|available|exists|on|works|employed",
        "no longer in use",
        "changed ...1 address",
        "address has changed",
        "not our user"
    )
    private static let unknown = Self.phrases(
        "user|recipient|mailbox|account|address|addressee|userid|person unknown",
        "user|recipient|mailbox|account|address|addressee|userid|person ...2 unknown|recognized|known|found",
        "user|recipient|mailbox|account|address|addressee|userid|person ...1 doesn't|not exist|have",
        "doesnt exist",
        "unknown user|recipient|address|mailbox|account|local|addressee|virtual",
        "no such user|mailbox|person|recipient|address|account|local|name|addr",
        "no such ...2 here",
        "not ...1 valid|known|local user|mailbox|address|recipient",
        "not listed|found in",
        "no mailbox",
        "no account",
        "mailbox not found",
        "mailbox does",
        "invalid final|recipient|mailbox|user|address",
        "unrouteable address",
        "bad destination mailbox",
        "isn't a valid",
        "doesn't have a|an",
        "not have a|an account|mailbox",
        "not have an email|e",
        "address couldn't be found",
        "address could not be found",
        "there is no user",
        "not our customer",
        "no one by that name",
        "no recipient",
        "unknown or illegal alias",
        "is not known",
        "user n'existe",
        "n'existe pas",
        "nicht bekannt",
        "unbekannt*",
        "destinatario desconocido",
        "utilisateur inconnu"
    )
    private static let host = Self.phrases(
        "host unknown",
        "host name ...1 unknown",
        "host ...3 not found",
        "unknown host",
        "domain ...1 not|unknown|doesn't",
        "domain does not exist",
        "no such domain",
        "bad destination host",
        "nxdomain",
        "unrouteable mail|maildomain",
        "unrouteable domain"
    )
    private static let malware = Self.phrases("virus*", "malware", "infected", "malicious")
    private static let spam = Self.phrases(
        "spam*",
        "junk",
        "junkmail",
        "bulk mail",
        "unsolicited",
        "content ...1 rejected|filter*",
        "dnsbl",
        "rbl",
        "blacklist*",
        "black list*",
        "blocklist*",
        "block list*",
        "listed at|in|by|on",
        "reputation",
        "suspicious"
    )
    private static let authentication = Self.phrases(
        "spf",
        "dkim",
        "dmarc",
        "domainkeys",
        "authenticat*",
        "unauthenticated",
        "auth required",
        "sender policy",
        "arc validation"
    )
    private static let reverse = Self.phrases(
        "reverse dns",
        "ptr",
        "rdns",
        "fcrdns",
        "client host rejected",
        "cannot find your hostname|reverse",
        "does not resolve",
        "dynamic ip",
        "ip name|address lookup|possibly"
    )
    private static let policy = Self.phrases(
        "policy",
        "policies",
        "prohibited",
        "not allowed",
        "access denied",
        "permission",
        "denied",
        "administrative*",
        "security reason*|violation*",
        "banned",
        "sender ...1 rejected|verify|verification",
        "block*",
        "connection refused",
        "not permitted",
        "bad|invalid sender",
        "not authorized",
        "unauthorized",
        "refus* to",
        "too many",
        "rate limit*",
        "throttl*",
        "greylist*",
        "try again",
        "temporar*",
        "deferred",
        "later",
        "relay*"
    )
    private static let suspended = Self.phrases(
        "suspend*",
        "discontinued",
        "disabled",
        "inactive",
        "locked",
        "frozen",
        "deactivated"
    )
    private static let vaguelyUnknown = Self.phrases(
        "recipient|address|user ...2 rejected|refused",
        "rejected address|recipient",
        "rejected the address|recipient",
        "mailbox unavailable",
        "not valid",
        "undeliverable address"
    )
}

/// Decides about one recipient.
struct FailureJudgement {
    /// As found in texts and fields.
    let status: StatusText
    /// The `Action` field in lower case; empty when there is none.
    let action: String
    /// The message was refused after its content was sent.
    let isAfterContent: Bool

    /// The reason that words and codes give together.
    ///
    /// - Parameter texts: What was said of this recipient, the most certain first.
    /// - Returns: ``FailureReason/other`` when nothing said anything.
    func reason(_ texts: [String]) -> FailureReason {
        if ["deliver", "relay", "expand"].contains(where: { self.action.hasPrefix($0) }) { return .delivered }
        for text in texts where !text.isEmpty {
            let words = WordText(text)
            guard let found = FailureWords.ordered.first(where: { words.says($0.phrases) }) else { continue }
            return self.weighed(found.reason, words)
        }
        switch self.status.status {
        case "5.1.0", "5.1.1", "5.1.3", "5.1.6", "5.1.10": return self.weighed(.unknownMailbox, WordText(""))
        case "5.1.2", "5.4.4": return .unknownHost
        default: return self.status.status.hasPrefix("4.") || self.action == "delayed" ? .temporary : .other
        }
    }

    /// Takes a permanent reason back when a code or the moment contradicts it.
    private func weighed(_ reason: FailureReason, _ words: WordText) -> FailureReason {
        let parts = self.status.status.split(separator: ".")
        let subject = parts.count == 3 ? parts[1] : ""
        // What Exchange Online says of a recipient whom its directory does not know.
        if self.status.status == "5.4.1", words.says([Phrase("recipient address rejected access denied")]) {
            return .unknownMailbox
        }
        guard reason.isPermanent else { return reason }
        if subject == "2", parts.last == "2" { return .mailboxFull }
        if parts.first == "4" || self.action == "delayed" { return .temporary }
        // A name server that did not answer says nothing about the name.
        if reason == .unknownHost, words.says([Phrase("try again"), Phrase("temporar*"), Phrase("timed out")]) {
            return .temporary
        }
        if reason == .refusesMail { return reason }
        if subject == "3" || subject == "7" { return .filtered }
        // 5.1.7 and 5.1.8 speak of the sender.
        if self.status.status == "5.1.7" || self.status.status == "5.1.8" { return .policy }
        // A mailbox that is not there is refused at RCPT; after the content, it was the content.
        if self.isAfterContent, reason != .moved, subject != "1" { return .filtered }
        return reason
    }
}
