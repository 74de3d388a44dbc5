import Testing

@testable import Bounces

/// Notices of many mail systems, in many languages, with the fields of RFC 3464 and without.
@Suite("Notices of many mail systems")
struct StrangeNoticeTests {
    struct Returned: Sendable, CustomTestStringConvertible {
        let name: String
        var from = "MAILER-DAEMON@mx.example"
        let subject: String
        var header = ""
        let text: String
        /// Of `ann@there.example`.
        var reason = FailureReason.unknownMailbox

        var testDescription: String { self.name }

        var bytes: [UInt8] {
            let more = self.header.isEmpty ? "" : self.header + "\n"
            let head = "From: \(self.from)\nTo: club@sender.example\nSubject: \(self.subject)\n\(more)"
            return Array("\(head)Message-ID: <1@x.example>\n\n\(self.text)\n".utf8)
        }
    }

    private static let original = """
        From: Club <club@sender.example>
        To: ann@there.example
        Message-ID: <7@sender.example>
        Subject: Our summer fair

        Come!
        """

    /// A report with its fields; `text` may be in any language.
    private static func report(_ text: String, _ fields: String, type: String = "delivery-status") -> String {
        """
        --b
        Content-Type: text/plain; charset=utf-8

        \(text)

        --b
        Content-Type: message/\(type)

        Reporting-MTA: dns; mx.example

        \(fields)

        --b
        Content-Type: message/rfc822

        \(Self.original)
        --b--
        """
    }

    private static let reportHeader =
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\nMIME-Version: 1.0"

    private static func exchange(_ name: String, _ subject: String, _ text: String) -> Returned {
        Returned(
            name: name,
            from: "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@there.example>",
            subject: subject,
            header: Self.reportHeader
                + "\nIn-Reply-To: <7@sender.example>\nReferences: <7@sender.example>\nReturn-Path: <>",
            text: Self.report(
                text,
                """
                Final-Recipient: rfc822;ann@there.example
                Action: failed
                Status: 5.1.10
                Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found by SMTP address lookup
                """
            )
        )
    }

    private static let reports: [Returned] = [
        Self.exchange("Exchange Online in English", "Undeliverable: Our summer fair", "ann wasn't found."),
        Self.exchange(
            "Exchange Online in German",
            "=?utf-8?Q?Unzustellbar=3A_Fest?=",
            "Ihre Nachricht wurde nicht zugestellt."
        ),
        Self.exchange(
            "Exchange Online in French",
            "=?utf-8?Q?Non_remis_=3A_F=C3=AAte?=",
            "Votre message n'a pas pu être remis."
        ),
        Self.exchange("Exchange Online in Spanish", "No se puede entregar: fiesta", "No se encontró a ann."),
        Self.exchange(
            "Exchange Online in Russian",
            "=?utf-8?B?0J3QtSDRg9C00LDQu9C+0YHRjA==?=",
            "Не удалось доставить."
        ),
        Returned(
            name: "a report whose author has a person's name",
            from: "Mail Delivery Service <bosscat@mx.example>",
            subject: "Delivery Status Notification",
            header: Self.reportHeader + "\nList-Id: <x.lists.example>",
            text: Self.report("", "Final-Recipient: rfc822; ann@there.example\nAction: failed\nStatus: 5.1.1")
        ),
        Returned(
            name: "a gateway to X.400",
            from: "X400-Gateway <gateway@mx.example>",
            subject: "Non-delivery report",
            header: Self.reportHeader,
            text: Self.report(
                "Recipient not reached: unable-to-transfer",
                """
                Original-Recipient: rfc822; ann@there.example
                Final-Recipient: X400; /G=ann/S=lee/O=there/
                Action: failed
                Status: 5.1.1
                Diagnostic-Code: X400; 0 (unrecognised-or-name)
                """
            )
        ),
        Returned(
            name: "an address in other letters",
            subject: "Undelivered Mail Returned to Sender",
            header: Self.reportHeader,
            text: Self.report(
                "",
                "Final-Recipient: utf-8; \\x{61}nn@there.example\nAction: failed\nStatus: 5.1.1"
            )
        ),
        Returned(
            name: "a report without a subject that means anything",
            from: "postmaster@mx.example",
            subject: "=?utf-8?B?0LLQvtC30LLRgNCw0YI=?=",
            header: "Content-Type: multipart/report; boundary=b",
            text: Self.report("вернулось", "Final-Recipient: rfc822; ann@there.example\nAction: failed\nStatus: 5.1.1")
        ),
        Returned(
            name: "a warning that it takes longer",
            subject: "Warning: message delayed 4 hours",
            header: Self.reportHeader,
            text: Self.report(
                "You need do nothing.",
                "Final-Recipient: rfc822; ann@there.example\nAction: delayed\nStatus: 4.4.7"
            ),
            reason: .temporary
        ),
    ]

    private static let texts: [Returned] = [
        Returned(
            name: "qmail",
            subject: "failure notice",
            text: """
                Hi. This is the qmail-send program at mx.example.
                I'm afraid I wasn't able to deliver your message to the following addresses.

                <ann@there.example>:
                Sorry, no mailbox here by that name. (#5.1.1)

                --- Below this line is a copy of the message.

                \(Self.original)
                """
        ),
        Returned(
            name: "Exim",
            from: "Mail Delivery System <Mailer-Daemon@mx.example>",
            subject: "Mail delivery failed: returning message to sender",
            header: "X-Failed-Recipients: ann@there.example\nAuto-Submitted: auto-replied",
            text: "  ann@there.example\n    SMTP error after RCPT TO:<ann@there.example>:\n    550 5.1.1 no such user"
        ),
        Returned(
            name: "Exim that waits",
            from: "Mail Delivery System <Mailer-Daemon@mx.example>",
            subject: "Warning: message 1abc-2 delayed 24 hours",
            header: "Auto-Submitted: auto-replied",
            text: """
                A message that you sent has not yet been delivered to one or more of its recipients.

                  ann@there.example
                    Delay reason: connection timed out
                """,
            reason: .temporary
        ),
        Returned(
            name: "Gmail",
            from: "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            subject: "Delivery Status Notification (Failure)",
            header:
                "In-Reply-To: <7@sender.example>\nAuto-Submitted: auto-replied\nX-Failed-Recipients: ann@there.example",
            text:
                "** Address not found **\n\nYour message wasn't delivered to ann@there.example because the address couldn't be found."
        ),
        Returned(
            name: "Gmail in German",
            from: "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            subject: "Delivery Status Notification (Failure)",
            header: "References: <7@sender.example>",
            text:
                "** Adresse nicht gefunden **\n\nDie Nachricht wurde nicht an ann@there.example zugestellt.\n\n550 5.1.1 NoSuchUser"
        ),
        Returned(
            name: "Yahoo",
            from: "MAILER-DAEMON@yahoo.example",
            subject: "Failure Notice",
            text: """
                Sorry, we were unable to deliver your message to the following address.

                <ann@there.example>:
                554: delivery error: dd This user doesn't have a there.example account (ann@there.example) [0]
                """
        ),
        Returned(
            name: "sendmail of old",
            from: "Mail Delivery Subsystem <MAILER-DAEMON@mx.example>",
            subject: "Returned mail: User unknown",
            text: """
                   ----- Transcript of session follows -----
                >>> RCPT To:<ann@there.example>
                <<< 550 <ann@there.example>... User unknown
                550 <ann@there.example>... User unknown

                   ----- Unsent message follows -----
                \(Self.original)
                """
        ),
        Returned(
            name: "Exchange of old",
            from: "System Administrator <postmaster@there.example>",
            subject: "Undeliverable: Our summer fair",
            text: """
                Your message did not reach some or all of the intended recipients.

                The following recipient(s) could not be reached:

                      ann@there.example on 22/11/2026 10:00
                            The e-mail account does not exist at the organization this message was sent to.
                """
        ),
        Returned(
            name: "Notes",
            from: "Postmaster@there.example",
            subject: "DELIVERY FAILURE: User ann (ann@there.example) not listed in Domino Directory",
            text: """
                Your message

                  Subject: Our summer fair

                was not delivered to:

                  ann@there.example

                because:

                  User ann (ann@there.example) not listed in Domino Directory
                """
        ),
        Returned(
            name: "a German provider",
            from: "Postmaster <postmaster@there.example>",
            subject: "Unzustellbare Nachricht",
            text: "Ihre E-Mail konnte nicht zugestellt werden:\n\n<ann@there.example>: Empfänger unbekannt\n"
        ),
        Returned(
            name: "a German mailbox that is full",
            subject: "Nachricht nicht zustellbar",
            text: "Die Nachricht an ann@there.example wurde nicht zugestellt. Das Postfach des Empfängers ist voll.",
            reason: .mailboxFull
        ),
        Returned(
            name: "a French provider",
            from: "postmaster@there.example",
            subject: "=?iso-8859-1?Q?=C9chec_de_la_remise_du_message?=",
            text: "Votre message n'a pas pu être remis à :\n\n  ann@there.example\n\nUtilisateur inconnu.\n"
        ),
        Returned(
            name: "a Spanish provider",
            subject: "Mensaje devuelto al remitente",
            text: "No se pudo entregar el mensaje a:\n\n<ann@there.example>: 550 el usuario no existe\n"
        ),
        Returned(
            name: "a Russian provider that hands the message back",
            subject: "=?utf-8?B?0J3QtSDQtNC+0YHRgtCw0LLQu9C10L3Qvg==?=",
            header: "Content-Type: multipart/mixed; boundary=b",
            text: """
                --b
                Content-Type: text/plain; charset=utf-8

                Не удалось доставить письмо: <ann@there.example>

                --b
                Content-Type: message/rfc822

                \(Self.original)
                --b--
                """,
            reason: .other
        ),
        Returned(
            name: "one without an author",
            from: "<>",
            subject: "Nondeliverable mail",
            text: "<ann@there.example>: 550 5.1.1 mailbox not found"
        ),
    ]

    @Test(
        "a notice names its recipient and its reason, whoever wrote it in whatever language",
        arguments: Self.reports + Self.texts
    )
    func notices(notice: Returned) throws {
        let mail = ReturnedMail(notice.bytes)
        #expect(mail.kind == .bounce)
        let recipient = try #require(mail.recipients.first)
        #expect(mail.recipients.count == 1)
        #expect(recipient.address == "ann@there.example")
        #expect(recipient.reason == notice.reason)
    }

    @Test(
        "what may yet pass is temporary, and a full mailbox is full, whatever else the words say",
        arguments: [
            (
                "failed", "4.4.1", "connect to mx.there.example[192.0.2.1]:25: Connection refused",
                FailureReason.temporary
            ),
            ("failed", "4.4.1", "delivery temporarily suspended: connect: Connection timed out", .temporary),
            ("failed", "4.3.0", "451 4.3.0 Temporary lookup failure", .temporary),
            ("failed", "4.2.0", "450 4.2.0 Greylisted, please try again later", .temporary),
            ("failed", "4.4.7", "Deferred: Connection refused by mx.there.example.", .temporary),
            ("failed", "4.2.1", "450 4.2.1 account is full, try later", .mailboxFull),
            ("failed", "4.2.2", "452 4.2.2 not now", .mailboxFull),
            ("failed", "4.7.1", "451 4.7.1 Greylisting in action, please come back later", .policy),
            ("failed", "4.7.0", "421 4.7.0 user unknown to our policy", .policy),
            ("failed", "4.7.0", "421 4.7.0 our system has detected unusual spam", .spam),
            ("delayed", "4.7.500", "400 4.7.500 access denied, try later", .policy),
            ("delayed", "4.4.7", "400 4.4.7 Message delayed", .temporary),
            ("delayed", "5.7.1", "blocked", .temporary),
            ("failed", "", "450 no such user here just now", .temporary),
            ("failed", "5.0.0", "Deferred: Connection refused", .temporary),
            ("failed", "5.4.310", "DNS domain there.example does not exist", .unknownHost),
            ("failed", "5.4.310", "", .unknownHost),
            ("failed", "5.7.1", "550 5.7.1 blocked, try again later", .policy),
            ("failed", "5.7.1", "550 5.7.1 come back later, try again", .policy),
            ("failed", "5.0.0", "550 Sender address rejected: Domain not found", .policy),
            ("failed", "5.0.0", "550-No such user here 550 Sender verify failed", .policy),
        ]
    )
    func transient(action: String, status: String, diagnostic: String, reason: FailureReason) throws {
        let fields = """
            Final-Recipient: rfc822; ann@there.example
            Action: \(action)
            Status: \(status)
            Diagnostic-Code: smtp; \(diagnostic)
            """
        let notice = Returned(
            name: "",
            subject: "Mail",
            header: Self.reportHeader,
            text: Self.report("", fields)
        )
        let recipient = try #require(ReturnedMail(notice.bytes).recipients.first)
        #expect(recipient.reason == reason)
        #expect(recipient.isDelayed == (action == "delayed"))
    }

    @Test(
        "an address in other letters is read from its escapes, or as it is",
        arguments: [
            ("utf-8; j\\x{F6}rg@b\\x{FC}cher.example", "jörg@bücher.example"),
            ("utf-8; Ann@There.example", "ann@there.example"),
            ("utf-8; \\x{20}@x.example", ""), ("utf-8; a\\x{7F}@x.example", ""), ("utf-8; \\x{D800}a@b.example", ""),
            ("utf-8; \\x{61", ""), ("utf-8; jörg@bücher.example", "jörg@bücher.example"),
            ("utf-8; <用户@例え.example>", "用户@例え.example"), ("rfc822; jörg@there.example", "jörg@there.example"),
        ]
    )
    func letters(field: String, address: String) {
        let fields = "Final-Recipient: \(field)\nAction: failed\nStatus: 5.1.1"
        #expect(DeliveryStatus(MailText.lines(Array(fields.utf8))).recipients.map(\.address) == [address])
    }

    @Test("fields about somebody whose address they do not show say at least what happened")
    func unnamed() {
        let fields = "Final-Recipient: utf-8; j\\x{D800}rg@bücher.example\nAction: failed\nStatus: 5.1.1"
        let text = Self.report("", fields, type: "global-delivery-status").replacing(
            "ann@there.example",
            with: "someone"
        )
        let mail = ReturnedMail(Returned(name: "", subject: "Mail", header: Self.reportHeader, text: text).bytes)
        #expect(mail.kind == .bounce && mail.recipients.isEmpty)
        #expect(mail.unnamed?.reason == .unknownMailbox)
    }

    @Test(
        "a person's complaint is one, a machine's report is none, and what nobody registered may be a wish",
        arguments: [
            ("abuse", true), ("fraud", true), ("opt-out", true), ("other", true), ("x-unwanted", true),
            ("auth-failure", false), ("virus", false), ("not-spam", false), ("miscategorized", false),
        ]
    )
    func wishes(type: String, isWish: Bool) { #expect(ReturnedMail.isWish(feedbackType: type) == isWish) }
}
