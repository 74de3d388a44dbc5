import Domain
import Testing

@testable import Mail

@Suite struct MessageComposerTests {
    @Test("a plain message is exactly these bytes")
    func plain() throws {
        let expected = """
            From: Ann Lee <ann@campaign.example>
            To: joe@example.org
            Subject: Hi Joe
            Date: Sun, 22 Nov 2026 08:30:45 +0000
            Message-ID: <ujpj2e3dcfto5jloftusrhbf2f@campaign.example>
            MIME-Version: 1.0
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Dear Joe,
            ..caf=C3=A9=20

            """
        let message = try Sample().message("Joe", ".café ")
        #expect(String(decoding: message, as: UTF8.self) == expected.withCRLF)
    }

    @Test("a message with both parts and all headers is exactly these bytes")
    func alternative() throws {
        var sample = Sample()
        sample.content.replyTo = "Büro <office@campaign.example>"
        sample.content.headers = [
            .init(name: "List-Unsubscribe", value: "<https://go.example.org/u/{{second}}>"),
            .init(name: "List-Unsubscribe-Post", value: "List-Unsubscribe=One-Click"),
        ]
        sample.content.variants[0].text = "Dear {{first}}"
        sample.content.variants[0].html = "<p>Dear {{first}}</p>"
        let expected = """
            From: Ann Lee <ann@campaign.example>
            To: joe@example.org
            Reply-To: =?utf-8?b?QsO8cm8=?= <office@campaign.example>
            Subject: Hi <J>
            Date: Sun, 22 Nov 2026 08:30:45 +0000
            Message-ID: <ujpj2e3dcfto5jloftusrhbf2f@campaign.example>
            MIME-Version: 1.0
            List-Unsubscribe: <https://go.example.org/u/x1>
            List-Unsubscribe-Post: List-Unsubscribe=One-Click
            Content-Type: multipart/alternative; boundary="=_postrider-alternative"

            --=_postrider-alternative
            Content-Type: text/plain; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            Dear <J>
            --=_postrider-alternative
            Content-Type: text/html; charset=utf-8
            Content-Transfer-Encoding: quoted-printable

            <p>Dear &lt;J&gt;</p>
            --=_postrider-alternative--

            """
        let message = try sample.message("<J>", "x1")
        #expect(String(decoding: message, as: UTF8.self) == expected.withCRLF)
    }

    @Test(
        "the Message-ID is the keyed hash of lane and position",
        arguments: [
            (0, 0, "t4gntokas77eskmrruvysqvtiq"), (3, 41, "ujpj2e3dcfto5jloftusrhbf2f"),
            (4_294_967_295, 4_294_967_295, "khqxspvom3rmgmis7acptobu5o"),
        ]
    )
    func messageID(lane: Int, position: Int, hash: String) throws {
        let message = try DecodedMessage(Sample().message([.init([""]), .init([""])], lane: lane, position: position))
        #expect(message.header("Message-ID") == "<\(hash)@campaign.example>")
    }

    @Test(
        "dates are written in UTC",
        arguments: [
            (0, "Thu, 1 Jan 1970 00:00:00 +0000"), (951_782_399_999, "Mon, 28 Feb 2000 23:59:59 +0000"),
            (-1, "Wed, 31 Dec 1969 23:59:59 +0000"),
        ] as [(Int64, String)]
    )
    func dates(milliseconds: Int64, text: String) {
        var date = MessageDate()
        var out = MessageBytes(capacity: 1)
        date.append(Timestamp(milliseconds: 999), to: &out)
        out.removeAll()
        date.append(Timestamp(milliseconds: milliseconds), to: &out)
        #expect(String(decoding: out.bytes, as: UTF8.self) == "Date: \(text)\r\n")
    }

    @Test("variants are chosen by index, and one with HTML only has no text part")
    func variants() throws {
        var sample = Sample()
        sample.content.variants.append(.init(name: "b", subject: "B", text: "", html: "<i>{{first}}</i>"))
        let message = try DecodedMessage(sample.message("&", "", variant: 1))
        #expect(message.text == nil)
        #expect(message.html == "<i>&amp;</i>\r\n")
        #expect(message.header("Subject") == "B")
    }

    @Test(
        "mostly foreign text goes as base64, other text as quoted-printable",
        arguments: [("Привет", true), ("un café noir", false)]
    )
    func transfer(text: String, isBase64: Bool) throws {
        var sample = Sample()
        sample.content.variants[0].text = "{{second}}"
        let message = try DecodedMessage(sample.message("", text + "\nх"))
        #expect(message.text == "\(text)\r\nх\r\n" || message.text == "\(text)\r\nх")
        #expect(message.header("Content-Transfer-Encoding") == (isBase64 ? "base64" : "quoted-printable"))
    }

    @Test("a buffer is appended to, and is as it was when a message cannot be made")
    func appends() throws {
        let composer = try MessageComposer(Sample().content)
        var out = Array("before".utf8)
        func compose(_ recipient: String, lane: Int = 0, variant: Int = 0, columns: Int = 2) throws {
            try composer.compose(
                into: &out,
                lane: lane,
                position: 0,
                variant: variant,
                recipient: Array(recipient.utf8)[...],
                row: FieldRow(columns: Array(repeating: FieldColumn(["x"]), count: columns), index: 0),
                date: Timestamp(milliseconds: 0)
            )
        }
        #expect(throws: RenderError.unknownVariant(1)) { try compose("a@b.example", variant: 1) }
        #expect(throws: RenderError.unknownVariant(-1)) { try compose("a@b.example", variant: -1) }
        #expect(throws: RenderError.unusableTarget) { try compose("a@b.example", lane: -1) }
        #expect(throws: RenderError.unusableRecipient) { try compose("a@b.example\r\nBcc: c@d.example") }
        #expect(throws: RenderError.rowMismatch) { try compose("a@b.example", columns: 1) }
        #expect(out == Array("before".utf8))
        try compose("a@b.example")
        #expect(out.starts(with: "beforeFrom: Ann".utf8))
    }

    @Test("a message over the limit is refused, rendered or encoded")
    func tooLarge() throws {
        var sample = Sample()
        sample.content.variants[0].text = String(repeating: "{{second}}", count: 200)
        let value = String(repeating: "x", count: 6_000)
        #expect(throws: RenderError.tooLarge) { try sample.message("", value) }
        // Fits as rendered, and is three times as long as quoted-printable.
        let equals = String(repeating: "=", count: 2_500)
        #expect(throws: RenderError.tooLarge) { try sample.message("", equals) }
    }

    @Test("everything wrong with a campaign's content is said at once")
    func problems() {
        var sample = Sample()
        sample.content.replyTo = "nobody"
        sample.content.messageIDDomain = "a b"
        sample.content.headers = [
            .init(name: "Bcc", value: "x"), .init(name: "X-A", value: "{{no}}"), .init(name: "x-a", value: ""),
        ]
        sample.content.variants = [
            .init(name: "a", subject: "{{#first}}", text: "ok", html: "\n{{firts}}"),
            .init(name: "b", subject: "", text: "", html: ""),
        ]
        do throws(InvalidContent) {
            _ = try MessageComposer(sample.content)
            Issue.record("composed")
        } catch {
            #expect(
                error.diagnostics.map(\.description) == [
                    "variant a, subject:1:1: error: section 'first' is never closed",
                    "variant a, html:2:1: error: unknown field 'firts', did you mean 'first'?",
                    "variant b: error: a variant needs a text or an html part",
                    "error: the header 'Bcc' is written by Postrider or by relays and cannot be set",
                    "header X-A:1:1: error: unknown field 'no'",
                    "header x-a: error: the header is given twice",
                    "error: reply-to is no address: use name@domain or Name <name@domain>",
                    "error: the Message-ID's domain may have letters, digits, '-' and '.' only",
                ]
            )
        }
    }
}
