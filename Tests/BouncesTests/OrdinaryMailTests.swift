import Testing

@testable import Bounces

/// Mails in which the words of notices stand, and which are none: each would cost its sender all further mail.
@Suite("Ordinary mails")
struct OrdinaryMailTests {
    struct Letter: Sendable, CustomTestStringConvertible {
        let name: String
        var from = "Carl Lee <carl@x.example>"
        var subject = "Re: Our summer fair"
        /// Further lines of the header.
        var header = ""
        let text: String
        var kind = ReturnedMail.Kind.none

        var testDescription: String { self.name }

        var bytes: [UInt8] {
            let more = self.header.isEmpty ? "" : self.header + "\n"
            let head = "From: \(self.from)\nTo: club@sender.example\nSubject: \(self.subject)\n\(more)"
            return Array("\(head)Message-ID: <1@x.example>\n\n\(self.text)\n".utf8)
        }
    }

    private static let notice = """
        From: Mail Delivery System <MAILER-DAEMON@y.example>
        Subject: Undelivered Mail Returned to Sender
        To: carl@x.example
        Content-Type: multipart/report; report-type=delivery-status; boundary=i

        --i

        <sam@y.example>: host mx.y.example said: 550 5.1.1 User unknown

        --i
        Content-Type: message/delivery-status

        Reporting-MTA: dns; y.example

        Final-Recipient: rfc822; sam@y.example
        Action: failed
        Status: 5.1.1

        --i--
        """

    private static let people: [Letter] = [
        Letter(
            name: "somebody asks what an error means",
            text: "I tried to write to sam@y.example but it said \"550 5.1.1 User unknown\". Can you help?"
        ),
        Letter(
            name: "somebody says that their mailbox was full",
            text:
                "My mailbox was full, so your mail was rejected: 552 5.2.2 mailbox full carl@x.example. Send it again!"
        ),
        Letter(
            name: "somebody pastes the fields of a notice",
            text: "I got:\n\nFinal-Recipient: rfc822; sue@x.example\nAction: failed\nStatus: 5.1.1\n\nis that right?"
        ),
        Letter(
            name: "somebody quotes such fields with marks",
            header: "In-Reply-To: <9@sender.example>",
            text: "See this:\n\n> Final-Recipient: rfc822; sue@x.example\n> Action: failed\n> Status: 5.1.1\n> "
        ),
        Letter(
            name: "a parcel did not arrive",
            subject: "Delivery problem",
            text: "The parcel could not be delivered, since the address was unknown. Carl"
        ),
        Letter(
            name: "a notice handed on as text",
            subject: "Fwd: Undelivered Mail Returned to Sender",
            text: "FYI\n\n---------- Forwarded message ---------\n\(Self.notice)"
        ),
        Letter(
            name: "a notice handed on as an attachment",
            subject: "Fwd: Undelivered Mail Returned to Sender",
            header: "Content-Type: multipart/mixed; boundary=o",
            text: "--o\n\nwhy?\n\n--o\nContent-Type: message/rfc822\n\n\(Self.notice)\n--o--"
        ),
        Letter(
            name: "a notice handed on part by part",
            subject: "WG: Unzustellbar: Sommerfest",
            header: "Content-Type: multipart/mixed; boundary=i",
            text: Self.notice
        ),
        Letter(
            name: "a complaint in somebody's own words",
            subject: "Complaint about message from your office",
            text: "I got this:\n\n> From: club@sender.example\n> To: carl@x.example\n> Message-ID: <7@sender.example>\n"
        ),
        Letter(
            name: "somebody at the post office of a domain answers",
            from: "Postmaster Y <postmaster@y.example>",
            subject: "Re: delivery fails to us",
            header: "In-Reply-To: <9@sender.example>\nReferences: <9@sender.example>",
            text: "We rejected you with 550 5.7.1 since last week; sam@y.example is an unknown user here. Fixed now."
        ),
        Letter(
            name: "somebody who left",
            subject: "Sam has left",
            text:
                "sam@x.example is no longer in use and mail to it is returned (user unknown). Please contact lea@x.example."
        ),
    ]

    private static let programs: [Letter] = [
        Letter(
            name: "a newsletter about returned mail",
            from: "Mail Tips <tips@news.example>",
            subject: "Returned mail, and what 550 5.1.1 means",
            header: "List-Id: tips <tips.news.example>\nPrecedence: list",
            text: "Mail that could not be delivered comes back. 550 5.1.1 means user unknown. Ask info@news.example."
        ),
        Letter(
            name: "an issue about a mail server",
            from: "GitForge <noreply@forge.example>",
            subject: "[server] Mail delivery fails with 550 5.1.1 (#12)",
            header: "Auto-Submitted: auto-generated\nPrecedence: list",
            text: "Mail delivery failed: 550 5.1.1 <foo@y.example>: Recipient address rejected: User unknown",
            kind: .autoReply
        ),
        Letter(
            name: "a ticket system",
            from: "Support <support@help.example>",
            subject: "[#550] Mail delivery failed",
            header: "Auto-Submitted: auto-replied\nReturn-Path: <>\nX-Auto-Response-Suppress: All",
            text: "We received your request \"Mail delivery failed: 550 5.1.1 user unknown\" from carl@x.example.",
            kind: .autoReply
        ),
        Letter(
            name: "a ticket system that does not say that it is one",
            from: "Support <noreply@help.example>",
            subject: "Delivery problem: your ticket was updated",
            header: "Return-Path: <>",
            text: "Carl wrote: it could not be delivered, 550 5.1.1 <sam@y.example>: user unknown."
        ),
        Letter(
            name: "a digest of quarantined mail",
            from: "postmaster@y.example",
            subject: "Quarantine digest",
            text: "You have 3 messages. From: spam@z.example blocked 550 5.7.1 rejected"
        ),
        Letter(
            name: "a list of held mail that promises delivery",
            from: "Mail Delivery System <mailer-daemon@filter.example>",
            subject: "Daily spam report: undelivered messages",
            text: "These were not delivered: <spam@z.example>: 554 5.7.1 rejected as spam"
        ),
        Letter(
            name: "a parcel service",
            from: "Royal Mail Delivery Service <no-reply@parcels.example>",
            subject: "Delivery failed: we will try again",
            header: "Auto-Submitted: auto-generated",
            text: "Your parcel 550 could not be delivered: address unknown. Questions: help@parcels.example.",
            kind: .autoReply
        ),
        Letter(
            name: "a digest of a mailing list about mail servers",
            from: "postfix-talk-request@lists.example",
            subject: "postfix-talk Digest, Vol 5, Issue 50",
            header: "List-Id: <postfix-talk.lists.example>\nContent-Type: multipart/digest; boundary=d",
            text: "--d\n\nFrom: a@b.example\nSubject: Undelivered\n\n550 5.1.1 <sam@y.example>: User unknown\n--d--"
        ),
        Letter(
            name: "a list that asks its owner",
            from: "Mailman <talk-bounces@lists.example>",
            subject: "Your message to talk awaits moderator approval",
            text: "It was not delivered yet. Reason: message rejected by a filter, 550."
        ),
        Letter(
            name: "a log of a server",
            from: "Cron Daemon <root@host.example>",
            subject: "Cron <root@host> logwatch",
            header: "Auto-Submitted: auto-generated",
            text: "5 rejected: 550 5.1.1 <sam@y.example>: User unknown\n2 deferred: 451 4.3.0 Temporary failure",
            kind: .autoReply
        ),
        Letter(
            name: "a summary for machines about authentication",
            from: "noreply-dmarc@provider.example",
            subject: "Report Domain: sender.example Submitter: provider.example Report-ID: 550",
            header: "Content-Type: multipart/mixed; boundary=m",
            text: "--m\nContent-Type: application/gzip\nContent-Transfer-Encoding: base64\n\nH4sIAAAA\n--m--"
        ),
        Letter(
            name: "a summary for machines about encryption",
            from: "postmaster@provider.example",
            subject: "Report Domain: sender.example Submitter: provider.example Report-ID: <5.1.1@p>",
            header: "Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=m",
            text: "--m\n\nSome deliveries failed: 5.1.1.\n--m\nContent-Type: application/tlsrpt+gzip\n\nH4s\n--m--"
        ),
        Letter(
            name: "an invitation declined",
            from: "Lea <lea@x.example>",
            subject: "Declined: Delivery failure review @ Mon 5pm",
            header: "Content-Type: multipart/mixed; boundary=c",
            text:
                "--c\n\nLea has declined.\n--c\nContent-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n--c--"
        ),
        Letter(
            name: "a calendar that could not invite",
            from: "Calendar <calendar@provider.example>",
            subject: "Undeliverable invitation: summer fair",
            header: "Auto-Submitted: auto-generated\nReturn-Path: <>",
            text: "The invitation for sam@y.example could not be sent. The address does not exist.",
            kind: .autoReply
        ),
        Letter(
            name: "a question whether the sender is a person",
            from: "Bob <bob@x.example>",
            subject: "Please confirm your message",
            header: "Auto-Submitted: auto-replied\nReturn-Path: <>",
            text: "Your message to bob@x.example has not been delivered. To release it, answer this one.",
            kind: .autoReply
        ),
        Letter(
            name: "an invoice",
            from: "billing@y.example",
            subject: "Invoice 550",
            text: "Invoice 550 5.1.1 failed to be paid by billing@y.example. The account does not exist."
        ),
    ]

    private static let absences: [Letter] = [
        Letter(
            name: "an absence with an empty return path",
            subject: "Automatic reply: Our summer fair",
            header: "Return-Path: <>\nAuto-Submitted: auto-replied",
            text: "I no longer work here; this mailbox is full and mail is returned: 550 5.1.1. Ask sue@x.example.",
            kind: .autoReply
        ),
        Letter(
            name: "an absence in encoded words",
            subject: "=?utf-8?Q?Automatische_Antwort=3A_Sommerfest?=",
            header: "Return-Path: <>",
            text: "Ich bin nicht da. Der Zugang ist gesperrt: 550.",
            kind: .autoReply
        ),
        Letter(
            name: "an absence in French",
            subject: "=?utf-8?B?UsOpcG9uc2UgYXV0b21hdGlxdWUgOiBmw6p0ZQ==?=",
            text: "Je suis absente. Cette adresse n'existe pas en juillet.",
            kind: .autoReply
        ),
        Letter(
            name: "an absence without a mark",
            subject: "Away until May 5",
            header: "Return-Path: <>",
            text: "I am away; mail to carl@x.example is rejected until then. 550 5.1.1"
        ),
        Letter(
            name: "a receipt",
            subject: "Read: Our summer fair",
            header: "Return-Path: <>\nContent-Type: multipart/report; report-type=disposition-notification; boundary=r",
            text: """
                --r

                Your message was read.

                --r
                Content-Type: message/disposition-notification

                Final-Recipient: rfc822; carl@x.example
                Disposition: automatic-action/MDN-sent-automatically; displayed

                --r--
                """
        ),
        Letter(
            name: "a receipt that the message was deleted, with a copy of it",
            from: "postmaster@x.example",
            subject: "Not read: Our summer fair",
            header: "Return-Path: <>\nContent-Type: multipart/report; report-type=disposition-notification; boundary=r",
            text: """
                --r

                Your message was deleted without being read: it failed to reach carl@x.example.

                --r
                Content-Type: message/disposition-notification

                Final-Recipient: rfc822; carl@x.example
                Disposition: automatic-action/MDN-sent-automatically; deleted

                --r
                Content-Type: message/rfc822

                From: club@sender.example
                To: carl@x.example
                Message-ID: <7@sender.example>

                Come!
                --r--
                """
        ),
    ]

    @Test(
        "what people and programs write is no notice, whatever they quote",
        arguments: Self.people + Self.programs + Self.absences
    )
    func letters(letter: Letter) {
        let mail = ReturnedMail(letter.bytes)
        #expect(mail.kind == letter.kind)
        #expect(mail.recipients.isEmpty && mail.unnamed == nil)
    }
}
