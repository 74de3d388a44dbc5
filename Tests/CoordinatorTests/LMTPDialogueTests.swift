import Domain
import Testing

@testable import CoordinatorCore

@Suite("Returned mail by LMTP")
struct LMTPDialogueTests {
    private static let target = TargetKey(campaign: Campaign.ID(7), lane: 0, position: 3)

    /// A little more than what is kept of a mail.
    private static let mailBytesMax = 1_100 * 1_024

    private static func dialogue() -> LMTPDialogue {
        LMTPDialogue(mailBytesMax: Self.mailBytesMax) { address in
            switch address {
            case "ours@x.example": .take(Self.target)
            case "forged@x.example": .refuse
            default: .take(nil)
            }
        }
    }

    /// Gives the text in pieces of `size` bytes, answers every mail with 250, and collects what is said.
    private static func talk(_ text: String, size: Int = .max) -> (said: [String], mails: [[UInt8]], closed: Bool) {
        var dialogue = Self.dialogue()
        var said: [String] = []
        var mails: [[UInt8]] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            var piece = rest.prefix(size)
            rest = rest.dropFirst(size)
            while let action = dialogue.next(&piece) {
                switch action {
                case .reply(let text): said += text.split(separator: "\r\n").map(String.init)
                case .close: return (said, mails, true)
                case .deliver(let mail, let recipients):
                    mails.append(mail)
                    if case .reply(let text) = dialogue.answered(recipients.map { "250 \($0.address)" }) {
                        said += text.split(separator: "\r\n").map(String.init)
                    }
                }
            }
        }
        return (said, mails, false)
    }

    @Test(
        "a mail is delivered once to each recipient that is taken, however it comes in pieces",
        arguments: [1, 2, 7, .max]
    )
    func whole(size: Int) {
        let talk = Self.talk(
            "LHLO mx\r\nMAIL FROM:<>\r\nRCPT TO:<ours@x.example>\r\nRCPT TO:<forged@x.example>\r\n"
                + "RCPT TO:<abuse@x.example> X=1\r\nDATA\r\nSubject: a\r\n\r\n..dot\r\n.\n.\r.\r\nx\r\n.\r\nQUIT\r\n",
            size: size
        )
        #expect(talk.mails.map { String(decoding: $0, as: UTF8.self) } == ["Subject: a\r\n\r\n.dot\r\n\n.\r.\r\nx\r\n"])
        #expect(talk.said.map { $0.prefix(3) }.suffix(7) == ["250", "250", "550", "250", "354", "250", "250"])
        #expect(talk.said.suffix(2) == ["250 ours@x.example", "250 abuse@x.example"])
        #expect(talk.closed)
    }

    @Test(
        "what is out of order or malformed is refused, and nothing is delivered",
        arguments: [
            ("MAIL FROM:<>\r\n", "503"), ("EHLO x\r\n", "500"), ("LHLO x\r\nDATA\r\n", "503"),
            ("LHLO x\r\nMAIL FROM:nobody\r\n", "501"), ("LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<>\r\n", "501"),
            ("LHLO x\r\nMAIL FROM:<>\r\nDATA\r\n", "503"),
            ("LHLO x\r\nMAIL FROM:<>\r\nRSET\r\nRCPT TO:<a@b>\r\n", "503"),
            ("WHAT\r\n", "500"), ("\r\n", "500"), (String(repeating: "x", count: 3_000) + "\r\n", "500"),
            ("LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<forged@x.example>\r\nDATA\r\n", "503"),
        ]
    )
    func disorder(text: String, code: String) {
        let talk = Self.talk(text)
        #expect(talk.said.last?.prefix(3) == code[...])
        #expect(talk.mails.isEmpty)
    }

    @Test("of a large mail only the beginning is kept, one that is too large is refused, and the next is taken")
    func large() {
        let line = String(repeating: "y", count: 1_022) + "\r\n"
        let start = "LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<ours@x.example>\r\nDATA\r\n"
        let talk = Self.talk(start + String(repeating: line, count: 1_060) + ".\r\n")
        #expect(talk.mails.map(\.count) == [1 << 20])
        let many = String(repeating: line, count: Self.mailBytesMax / 1_024 + 1)
        let next = "MAIL FROM:<>\r\nRCPT TO:<ours@x.example>\r\nDATA\r\nhi\r\n.\r\n"
        let refused = Self.talk(start + many + ".\r\n" + next, size: 65_536)
        #expect(refused.said.contains { $0.hasPrefix("552") })
        #expect(refused.mails == [Array("hi\r\n".utf8)])
    }

    @Test("more recipients than a mail may have are put off")
    func recipients() {
        let many = String(repeating: "RCPT TO:<ours@x.example>\r\n", count: LMTPDialogue.recipientsMax + 1)
        let talk = Self.talk("LHLO x\r\nMAIL FROM:<>\r\n" + many)
        #expect(talk.said.count { $0.hasPrefix("250 2.1.5") } == LMTPDialogue.recipientsMax)
        #expect(talk.said.last?.hasPrefix("452") == true)
    }
}
