import Testing

@testable import Bounces

/// Refusals as one line each: what is said of us, and what is said of the mailbox.
@Suite("The words of refusals")
struct FailureWordsTests {
    static let aboutUs = [
        "550 Your IP is unknown here", "554 The IP address 192.0.2.7 is a known source of junk",
        "550 Mail from your address rejected", "550 address 192.0.2.7 rejected",
        "550 From 192.0.2.7: address not found",
        "550 No such user: your domain does not exist", "550 HELO name is not valid", "550 EHLO host not found",
        "550 mailbox unavailable, no A or MX record for the domain", "550 Your domain may not send to this user",
        "550 unknown host in MAIL FROM", "550 Sender host unknown", "550 Return path: no such mailbox",
        "550 Envelope sender: user unknown", "550 Bounce address does not exist", "550 Reply-To address not found",
        "550 The From header names an invalid address", "550 sender's mailbox not found",
        "550 recipient not found in your allow list", "550 Your host is not listed in our whitelist",
        "550 user is not found in contacts", "550 Address was found on a block list", "554 Virus found in mail to user",
        "550 URL address not valid", "550 Attachment name not valid", "550 message ID not valid",
        "554 certificate not valid", "550 too many unknown recipients", "550 Too many invalid user names",
        "535 authentication required: user unknown", "550 sending domain not DKIM signed",
        "550 DMARC: domain not aligned", "550 no PTR for host found", "550 We accept mail from known addresses only",
        "550 We do not accept mail from this network", "550 does not accept messages with attachments",
        "553 5.1.3 see https://www.spamhaus.org/query?a=1", "550 user unknown to dnsbl.x.example",
        "550 Absender existiert nicht", "550 El remitente no existe", "550 发件人不存在",
        "550 адрес отправителя не найден",
    ]

    static let aboutMailbox = [
        "550 User unknown", "550 No such user here", "550 This user does not exist", "550 recipient not found",
        "550 The mail account that was named does not exist", "550 Mailbox not available: no such user",
        "550 User kim is not here", "550 This account was deleted", "550 Account expired",
        "550 the mailbox has been closed", "550 She has left the company", "550 The user has moved",
        "550 this address is no longer in use", "550 No valid recipients", "550 the user never logged in",
        "550 Benutzer unbekannt", "550 Dieses Postfach existiert nicht mehr", "550 Cette adresse n'existe plus",
        "550 destinatario inesistente", "550 El usuario no existe", "550 De gebruiker bestaat niet",
        "550 Mottagaren finns inte", "550 Brugeren findes ikke", "550 nie istnieje", "550 пользователь не найден",
        "550 该用户不存在", "550 宛先が存在しません", "550 존재하지 않는 계정",
    ]

    private func reason(_ text: String, status: String = "", of sender: SenderNames = SenderNames()) -> FailureReason {
        let judgement = FailureJudgement(
            status: StatusText([text[...]], stated: status),
            action: "failed",
            isAfterContent: false,
            sender: sender
        )
        return judgement.reason(own: [text], around: [])
    }

    @Test("what is said of us says nothing of the mailbox, however it is said", arguments: Self.aboutUs)
    func us(text: String) {
        #expect(!self.reason(text).isPermanent)
        #expect(!FailureReason.ofReport(text, status: "5.0.0").isPermanent)
        #expect(!FailureReason.ofReply(String(text.dropFirst(4)), status: "").isPermanent)
    }

    @Test("a mailbox that is not there, or not any more, is known by its words", arguments: Self.aboutMailbox)
    func mailbox(text: String) {
        #expect(self.reason(text).isPermanent)
        #expect(FailureReason.ofReply(String(text.dropFirst(4)), status: "").isPermanent)
    }

    @Test(
        "in a dialogue without a status only certain words count; a returned mail has more to go by",
        arguments: ["mailbox unavailable", "Recipient address rejected", "domain there.example not found"]
    )
    func dialogue(text: String) {
        #expect(self.reason("550 \(text)").isPermanent)
        #expect(!FailureReason.ofReply(text, status: "").isPermanent)
        #expect(FailureReason.ofReply(text, status: "5.1.1").isPermanent)
    }

    @Test(
        "a status decides where words are silent, and 5.7.x against all of them",
        arguments: [
            ("5.1.1", "Try to check the spelling", FailureReason.unknownMailbox),
            ("5.1.3", "bad syntax", .unknownMailbox),
            ("5.1.2", "no", .unknownHost), ("5.2.1", "(see our site)", .suspended), ("5.7.1", "no", .policy),
            ("5.7.1", "We do not accept mail", .filtered),
            ("5.7.1", "We do not accept mail from bulk senders", .policy),
            ("5.7.1", "no such user", .filtered), ("5.1.1", "your host is unknown", .policy), ("5.0.0", "no", .other),
            ("5.2.1", "The mailbox does not exist", .unknownMailbox), ("5.1.8", "user unknown", .policy),
        ]
    )
    func statuses(status: String, text: String, reason: FailureReason) {
        #expect(self.reason("550 \(text)", status: status) == reason)
    }

    @Test("a refusal that names the sender and not the recipient is about the sender")
    func sender() {
        let names = SenderNames(addresses: ["b+x@ours.example"], recipient: "ann@there.example")
        #expect(self.reason("550 b+x@ours.example: no such user", of: names) == .policy)
        #expect(self.reason("550 domain of ours.example does not exist", of: names) == .policy)
        #expect(self.reason("550 ann@there.example: no such user, b+x@ours.example", of: names) == .unknownMailbox)
        // The host in our domain that tells it.
        #expect(self.reason("550 mx.ours.example says: no such user", of: names) == .unknownMailbox)
        let same = SenderNames(addresses: ["news@there.example"], recipient: "ann@there.example")
        #expect(self.reason("550 no such user at there.example", of: same) == .unknownMailbox)
    }

    @Test(
        "hosts and networks are one word each, sentences and codes are not, and other scripts are read",
        arguments: [
            ("at relay.example.org: no", ["at", "#host", "no"]), ("[192.0.2.7]:25", ["#ip", "25"]),
            ("unknown.Please try", ["unknown", "please", "try"]), ("(#5.1.1) x", ["5", "1", "1", "x"]),
            ("über a@b.example it\u{2019}s", ["ber", "it's"]), ("用户 нет", ["用", "户", "нет"]),
            ("e.g. a..b", ["e", "g", "a", "b"]),
        ]
    )
    func words(text: String, words: [String]) { #expect(WordText(text).words.map(String.init) == words) }

    @Test("a phrase may rule out the word before it and the word behind it")
    func phrases() {
        let phrase = Phrase("!your address unknown !to")
        #expect(phrase.occurs(in: WordText("this address unknown")))
        #expect(phrase.occurs(in: WordText("address unknown here")))
        #expect(!phrase.occurs(in: WordText("your address unknown")))
        #expect(!phrase.occurs(in: WordText("address unknown to us")))
    }
}
