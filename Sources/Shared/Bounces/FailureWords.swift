/// The words of mail systems, by what they mean.
enum FailureWords {
    typealias Table = (reason: FailureReason, phrases: [Phrase])

    /// What a mail system says of one refusal, in the order in which it is tried: what is said of us, or of any sender, before what is said of
    /// the mailbox, and what may mean anything last.
    static let ofReplies: [Table] =
        [
            (.authentication, SenderWords.proof), (.reverseLookup, SenderWords.lookup), (.spam, SenderWords.listed),
            (.policy, SenderWords.ours),
        ] + Self.ofTexts

    /// What a whole text says, where words such as "your server" may stand in its advice.
    static let ofTexts: [Table] =
        [(.policy, SenderWords.address)] + Self.certain + [(.unknownMailbox, RecipientWords.vaguelyUnknown)]

    /// Of what is said while a message is handed over, without a status: then neither a host, which may be ours, nor vague words count.
    static let ofDialogues: [Table] = Array(Self.ofReplies.filter { $0.reason != .unknownHost }.dropLast())

    private static let certain: [Table] = [
        (.mailboxFull, RecipientWords.full), (.tooLarge, MessageWords.large), (.refusesMail, RecipientWords.refusing),
        (.moved, RecipientWords.moved), (.unknownMailbox, RecipientWords.gone),
        (.unknownMailbox, RecipientWords.unknown), (.unknownMailbox, RecipientWords.unknownElsewhere),
        (.unknownHost, RecipientWords.host), (.malware, MessageWords.malware), (.spam, MessageWords.spam),
        (.authentication, MessageWords.authentication), (.reverseLookup, MessageWords.reverse),
        (.policy, MessageWords.policy), (.temporary, MessageWords.temporary), (.suspended, RecipientWords.suspended),
    ]

    static func phrases(_ texts: String...) -> [Phrase] { texts.map { Phrase($0) } }
}
