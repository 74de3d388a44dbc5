import Domain
import Mail
import Testing

@Suite("Messages of a session")
struct MessageTests {
    private static let envelope = "MAIL FROM:<us@x.example>\r\nRCPT TO:<ann@y.example>\r\nDATA\r\n"

    @Test("pipelined: one write for the envelope, and the next one right behind the dot")
    func pipelined() {
        var dialogue = Dialogue.open()
        dialogue.begin(1)
        #expect(dialogue.takeSent() == Self.envelope)
        #expect(!dialogue.session.canBegin)
        dialogue.relay("250 ok\r\n250 ok\r\n")
        #expect(dialogue.takeSent().isEmpty && dialogue.waiting.isEmpty)
        dialogue.relay("354 go\r\n")
        #expect(dialogue.takeSent() == "[body 1]" && dialogue.waiting == [1])
        #expect(!dialogue.session.canBegin && dialogue.session.wait == .leave)
        dialogue.leave(1)
        #expect(dialogue.session.canBegin && dialogue.session.wait == .message)
        dialogue.begin(2)
        #expect(dialogue.takeSent() == ".\r\n" + Self.envelope)
        #expect(!dialogue.session.canBegin)
        dialogue.relay("250 2.0.0 taken\r\n250 ok\r\n250 ok\r\n354 go\r\n")
        #expect(dialogue.results == [1: [.reply(.init(code: 250, status: "2.0.0", text: "taken"), stage: .message)]])
        #expect(dialogue.takeSent() == "[body 2]" && dialogue.waiting == [1, 2].suffix(1))
        dialogue.leave(2)
        dialogue.relay("250 taken\r\n")
        #expect(dialogue.results[2]?.map(\.short) == ["250@message"])
        #expect(dialogue.session.isIdle && dialogue.session.wait == .work)
        dialogue.tell { $0.retire() }
        #expect(dialogue.takeSent() == ".\r\nQUIT\r\n")
        dialogue.relay("221 bye\r\n")
        #expect(dialogue.isClosed && dialogue.closeProblem == nil)
    }

    @Test("not pipelined: one command at a time, and no message behind another")
    func lockstep() {
        var dialogue = Dialogue.open(pipelining: false)
        dialogue.begin(1)
        #expect(dialogue.takeSent() == "MAIL FROM:<us@x.example>\r\n")
        dialogue.relay("250 ok\r\n")
        #expect(dialogue.takeSent() == "RCPT TO:<ann@y.example>\r\n")
        dialogue.relay("250 ok\r\n")
        #expect(dialogue.takeSent() == "DATA\r\n")
        dialogue.relay("354 go\r\n")
        #expect(dialogue.takeSent() == "[body 1]")
        dialogue.leave(1)
        #expect(dialogue.takeSent() == ".\r\n" && !dialogue.session.canBegin)
        dialogue.relay("250 ok\r\n")
        #expect(dialogue.session.canBegin)
        dialogue.begin(2)
        dialogue.relay("250 ok\r\n550 5.1.1 no\r\n")
        #expect(dialogue.results[2]?.map(\.short) == ["550@recipient"])
        _ = dialogue.takeSent()
        dialogue.begin(3)
        #expect(dialogue.takeSent() == "RSET\r\n")
        dialogue.relay("250 ok\r\n")
        #expect(dialogue.takeSent() == "MAIL FROM:<us@x.example>\r\n")
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        let replies: [String]
        let result: String
        /// What is written for the next message, up to its MAIL; `nil` when the connection must be closed.
        let next: String?
        var testDescription: String { self.replies.joined(separator: " / ") }

        init(_ replies: [String], _ result: String, next: String?) {
            self.replies = replies
            self.result = result
            self.next = next
        }
    }

    static let pipelinedAnswers: [Answer] = [
        Answer(["250", "250", "354", "dot", "250"], "250@message", next: "MAIL"),
        Answer(["250", "250", "354", "dot", "451"], "451@message", next: "MAIL"),
        Answer(["250", "250", "354", "dot", "554"], "554@message", next: "MAIL"),
        Answer(["250", "250", "354", "dot", "354"], "noReply", next: nil),
        Answer(["250", "250", "354", "dot", "421"], "421@message", next: nil),
        Answer(["250", "251", "354", "dot", "250"], "250@message", next: "MAIL"),
        // Refused recipients: 503 or 554 to DATA, or 354 and a lone dot.
        Answer(["250", "550", "554"], "550@recipient", next: "RSET"),
        Answer(["250", "450", "503"], "450@recipient", next: "RSET"),
        Answer(["250", "552", "354", "lone", "554"], "552@recipient", next: "MAIL"),
        Answer(["250", "550", "354", "lone", "250"], "550@recipient", next: "MAIL"),
        Answer(["250", "550", "354", "lone", "421"], "550@recipient", next: nil),
        Answer(["250", "550", "421"], "550@recipient", next: nil),
        // Refused senders.
        Answer(["550", "503", "503"], "550@sender", next: "RSET"),
        Answer(["451", "503", "503"], "451@sender", next: "RSET"),
        Answer(["550", "503", "354", "lone", "503"], "550@sender", next: "MAIL"),
        // A lone dot would send an empty message to a recipient that was taken.
        Answer(["550", "250", "354"], "550@sender", next: nil),
        Answer(["550", "250", "503"], "550@sender", next: "RSET"),
        // DATA refused.
        Answer(["250", "250", "451"], "451@data", next: "RSET"),
        Answer(["250", "250", "554"], "554@data", next: "RSET"),
        // Out of step.
        Answer(["250", "250", "250"], "lost", next: nil),
        Answer(["354"], "lost", next: nil),
        Answer(["250", "354"], "lost", next: nil),
        Answer(["250", "250", "354", "250"], "lost", next: nil),
        // 421 anywhere.
        Answer(["421"], "421@sender", next: nil),
        Answer(["250", "421"], "421@recipient", next: nil),
        Answer(["250", "250", "421"], "421@data", next: nil),
        Answer(["250", "250", "354", "421"], "away421", next: nil),
    ]

    @Test("pipelined replies and what comes of them", arguments: pipelinedAnswers)
    func pipelinedReplies(row: Answer) { self.play(row, pipelining: true) }

    static let lockstepAnswers: [Answer] = [
        Answer(["250", "250", "354", "dot", "250"], "250@message", next: "MAIL"),
        Answer(["250", "250", "354", "dot", "552"], "552@message", next: "MAIL"),
        Answer(["550"], "550@sender", next: "MAIL"),
        Answer(["250", "550"], "550@recipient", next: "RSET"),
        Answer(["250", "250", "451"], "451@data", next: "RSET"),
        Answer(["250", "250", "250"], "lost", next: nil),
        Answer(["421"], "421@sender", next: nil),
        Answer(["250", "421"], "421@recipient", next: nil),
        Answer(["250", "250", "421"], "421@data", next: nil),
        Answer(["250", "250", "354", "dot", "421"], "421@message", next: nil),
    ]

    @Test("replies one by one and what comes of them", arguments: lockstepAnswers)
    func lockstepReplies(row: Answer) { self.play(row, pipelining: false) }

    private func play(_ row: Answer, pipelining: Bool) {
        var dialogue = Dialogue.open(pipelining: pipelining)
        dialogue.begin(1)
        _ = dialogue.takeSent()
        for step in row.replies {
            switch step {
            case "dot":
                dialogue.leave(1)
                #expect(dialogue.takeSent() == "[body 1].\r\n")
            case "lone":
                #expect(dialogue.takeSent() == ".\r\n")
            default:
                if step != row.replies.last { #expect(!dialogue.isClosed) }
                dialogue.relay("\(step) text\r\n")
                if !pipelining { _ = step == "354" ? "" : dialogue.takeSent() }
            }
        }
        #expect(dialogue.results[1]?.map(\.short) == [row.result])
        #expect(dialogue.isClosed == (row.next == nil))
        guard let next = row.next else { return }
        _ = dialogue.takeSent()
        dialogue.begin(2)
        #expect(dialogue.takeSent().hasPrefix(next))
    }

    @Test("421 behind a dot settles that message, and the next was never begun")
    func shutdownBehindDot() {
        var dialogue = Dialogue.open()
        dialogue.begin(1)
        dialogue.relay("250 a\r\n250 b\r\n354 c\r\n")
        dialogue.leave(1)
        dialogue.begin(2)
        dialogue.relay("421 4.3.2 shutting down\r\n")
        #expect(
            dialogue.results[1] == [.reply(.init(code: 421, status: "4.3.2", text: "shutting down"), stage: .message)]
        )
        #expect(dialogue.results[2] == [.notBegun] && dialogue.isClosed)
    }

    /// What the second message of a connection gets when a 421 comes where it is.
    @Test(
        "421 instead of the next message's turn costs it nothing; once the relay took part of it, it is a refusal",
        arguments: [
            (["421"], "away421"), (["250", "421"], "421@recipient"), (["250", "250", "421"], "421@data"),
            (["250", "250", "354", "421"], "away421"), (["250", "250", "354", "dot", "421"], "421@message"),
        ],
        [false, true]
    )
    func turnedAway(row: (replies: [String], result: String), pipelining: Bool) {
        var dialogue = Dialogue.open(pipelining: pipelining)
        dialogue.begin(1)
        for reply in ["250 a\r\n", "250 b\r\n", "354 c\r\n"] { dialogue.relay(reply) }
        dialogue.leave(1)
        if pipelining { dialogue.begin(2) }
        dialogue.relay("250 taken\r\n")
        if !pipelining { dialogue.begin(2) }
        for step in row.replies {
            if step == "dot" { dialogue.leave(2) } else { dialogue.relay("\(step) 4.7.0 enough\r\n") }
        }
        #expect(dialogue.results[1]?.map(\.short) == ["250@message"])
        #expect(dialogue.results[2]?.map(\.short) == [row.result] && dialogue.isClosed)
        #expect(dialogue.session.answeredCount == (row.result == "away421" ? 1 : 2))
    }

    @Test("a close between messages is nobody's fault", arguments: ["421 idle\r\n", ""])
    func idleClose(line: String) {
        var dialogue = Dialogue.open()
        if line.isEmpty { dialogue.tell { $0.lost("gone") } } else { dialogue.relay(line) }
        #expect(dialogue.isClosed && dialogue.results.isEmpty && dialogue.refusals.isEmpty)
        if line.isEmpty { #expect(dialogue.closeProblem == nil) }
    }

    @Test(
        "addresses that would break the dialogue are refused here",
        arguments: [
            "a b@y.example", "a\r\nDATA@y.example", "a>@y.example", "<a@y.example", "a@", "@y.example", "ann", "",
            "a\u{0}@y.example", "a\u{7F}@y.example", String(repeating: "a", count: 65) + "@y.example",
            "a@" + String(repeating: "y", count: 255),
        ]
    )
    func badAddress(address: String) {
        var dialogue = Dialogue.open()
        dialogue.begin(1, to: address)
        #expect(dialogue.results[1]?.map(\.short) == ["553@recipient"])
        #expect(dialogue.takeSent().isEmpty && dialogue.session.canBegin)
    }

    @Test("addresses beyond ASCII need SMTPUTF8", arguments: [false, true])
    func international(isOffered: Bool) {
        var dialogue = Dialogue.open(extensions: isOffered ? ["SMTPUTF8"] : [])
        dialogue.begin(1, to: "j\u{FC}rgen@y.example")
        if isOffered {
            let expected = "MAIL FROM:<us@x.example> SMTPUTF8\r\nRCPT TO:<j\u{FC}rgen@y.example>\r\nDATA\r\n"
            #expect(dialogue.takeSent() == expected)
        } else {
            guard case .reply(let reply, .recipient)? = dialogue.results[1]?.first else {
                Issue.record("not refused")
                return
            }
            #expect(reply.status == "5.6.7" && dialogue.takeSent().isEmpty)
        }
    }

    @Test("the size is announced where it is understood; the empty sender is allowed")
    func size() {
        var dialogue = Dialogue.open(extensions: ["SIZE 1000"])
        dialogue.begin(1, sender: "", size: 12_345)
        #expect(dialogue.takeSent().hasPrefix("MAIL FROM:<> SIZE=12345\r\n"))
    }

    @Test("retiring waits for the messages under way, the pipelined one too")
    func retiring() {
        var dialogue = Dialogue.open()
        dialogue.begin(1)
        dialogue.relay("250 a\r\n250 b\r\n354 c\r\n")
        dialogue.leave(1)
        dialogue.begin(2)
        dialogue.tell { $0.retire() }
        dialogue.relay("250 taken\r\n250 a\r\n250 b\r\n354 c\r\n")
        #expect(dialogue.waiting == [2] && !dialogue.session.canBegin)
        _ = dialogue.takeSent()
        dialogue.leave(2)
        #expect(dialogue.takeSent() == ".\r\n" && !dialogue.session.canBegin)
        dialogue.relay("250 taken\r\n")
        #expect(dialogue.takeSent() == "QUIT\r\n")
    }

    @Test("the timer is set anew for each reply, not for each byte")
    func timers() {
        var dialogue = Dialogue.open()
        dialogue.begin(1)
        let number = dialogue.session.waitNumber
        dialogue.relay("25")
        dialogue.relay("0-more\r\n")
        #expect(dialogue.session.waitNumber == number && dialogue.session.isInReply)
        dialogue.relay("250 end\r\n")
        #expect(dialogue.session.waitNumber != number && !dialogue.session.isInReply)
    }
}
