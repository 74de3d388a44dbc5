import Bounces

extension WebhookEvent.What {
    /// What a receiver's refusal means of which a provider says that it is for good: to the provider, refusals of us are, too.
    ///
    /// | the receiver's words and status | |
    /// |---|---|
    /// | no such mailbox or host, moved, takes no mail | `permanent` |
    /// | about us, the message or rules | `policy` |
    /// | full or suspended, later; or words that nobody knows | `temporary` |
    /// | none | `otherwise` |
    ///
    /// - Parameters:
    ///   - refusal: What it said, with or without its codes.
    ///   - status: Its enhanced status (RFC 3463), if the provider has it apart.
    ///   - otherwise: What it is when the provider hands on neither.
    init(refusal: String?, status: String?, otherwise: Self) {
        let (refusal, status) = (refusal ?? "", status ?? "")
        guard !(refusal.isEmpty && status.isEmpty) else {
            self = otherwise
            return
        }
        // RFC 3463, section 3.8: security or policy, whatever else it says.
        if ["5.7.", "4.7."].contains(where: { status.hasPrefix($0) }) {
            self = .policy
            return
        }
        switch FailureReason.ofReport(refusal, status: status) {
        case .unknownMailbox, .unknownHost, .moved, .refusesMail: self = .permanent
        case .tooLarge, .malware, .spam, .authentication, .reverseLookup, .policy, .filtered: self = .policy
        case .mailboxFull, .suspended, .temporary, .delivered, .other: self = .temporary
        }
    }
}
