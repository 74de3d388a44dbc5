import Testing

@testable import Bounces

@Suite("What a returned mail is taken for")
struct ReturnedMailTests {
    /// A delivery status with one recipient.
    private static func report(_ fields: String, text: String = "It did not work.") -> String {
        """
        Return-Path: <>
        From: Mail Delivery System <mailer-daemon@mx.example>
        To: club@sender.example
        Subject: Undelivered Mail Returned to Sender
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

        --b1

        \(text)

        --b1
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.example

        \(fields)

        --b1
        Content-Type: message/rfc822

        From: club@sender.example
        To: ann@there.example
        Subject: Our summer fair

        Come!
        --b1--
        """
    }

    private func take(_ text: String) -> ReturnedMail { ReturnedMail(Array(text.utf8)) }

    @Test(
        "a delivery status is judged by its words, its codes, and where they contradict each other",
        arguments: [
            ("failed", "5.1.1", "550 5.1.1 User unknown", FailureReason.unknownMailbox),
            ("failed", "5.2.2", "552 5.2.2 Mailbox full", .mailboxFull),
            ("failed", "5.7.1", "550 5.7.1 Message rejected by policy", .policy),
            // A refusal of us that speaks of a user says nothing certain of that user.
            ("failed", "5.7.1", "550 5.7.1 user unknown", .filtered),
            ("delayed", "4.4.1", "connection timed out", .temporary),
            ("failed", "4.4.7", "550 host unknown, try again later", .temporary),
            ("failed", "5.1.2", "", .unknownHost),
            ("failed", "5.0.0", "550 The account has moved", .moved),
            ("failed", "5.4.1", "550 5.4.1 Recipient address rejected: Access denied", .unknownMailbox),
            ("failed", "5.1.7", "550 5.1.7 no such user", .policy),
            ("failed", "5.0.0", "554 something went wrong", .other),
        ]
    )
    func statuses(action: String, status: String, diagnostic: String, reason: FailureReason) throws {
        let mail = self.take(
            Self.report(
                """
                Final-Recipient: rfc822; Ann@There.example
                Action: \(action)
                Status: \(status)
                Diagnostic-Code: smtp; \(diagnostic)
                """,
                text: ""
            )
        )
        #expect(mail.kind == .bounce)
        let recipient = try #require(mail.recipients.first)
        #expect(recipient.address == "ann@there.example")
        #expect(recipient.reason == reason)
        #expect(recipient.isPermanent == reason.isPermanent)
    }

    @Test("each recipient has a reason of its own")
    func several() {
        let mail = self.take(
            Self.report(
                """
                Final-Recipient: rfc822; a@there.example
                Action: failed
                Status: 5.1.1
                Diagnostic-Code: smtp; 550 5.1.1 no such user here
                Final-Recipient: rfc822; b@there.example
                Action: failed
                Status: 5.2.2
                Diagnostic-Code: smtp; 552 5.2.2 over quota

                Final-Recipient: rfc822; c@there.example
                Action: delivered
                Status: 2.0.0
                """
            )
        )
        #expect(mail.recipients.map(\.address) == ["a@there.example", "b@there.example"])
        #expect(mail.recipients.map(\.reason) == [.unknownMailbox, .mailboxFull])
    }

    @Test("who has a similar address is not judged by the other's line")
    func similar() {
        let fields = """
            Final-Recipient: rfc822; ann@there.example
            Action: failed
            Status: 5.0.0

            Final-Recipient: rfc822; joann@there.example
            Action: failed
            Status: 5.0.0
            """
        let text = "<ann@there.example>: 552 mailbox full\n<joann@there.example>: 550 no such user here"
        let mail = self.take(Self.report(fields, text: text))
        #expect(mail.recipients.map(\.address) == ["ann@there.example", "joann@there.example"])
        #expect(mail.recipients.map(\.reason) == [.mailboxFull, .unknownMailbox])
    }

    @Test(
        "typographic quotes and strange blanks are no part of an address",
        arguments: ["\u{201C}ann@there.example\u{201D}", "\u{A0}ann@there.example\u{A0}"]
    )
    func quoted(address: String) {
        let text = "Your message to \(address) could not be delivered: 550 no such user"
        let mail = self.take("From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\n\(text)\n")
        #expect(mail.recipients.map(\.address) == ["ann@there.example"])
    }

    @Test("a tag without end costs no more than its length")
    func endlessTag() {
        let page = "<html><body>" + String(repeating: "x", count: 10) + "<" + String(repeating: "a", count: 900_000)
        let mail = self.take("From: a@b.example\nSubject: x\nContent-Type: text/html\n\n\(page)")
        #expect(mail.kind == .none)
    }

    @Test("that a message arrived is no bounce")
    func success() {
        let mail = self.take(Self.report("Final-Recipient: rfc822; a@there.example\nAction: delivered\nStatus: 2.0.0"))
        #expect(mail.kind == .none)
        #expect(mail.recipients.map(\.reason) == [.delivered])
    }

    @Test(
        "a free text names its recipient in many ways",
        arguments: [
            "<ann@there.example>: host mx.there.example said: 550 5.1.1 User unknown",
            "    ann@there.example\n      SMTP error after RCPT TO:<ann@there.example>: 550 unknown user",
            "550 <ann@there.example>... User unknown",
            "Your mail for ann@there.example could not be delivered: no such user",
            "Failed recipient: ann@there.example (550 user unknown)",
        ]
    )
    func texts(text: String) {
        let mail = self.take(
            """
            From: MAILER-DAEMON@mx.example
            To: club@sender.example
            Subject: failure notice

            We could not deliver your message.

            \(text)

            --- Below this line is a copy of the message.

            From: club@sender.example
            Message-ID: <1@sender.example>
            Subject: Our summer fair
            """
        )
        #expect(mail.kind == .bounce)
        #expect(mail.recipients.map(\.address) == ["ann@there.example"])
        #expect(mail.recipients.first?.isPermanent == true)
    }

    @Test(
        "an absence is an automatic reply, and a letter is a letter",
        arguments: [
            ("Out of office: Re: summer fair", "I am away until Monday.", ReturnedMail.Kind.autoReply),
            ("Re: summer fair", "I could not send you my answer earlier, the mail failed. User unknown, ha!", .none),
            ("Delivery of your parcel", "Your parcel was delivered to ann@there.example.", .none),
            ("", "", .none),
        ]
    )
    func others(subject: String, text: String, kind: ReturnedMail.Kind) {
        let mail = self.take("From: Ann <ann@there.example>\nTo: club@sender.example\nSubject: \(subject)\n\n\(text)\n")
        #expect(mail.kind == kind)
        #expect(mail.recipients.isEmpty)
    }

    @Test("a feedback report is a complaint about its recipient")
    func complaint() {
        let mail = self.take(
            """
            From: fbl@provider.example
            Subject: FW: Our summer fair
            Content-Type: multipart/report; report-type=feedback-report; boundary=b

            --b
            Content-Type: text/plain

            This is a report about a message from 192.0.2.1.
            --b
            Content-Type: message/feedback-report

            Feedback-Type: fraud
            User-Agent: Feedback/1.0
            Original-Rcpt-To: <ann@there.example>
            --b
            Content-Type: text/rfc822-headers

            From: club@sender.example
            To: everybody@sender.example
            --b--
            """
        )
        #expect(mail.kind == .complaint)
        #expect(mail.feedbackType == "fraud")
        #expect(mail.recipients.map(\.address) == ["ann@there.example"])
    }

    @Test("nesting and parts without end are followed only so far")
    func bombs() {
        var nested = "From: a@b.example\nContent-Type: multipart/mixed; boundary=x0\n\n"
        for depth in 0..<200 {
            nested += "--x\(depth)\nContent-Type: multipart/mixed; boundary=x\(depth + 1)\n\n"
        }
        #expect(self.take(nested).kind == .none)
        let parts = String(repeating: "--x\nContent-Type: text/plain\n\nhello\n", count: 20_000)
        #expect(self.take("From: a@b.example\nContent-Type: multipart/mixed; boundary=x\n\n\(parts)").kind == .none)
        let line = String(repeating: "a@b.example ", count: 100_000)
        #expect(self.take("From: a@b.example\nSubject: x\n\n\(line)").kind == .none)
    }
}
