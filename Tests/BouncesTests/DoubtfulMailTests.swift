import Testing

@testable import Bounces

/// Mails at the border between notices and what people and programs write.
@Suite("Mails at the border")
struct DoubtfulMailTests {
    private static let copy = """
        --o
        Content-Type: message/rfc822

        From: Club <club@sender.example>
        To: bob@x.example
        Message-ID: <7@sender.example>
        Subject: Our summer fair

        Come!
        --o--
        """

    private static func answer(_ name: String, _ subject: String, _ text: String) -> OrdinaryMailTests.Letter {
        OrdinaryMailTests.Letter(
            name: name,
            from: "Bob <bob@x.example>",
            subject: subject,
            header: "Return-Path: <>\nContent-Type: multipart/mixed; boundary=o",
            text: "--o\nContent-Type: text/plain\n\n\(text)\n\n\(Self.copy)"
        )
    }

    private static let letters: [OrdinaryMailTests.Letter] = [
        Self.answer(
            "a question that holds the message back",
            "Please verify yourself",
            "Your mail was not delivered yet. Click to confirm it. Mail from an unknown address is deleted: 550 5.1.1."
        ),
        Self.answer(
            "a filter's question under another subject",
            "Undelivered: your message",
            "Confirm that you wrote it."
        ),
        Self.answer(
            "somebody who left, with our message attached",
            "Many thanks",
            "I cannot reply. This address is no longer in use, and mail to it is returned."
        ),
        OrdinaryMailTests.Letter(
            name: "a ticket with our message below",
            from: "Help <help@x.example>",
            subject: "Ticket 511: delivery problem, we received your message",
            header: "Return-Path: <>",
            text: """
                User unknown to us? Register.

                -----Original Message-----
                From: Club <club@sender.example>
                To: help@x.example
                Message-ID: <7@sender.example>
                """
        ),
        OrdinaryMailTests.Letter(
            name: "a person at the post office",
            from: "Postmaster <postmaster@x.example>",
            subject: "Delivery problems last night",
            header: "Return-Path: <postmaster@x.example>",
            text: "Mail could not be delivered: 550 5.1.1 user unknown, e.g. for sam@x.example. All is well again."
        ),
        OrdinaryMailTests.Letter(
            name: "a report on the queue under the name of a mail system",
            from: "MAILER-DAEMON watch <root@x.example>",
            subject: "mail queue",
            header: "Return-Path: <root@x.example>",
            text: "Messages that could not be delivered: sam@x.example (550 5.1.1 User unknown)"
        ),
        OrdinaryMailTests.Letter(
            name: "a mail server's transcript of a stranger's session",
            from: "MAILER-DAEMON@x.example (Mail Delivery System)",
            subject: "Server: errors from unknown[192.0.2.9]",
            header: "Return-Path: <>",
            text:
                " In:  RCPT TO:<sam@x.example>\n Out: 550 5.1.1 <sam@x.example>: Recipient address rejected: User unknown"
        ),
    ]

    @Test(
        "questions, answers, tickets, transcripts and what a postmaster writes are no notices",
        arguments: Self.letters
    )
    func others(letter: OrdinaryMailTests.Letter) {
        let mail = ReturnedMail(letter.bytes)
        #expect(mail.kind != .bounce)
        #expect(mail.recipients.isEmpty && mail.unnamed == nil)
    }

    @Test(
        "a post office that says in whatever language that one address is refused is believed",
        arguments: [
            ("=?gb18030?B?z7XNs83L0MU=?=", "host mx.there.example said: 550 Mailbox not found\nann@there.example"),
            ("=?utf-8?B?7JWI64K0?=", "ann@there.example\n존재하지 않습니다 (550 5.1.1)"),
            ("[BOUNCE] Our summer fair", "Failed:\nann@there.example\n\n550 5.1.1 no such user"),
            ("???", "User not found: ann@there.example"),
        ]
    )
    func offices(subject: String, text: String) {
        let head = "From: postmaster@there.example\nTo: b+1@sender.example\nSubject: \(subject)\n"
        let type = "Content-Type: text/plain; charset=utf-8\n"
        let mail = ReturnedMail(Array("Return-Path: <>\n\(head)\(type)\n\(text)\n".utf8))
        #expect(mail.kind == .bounce)
        #expect(mail.recipients.map(\.address) == ["ann@there.example"])
        #expect(mail.recipients.first?.isPermanent == true)
        // Of two it says nothing certain, and with an answer's path it is somebody's letter.
        let two = ReturnedMail(Array("Return-Path: <>\n\(head)\(type)\n\(text)\nbob@there.example\n".utf8))
        #expect(two.kind == .none)
        let person = ReturnedMail(Array("Return-Path: <p@x.example>\n\(head)\(type)\n\(text)\n".utf8))
        #expect(person.kind == .none)
    }

    @Test("words alone say nothing for ever under somebody's own name; a status does")
    func ownName() {
        func reason(_ text: String) -> FailureReason? {
            let letter = Self.answer("", "Undelivered: Our summer fair", "bob@x.example: \(text)")
            return ReturnedMail(letter.bytes).recipients.first?.reason
        }
        #expect(reason("failed, no such user") == .other)
        #expect(reason("failed, 550 5.1.1 no such user") == .unknownMailbox)
    }

    @Test(
        "the names of hosts and the words around a refusal do not take its status back",
        arguments: [
            ("relay.there.example", "The mailbox could not be reached"),
            ("antispam.there.example", "Try again to spell it"),
            ("mail.there.example", "blocked.there.example says no"),
        ]
    )
    func boilerplate(host: String, text: String) throws {
        let mail = ReturnedMail(
            Array(
                """
                From: MAILER-DAEMON@\(host) (Mail Delivery System)
                Subject: Undelivered Mail Returned to Sender
                Return-Path: <>
                Content-Type: multipart/report; report-type=delivery-status; boundary=b

                --b

                This is the mail system at host \(host). This notice is confidential, and relaying or
                sending it on is not allowed. Our policy is on our site.

                <ann@there.example>: host mx.there.example[192.0.2.5] said: 550-5.1.1 \(text)
                --b
                Content-Type: message/delivery-status

                Reporting-MTA: dns; \(host)

                Final-Recipient: rfc822; ann@there.example
                Action: failed
                Status: 5.1.1
                Diagnostic-Code: smtp; 550-5.1.1 \(text)
                --b--
                """.utf8
            )
        )
        #expect(try #require(mail.recipients.first).reason == .unknownMailbox)
    }

    @Test("a complaint about a message to nobody names whom its provider wrote into it")
    func complaint() {
        let mail = ReturnedMail(
            Array(
                """
                From: staff@provider.example
                Subject: complaint about message from 192.0.2.7
                Content-Type: multipart/mixed; boundary=b

                --b
                Content-Type: message/rfc822

                X-HmXmrOriginalRecipient: ann@there.example
                From: club@sender.example
                To: undisclosed-recipients:;
                Message-ID: <7@sender.example>
                --b--
                """.utf8
            )
        )
        #expect(mail.kind == .complaint)
        #expect(mail.recipients.map(\.address) == ["ann@there.example"])
    }
}
