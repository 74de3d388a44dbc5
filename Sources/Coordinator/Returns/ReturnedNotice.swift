import Bounces
import Crypto
import Domain
import Engine
import Signing

/// What a mail that came back means for one message: decided from its bytes alone, on whatever thread read it.
struct ReturnReport: Sendable, Equatable {
    enum What: Sendable, Equatable {
        /// Of the addresses in it, that of the message's contact counts; else the first.
        case bounced([Bounce])
        case complained(type: String)
        case unsubscribed
        case delivered
        case opened
        case clicked
    }

    struct Bounce: Hashable, Sendable {
        /// In lower case; empty when a provider names none.
        let address: String
        let weight: ReturnRules.Weight
        /// For people: the reason's word, the status, and what was said, without addresses.
        let detail: String
    }

    let target: TargetKey
    let what: What
    /// `dsn`, `arf`, or a provider's name.
    let source: String
    /// The same for every copy of this report.
    let copy: String
    /// Names the report where its target is only a guess; `nil` where the target is proved, of which every kind of news is kept once.
    var once: String?
    /// The canonical address that a provider says it is about; `nil` in a mail, which may name one behind another.
    var named: String?
}

/// Reads mails that came to the return address.
struct ReturnedNotice: Sendable {
    /// What is to be done about a mail.
    enum Verdict: Sendable, Equatable {
        case act(ReturnReport)
        /// It tells nothing that matters: somebody is away, a message arrived.
        case ignore
        /// It says that a message of ours came back, and does not show which.
        case refuse
    }

    let scan: ReturnPathScan

    /// Addresses of one notice that are looked at.
    static let recipientsMax = 16

    /// - Parameters:
    ///   - mail: At least its first ``ReturnedMail/bytesMax`` bytes.
    ///   - envelope: The message that the envelope's recipient names.
    /// - Returns: What to do about it.
    func judge(_ mail: [UInt8], envelope: TargetKey? = nil) -> Verdict {
        let returned = ReturnedMail(mail)
        let what: ReturnReport.What
        switch returned.kind {
        case .bounce:
            // One that names nobody is about whom its return path names; how bad it is it may not say.
            let told = returned.unnamed.map { [$0] } ?? Array(returned.recipients.prefix(Self.recipientsMax))
            let bounces = told.compactMap(Self.bounce)
            guard !bounces.isEmpty || told.isEmpty else { return .ignore }
            what = .bounced(bounces.isEmpty ? [.init(address: "", weight: .temporary, detail: "")] : bounces)
        case .complaint: what = .complained(type: returned.feedbackType ?? "abuse")
        case .autoReply, .none: return .ignore
        }
        // Only what a person wishes counts: machines report, too.
        if case .complained(let type) = what, !ReturnedMail.isWish(feedbackType: type) { return .ignore }
        guard let target = envelope ?? self.scan.firstTarget(in: mail) else { return .refuse }
        return .act(
            ReturnReport(
                target: target,
                what: what,
                source: returned.kind == .complaint ? "arf" : "dsn",
                copy: Self.digest(mail)
            )
        )
    }

    private static func bounce(_ recipient: ReturnedMail.Recipient) -> ReturnReport.Bounce? {
        let weight: ReturnRules.Weight
        switch recipient.reason {
        case .delivered: return nil
        case .refusesMail, .moved, .unknownMailbox, .unknownHost: weight = .permanent
        case .mailboxFull, .suspended, .temporary, .other: weight = .temporary
        case .tooLarge, .malware, .spam, .authentication, .reverseLookup, .policy, .filtered: weight = .policy
        }
        // RFC 3463, section 3.8: security or policy, whatever else the text says.
        let isPolicy = weight == .policy || ["4.7.", "5.7."].contains { recipient.status.hasPrefix($0) }
        // The message may yet arrive. For reasons of policy that says nothing at all of the mailbox.
        if recipient.isDelayed, isPolicy { return nil }
        let parts = [recipient.reason.rawValue, recipient.status, recipient.said]
        return .init(
            address: recipient.address,
            weight: isPolicy ? .policy : recipient.isDelayed ? .temporary : weight,
            detail: parts.filter { !$0.isEmpty }.joined(separator: " ")
        )
    }

    /// Names a mail by its Message-ID, which stays when it is delivered again; by its body, when it has none.
    private static func digest(_ mail: [UInt8]) -> String {
        let name = Array("message-id:".utf8)
        var start = 0
        while start < mail.count {
            let end = mail[start...].firstIndex(of: 0x0A) ?? mail.count
            let line = mail[start..<end]
            if line.allSatisfy({ $0 == 0x0D }) { break }
            if line.prefix(name.count).elementsEqual(name, by: { ($0 | 0x20) == $1 || $0 == $1 }) {
                return SHA256.hash(data: Array(line.dropFirst(name.count).filter { $0 > 0x20 })).prefix(16).hexadecimal
            }
            start = end + 1
        }
        return SHA256.hash(data: Array(mail[min(start, mail.count)...])).prefix(16).hexadecimal
    }
}
