import Domain
import Mail

/// Messages that are hard to sign: dots, long lines, blanks in all places, empty lines at the end, bytes outside ASCII.
enum RandomMessage {
    private static let pieces = [
        ".", "..", " .", "\t", " ", "   ", "word ", "line\n", "\n", "\n\n\n", "\n.\n", ".\n..\n...", "é", "日本語", "=",
        "trailing  \n", "\t\n", "a\tb", "x: y", "From me\n", "\u{A0}\n",
    ]

    /// Text in any bytes, with CRLF line ends.
    static func text(_ random: inout SplitMix64) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...40, using: &random) { text += self.pieces.randomElement(using: &random) ?? "" }
        if Int.random(in: 0..<6, using: &random) == 0 {
            text += String(repeating: "long ", count: Int.random(in: 20...190, using: &random))
        }
        text += String(repeating: "\n", count: Int.random(in: 0...4, using: &random))
        return text
    }

    /// What the composer makes of such texts.
    static func composed(_ random: inout SplitMix64) throws -> [UInt8] {
        let kind = Int.random(in: 0..<3, using: &random)
        let content = MessageContent(
            from: Mailbox(
                name: Bool.random(using: &random) ? "Zoé Lefèvre" : "Ann",
                address: EmailAddress(checkedLocal: "ann", checkedDomain: "campaign.example")
            ),
            replyTo: Bool.random(using: &random) ? "office@campaign.example" : "",
            headers: [.init(name: "X-Extra", value: "{{second}}")],
            variants: [
                .init(
                    name: "v",
                    subject: "About {{first}} é",
                    text: kind == 0 ? "" : "{{first}}\n{{second}}",
                    html: kind == 1 ? "" : "<p>{{{second}}}</p>  \n\n{{{first}}}"
                )
            ],
            fields: [Field(name: "first", type: .text), Field(name: "second", type: .text)],
            messageIDKey: [1, 2, 3],
            messageIDDomain: "campaign.example"
        )
        var out: [UInt8] = []
        try MessageComposer(content).compose(
            into: &out,
            lane: 1,
            position: Int.random(in: 0..<1_000, using: &random),
            variant: 0,
            recipient: Array("joe@example.org".utf8)[...],
            row: FieldRow(columns: [FieldColumn([self.text(&random)]), FieldColumn([self.text(&random)])], index: 0),
            date: Timestamp(milliseconds: 1_795_336_245_006)
        )
        return out
    }

    /// Such a text as it is, under fields that are folded and spaced in odd ways.
    static func raw(_ random: inout SplitMix64) -> [UInt8] {
        let blank = [" ", "  ", "\t", "\r\n ", "\r\n\t "].randomElement(using: &random) ?? " "
        let header = """
            From:\(blank)Ann   Lee\(blank)<ann@campaign.example>
            To: joe@example.org\(blank)
            subject: Hello\(blank)there
            Subject: another\(blank)one
            DATE:\tSun, 22 Nov 2026 08:30:45 +0000
            Message-ID: <1@campaign.example>
            MIME-Version: 1.0
            Content-Type: text/plain;\(blank)charset=utf-8
            List-Unsubscribe:\(blank)<https://go.example.org/u/1>
            List-Unsubscribe-Post: List-Unsubscribe=One-Click


            """
        let lines = header.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
        let body = self.text(&random).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n")
        // What comes by SMTP ends its last line.
        return Array((lines + body + "\r\n").utf8)
    }

    /// Takes the first dot off each line that begins with one.
    static func unstuffed(_ message: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        var isLineStart = true
        for byte in message {
            if isLineStart, byte == UInt8(ascii: ".") {
                isLineStart = false
                continue
            }
            out.append(byte)
            isLineStart = byte == 0x0A
        }
        return out
    }
}
