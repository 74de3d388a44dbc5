import Domain
import Testing

@Suite("What relays say")
struct RelayReplyTests {
    @Test(
        "the recipient's address is taken out, and nothing else",
        arguments: [
            ("ann@x.example", "<Ann@X.example>: user unknown", "<(recipient)>: user unknown"),
            ("ann@x.example", "ann@x.example ann@x.example", "(recipient) (recipient)"),
            ("ann@x.example", "mail abuse@x.example", "mail abuse@x.example"),
            ("ann@x.example", "no such user", "no such user"), ("ann@x.example", "ann@x.exampl", "ann@x.exampl"),
            ("ÄNN@x.example", "ÄNN@x.example unbekannt", "(recipient) unbekannt"), ("", "a@b", "a@b"),
        ]
    )
    func nameless(address: String, text: String, expected: String) {
        let reply = RelayReply(code: 550, status: "5.1.1", text: text).without(address)
        #expect(reply == RelayReply(code: 550, status: "5.1.1", text: expected))
    }

    @Test("what was taken out does not make the text longer than it may be")
    func length() {
        let text = String(repeating: "a@b ", count: RelayReply.textBytesMax / 4)
        let reply = RelayReply(code: 550, status: "", text: text).without("a@b")
        #expect(reply.text.utf8.count <= RelayReply.textBytesMax)
        #expect(!reply.text.contains("a@b"))
    }
}
