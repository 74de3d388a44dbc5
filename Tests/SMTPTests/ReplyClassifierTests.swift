import Domain
import Mail
import Testing

@Suite("What replies mean")
struct ReplyClassifierTests {
    /// A reply as a relay sends it, read by the parser.
    private func reply(_ line: String) -> RelayReply {
        var parser = SMTPReplyParser()
        var offset = 0
        let step = Array((line + "\r\n").utf8).withUnsafeBytes { parser.next($0, from: &offset) }
        guard case .reply = step else {
            Issue.record("not a reply: \(line)")
            return RelayReply(code: 0, status: "", text: "")
        }
        return parser.reply
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let line: String
        let stage: SMTPStage
        let expected: ReplyClass
        var testDescription: String { "\(self.line.prefix(50)) at \(self.stage)" }

        init(
            _ line: String,
            _ stage: SMTPStage,
            _ outcome: Outcome,
            _ reason: Reason? = nil,
            after seconds: Int? = nil
        ) {
            self.line = line
            self.stage = stage
            self.expected = ReplyClass(outcome, reason, retryAfterSeconds: seconds)
        }
    }

    static let rows: [Row] = [
        // Taken.
        Row("250 2.0.0 OK  1700000000 d2e1a72fcca58-6c Mail accepted - gsmtp", .message, .accepted),
        Row(
            "250 2.6.0 <x@y> [InternalId=1, Hostname=z.prod.outlook.com] Queued mail for delivery",
            .message,
            .accepted
        ),
        Row("250 ok dirdel", .message, .accepted),
        Row("250 Ok 0100018c5a-000000", .message, .accepted),
        Row("250 2.0.0 Ok: queued as 4Sx", .message, .accepted),
        // Gmail.
        Row(
            "550 5.1.1 The email account that you tried to reach does not exist. Please try",
            .recipient,
            .bounced,
            .mailbox
        ),
        Row("550 5.2.1 The email account that you tried to reach is inactive.", .recipient, .bounced, .mailbox),
        Row("452 4.2.2 The email account that you tried to reach is over quota.", .recipient, .deferred, .temporary),
        Row("552 5.2.2 The email account that you tried to reach is over quota.", .recipient, .deferred, .temporary),
        Row(
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate that",
            .recipient,
            .deferred,
            .temporary
        ),
        Row(
            "421 4.7.28 Our system has detected an unusual rate of unsolicited mail",
            .message,
            .deferred,
            .throttled
        ),
        Row(
            "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
            .message,
            .bounced,
            .policy
        ),
        Row("421 4.3.0 Temporary System Problem.  Try again later (10).", .sender, .deferred, .throttled),
        // Outlook.
        Row("550 5.7.515 Access denied, sending domain does not meet the required level", .message, .bounced, .policy),
        Row("550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", .recipient, .bounced, .refused),
        Row(
            "451 4.7.650 The mail server [1.2.3.4] has been temporarily rate limited",
            .sender,
            .deferred,
            .throttled
        ),
        Row("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", .recipient, .bounced, .mailbox),
        Row(
            "451 4.7.500 Server busy. Please try again later from [1.2.3.4].",
            .recipient,
            .deferred,
            .throttled
        ),
        // Yahoo.
        Row(
            "421 4.7.0 [TSS04] Messages from 1.2.3.4 temporarily deferred due to user complaints",
            .sender,
            .deferred,
            .throttled
        ),
        Row("554 5.7.9 Message not accepted for policy reasons.", .message, .bounced, .policy),
        Row(
            "554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com) [0]",
            .message,
            .bounced,
            .refused
        ),
        Row("552 1 Requested mail action aborted, mailbox not found", .message, .bounced, .refused),
        // Postfix, postgrey, postscreen.
        Row(
            "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted, see http://postgrey.example/help/b.html",
            .recipient,
            .deferred,
            .temporary
        ),
        Row(
            "450 4.7.1 <a@b>: Recipient address rejected: Greylisted for 300 seconds",
            .recipient,
            .deferred,
            .throttled,
            after: 300
        ),
        Row("450 4.3.2 Service currently unavailable", .recipient, .deferred, .throttled),
        Row(
            "550 5.1.1 <a@b>: Recipient address rejected: User unknown in local recipient table",
            .recipient,
            .bounced,
            .mailbox
        ),
        Row("554 5.7.1 <a@b>: Relay access denied", .recipient, .bounced, .policy),
        Row(
            "450 4.1.2 <a@nowhere.example>: Recipient address rejected: Domain not found",
            .recipient,
            .deferred,
            .temporary
        ),
        Row("552 5.3.4 Message size exceeds fixed limit", .sender, .bounced, .refused),
        Row("450 4.1.8 <us@x>: Sender address rejected: Domain not found", .sender, .deferred, .temporary),
        Row("553 5.7.1 <us@x>: Sender address rejected: not owned by user", .sender, .bounced, .policy),
        Row("452 4.3.1 Insufficient system storage", .sender, .deferred, .throttled),
        Row("421 4.4.2 mail.example Error: timeout exceeded", .data, .deferred, .throttled),
        // Exim.
        Row("550 Unrouteable address", .recipient, .bounced, .refused),
        Row("550 Administrative prohibition", .message, .bounced, .refused),
        Row("451 Temporary local problem - please try later", .recipient, .deferred, .temporary),
        Row("451 Greylisting in action, please come back in 00:05:00", .recipient, .deferred, .temporary, after: 300),
        Row(
            "421 host.example: Too many concurrent SMTP connections; please try again later.",
            .sender,
            .deferred,
            .throttled
        ),
        // Amazon SES.
        Row("454 Throttling failure: Maximum sending rate exceeded.", .sender, .deferred, .temporary),
        Row("454 4.7.0 Temporary authentication failure", .sender, .deferred, .throttled),
        Row("554 Message rejected: Email address is not verified.", .message, .bounced, .refused),
        Row("451 4.4.2 Timeout waiting for data from client.", .message, .deferred, .throttled),
        // About the sender, whatever the number says of addresses: never about the contact.
        Row("550 5.1.1 <us@x>: no such sender", .sender, .bounced, .policy),
        Row("550 5.1.7 The sender's address is malformed", .recipient, .bounced, .policy),
        Row("550 5.1.8 Bad sender's system address", .message, .bounced, .policy),
        Row("550 Sender rejected", .sender, .bounced, .policy),
        Row("501 5.5.4 Syntax error", .sender, .bounced, .refused),
        // Recipient limits.
        Row("552 Too many recipients", .recipient, .deferred, .temporary),
        Row(
            "552 5.7.0 This message was blocked because its content presents a potential",
            .recipient,
            .bounced,
            .policy
        ),
        Row("452 4.5.3 Error: too many recipients", .recipient, .deferred, .temporary),
        // Code and status of different classes: tried again.
        Row("550 4.2.1 mailbox busy", .recipient, .deferred, .temporary),
        Row("451 5.7.3 STARTTLS is required to send mail", .sender, .deferred, .temporary),
        Row("250 5.1.1 said the liar", .message, .accepted),
        // Local refusals.
        Row("553 5.1.3 not sent: not an address that SMTP can carry", .recipient, .bounced, .mailbox),
        Row(
            "553 5.6.7 not sent: the address is not ASCII, and the relay does not offer SMTPUTF8",
            .recipient,
            .bounced,
            .refused
        ),
        // The other stages of the mailbox statuses.
        Row("550 5.1.6 moved away", .message, .bounced, .mailbox),
        Row("550 5.1.2 no such host", .recipient, .bounced, .mailbox),
        Row("550 5.1.1 unknown", .data, .bounced, .mailbox),
        Row("554 5.5.1 Error: no valid recipients", .data, .bounced, .refused),
        Row("503 5.5.1 Bad sequence", .data, .bounced, .refused),
    ]

    @Test("replies of the world", arguments: rows)
    func classify(row: Row) {
        #expect(ReplyClassifier.classify(self.reply(row.line), at: row.stage) == row.expected)
    }

    @Test("every code at every stage has a meaning", arguments: SMTPStage.allCases)
    func exhaustive(stage: SMTPStage) {
        for code in 0...999 {
            for status in ["", "2.0.0", "4.7.1", "5.7.1", "5.1.1", "9.9.9", "x", "5.1"] {
                let found = ReplyClassifier.classify(
                    RelayReply(code: code, status: status, text: "wait 9 s"),
                    at: stage
                )
                switch found.outcome {
                case .accepted: #expect(code / 100 == 2 && stage == .message && found.reason == nil)
                case .bounced:
                    #expect(code / 100 == 5 && [.mailbox, .policy, .refused].contains(found.reason))
                    #expect(found.retryAfterSeconds == nil)
                case .deferred:
                    #expect(found.retryAfterSeconds == 9)
                default: Issue.record("\(code) \(status): \(found)")
                }
            }
        }
    }

    @Test("policy never reads as a dead mailbox", arguments: 0...999)
    func policy(detail: Int) {
        let reply = RelayReply(code: 550, status: "5.7.\(detail)", text: "")
        for stage in SMTPStage.allCases {
            #expect(ReplyClassifier.classify(reply, at: stage) == ReplyClass(.bounced, .policy))
        }
    }

    @Test("a message without a reply")
    func results() {
        #expect(ReplyClassifier.classify(.notBegun) == nil)
        #expect(ReplyClassifier.classify(.turnedAway(RelayReply(code: 421, status: "4.7.0", text: "enough"))) == nil)
        #expect(ReplyClassifier.classify(.noReply(problem: "x"))?.outcome == .inDoubt)
        #expect(
            ReplyClassifier.classify(.connectionLost(problem: "x"))
                == ReplyClass(.deferred, .connection)
        )
    }

    @Test(
        "the pause that a refusal names",
        arguments: [
            ("try again in 300 seconds", 300), ("Please retry in 5 minutes", 300), ("Greylisted for 00:05:00", 300),
            ("greylisted, try again in 60s", 60), ("retry after 2 hours.", 7_200), ("Wait 90 sec", 90),
            ("Temporarily deferred. Please retry in 5 minutes", 300), ("come back in 1 minute!", 60),
            ("delay=120s", 120), ("retry in 10min", 600), ("You may try again after 01:30:00", 5_400),
            ("Try again in 999999 seconds", 14_400), ("retry in 5 days", nil), ("try again later", nil),
            ("timeout exceeded 300 seconds", nil), ("try again later, 100 messages in the last 60 seconds", nil),
            ("Deferred. Limit is 50 in 60 seconds", nil), ("see http://x.example/retry/300", nil),
            ("retry in 0 seconds", nil),
            ("retry in 1.5 minutes", nil), ("Greylisted, see http://postgrey.example/help/1.html", nil), ("", nil),
            ("retry in 99999999999999999999 seconds", nil), ("Greylisted (wait: 240 s)", 240),
        ] as [(String, Int?)]
    )
    func pause(text: String, seconds: Int?) {
        let reply = RelayReply(code: 451, status: "", text: text)
        #expect(ReplyClassifier.classify(reply, at: .recipient).retryAfterSeconds == seconds)
    }
}
