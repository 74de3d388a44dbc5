import Domain
import Testing

@testable import Mail

@Suite struct HeaderTests {
    @Test(
        "a subject is written so that it cannot end its line and reads back",
        arguments: [
            ("plain", "Subject: plain"),
            ("", "Subject: "),
            ("  a  b  ", "Subject: a  b"),
            ("a\r\nBcc: eve@evil.example", "Subject: a Bcc: eve@evil.example"),
            ("a \0\u{7F}\t b", "Subject: a b"),
            ("a\u{85}\u{2028}b\u{2029}", "Subject: a b"),
            ("\u{202E}abc\u{202C}\u{2066}d\u{2069}", "Subject: abcd"),
            ("café au lait", "Subject: =?utf-8?q?caf=C3=A9_au_lait?="),
            ("日本語", "Subject: =?utf-8?b?5pel5pys6Kqe?="),
            ("=?utf-8?q?x?=", "Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?="),
            ("a word =? b", "Subject: =?utf-8?q?a_word_=3D=3F_b?="),
            ("a = ? b", "Subject: a = ? b"),
        ]
    )
    func subjects(value: String, expected: String) throws {
        var sample = Sample()
        sample.content.variants[0].subject = "{{first}}"
        #expect(try sample.lines("Subject", value, "") == expected)
    }

    @Test("a long subject is folded at blanks, a long foreign one is cut into encoded words between characters")
    func folding() throws {
        var sample = Sample()
        sample.content.variants[0].subject = "{{first}}"
        let words = String(repeating: "seven77 ", count: 12) + "end"
        #expect(
            try sample.lines("Subject", words, "")
                == "Subject:" + String(repeating: " seven77", count: 8) + "\n" + String(repeating: " seven77", count: 4)
                + " end"
        )
        let foreign = String(repeating: "é👍", count: 30)
        let lines = try sample.lines("Subject", foreign, "").components(separatedBy: "\n")
        #expect(lines.count > 2)
        #expect(lines.allSatisfy { $0.utf8.count <= 76 })
        #expect(try DecodedMessage.words(lines.joined().replacing("Subject: ", with: "")) == foreign)
    }

    @Test("a value without blanks stays whole until it would near the limit of a line")
    func longWords() throws {
        var sample = Sample()
        sample.content.headers = [.init(name: "List-Unsubscribe", value: "<{{first}}>")]
        let link = "https://go.example.org/" + String(repeating: "x", count: 400)
        #expect(try sample.lines("List-Unsubscribe", link, "") == "List-Unsubscribe: <\(link)>")
        let lines = try sample.lines("List-Unsubscribe", String(repeating: "x", count: 10_000), "")
        #expect(lines.components(separatedBy: "\n").allSatisfy { $0.utf8.count <= 76 })
    }

    @Test("a header with the longest name still holds an encoded value")
    func longestName() throws {
        var sample = Sample()
        let name = String(repeating: "X", count: HeaderName.lengthMax)
        sample.content.headers = [.init(name: name, value: "{{first}}")]
        let lines = try sample.lines(name, "👍👍👍", "").components(separatedBy: "\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 78 })
        let value = lines.joined().dropFirst(name.utf8.count + 2)
        #expect(try DecodedMessage.words(String(value.drop { $0 == " " })) == "👍👍👍")
    }

    @Test(
        "a name beside an address is bare, quoted or encoded",
        arguments: [
            ("", "From: ann@campaign.example"),
            ("Ann Lee", "From: Ann Lee <ann@campaign.example>"),
            ("Lee, Ann", "From: \"Lee, Ann\" <ann@campaign.example>"),
            ("J. \"Jo\" \\ Lee", "From: \"J. \\\"Jo\\\" \\\\ Lee\" <ann@campaign.example>"),
            ("Jürgen", "From: =?utf-8?q?J=C3=BCrgen?= <ann@campaign.example>"),
            ("a\r\nTo: x", "From: \"a To: x\" <ann@campaign.example>"),
            (
                String(repeating: "Word ", count: 11) + "Word",
                "From: " + String(repeating: "Word ", count: 11) + "Word\n <ann@campaign.example>"
            ),
            (
                String(repeating: "Word ", count: 15),
                "From: =?utf-8?q?Word_Word_Word_Word_Word_Word_Word_Word_Word_Word_Word_Wor?=\n"
                    + " =?utf-8?q?d_Word_Word_Word?= <ann@campaign.example>"
            ),
        ]
    )
    func names(name: String, expected: String) throws {
        var sample = Sample()
        sample.content.from = Mailbox(name: name, address: sample.content.from.address)
        #expect(try sample.lines("From", "", "") == expected)
    }

    @Test(
        "only one bare ASCII address can stand in a header",
        arguments: [
            ("joe@example.org", true), ("\"a b\\\"\"@example.org", true), ("a.b+c@x.example", true),
            ("a@[192.0.2.1]", true),
            ("a@[IPv6:2001:db8::1]", true), ("", false), ("joe", false), ("@x.example", false), ("joe@", false),
            ("joe@x.example\r\nBcc: b@x.example", false), ("joe@x.example, b@x.example", false),
            ("a b@x.example", false),
            ("<a@x.example>", false), ("a@b@x.example", false), ("jürgen@x.example", false), ("a@b.example\0", false),
            ("\"a@x.example", false), ("\"a\r\n\"@x.example", false), ("a@x.example ", false),
            ("a(c)@x.example", false),
            ("x:a@x.example;", false), (String(repeating: "a", count: 400) + "@x.example", false),
        ]
    )
    func addresses(address: String, isUsable: Bool) {
        #expect(HeaderMailbox.isUsable(Array(address.utf8)[...]) == isUsable)
    }

    @Test(
        "a reply-to is read with or without a name",
        arguments: [
            ("ann@Campaign.example", "", "ann@campaign.example"),
            ("<ann@x.example>", "", "ann@x.example"),
            (" Ann Lee  <ann@x.example> ", "Ann Lee", "ann@x.example"),
            ("\"Lee, \\\"A\\\"\" <ann@x.example>", "Lee, \"A\"", "ann@x.example"),
            ("Ann <b> <ann@x.example>", "Ann <b>", "ann@x.example"),
            ("Ann <ann>", nil, ""), ("Ann ann@x.example", nil, ""), ("a@x.example, b@x.example", nil, ""),
            ("<>", nil, ""),
        ] as [(String, String?, String)]
    )
    func parses(text: String, name: String?, address: String) {
        let mailbox = HeaderMailbox.parse(text)
        #expect(mailbox?.name == name)
        #expect(mailbox?.address.text ?? "" == address)
    }

    @Test(
        "names of extra headers are tokens and not Postrider's own",
        arguments: [
            ("X-Campaign", true), ("List-Unsubscribe", true), ("Precedence", true), ("X_1", true), ("", false),
            ("X A", false),
            ("X:", false), ("X\r\nBcc", false), (".x", false), ("é", false), ("from", false), ("To", false),
            ("SUBJECT", false),
            ("Date", false), ("Message-Id", false), ("MIME-Version", false), ("Content-Type", false),
            ("content-anything", false),
            ("Bcc", false), ("Cc", false), ("Reply-To", false), ("Return-Path", false), ("Received", false),
            ("DKIM-Signature", false), (String(repeating: "x", count: 61), false),
        ]
    )
    func headerNames(name: String, isAllowed: Bool) {
        #expect((HeaderName.problem(name) == nil) == isAllowed)
    }
}
