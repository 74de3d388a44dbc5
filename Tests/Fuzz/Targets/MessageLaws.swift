import Domain
import Mail

/// Laws of composing: what values hold reaches the reader, and nothing of it becomes a header, a line end or the message's end.
///
/// The bytes are texts, each ended by 0x1F, in the order of ``Parts``.
enum MessageLaws {
    /// What a campaign and a contact say; the first five are templates or parsed texts.
    fileprivate struct Parts {
        let subject: [UInt8]
        let text: [UInt8]
        let html: [UInt8]
        let header: [UInt8]
        let replyTo: [UInt8]
        let senderName: [UInt8]
        let recipient: [UInt8]
        let values: [[UInt8]]

        init(_ bytes: [UInt8]) {
            let parts = bytes.split(separator: 0x1F, omittingEmptySubsequences: false).map { Array($0) }
            func part(_ index: Int) -> [UInt8] { parts.indices.contains(index) ? parts[index] : [] }
            self.subject = part(0)
            self.text = part(1)
            self.html = part(2)
            self.header = part(3)
            self.replyTo = part(4)
            self.senderName = part(5)
            self.recipient = part(6)
            self.values = [part(7), part(8)]
        }
    }

    private static let fields = [Field(name: "first_name", type: .text), Field(name: "city", type: .text)]

    static func check(_ bytes: [UInt8]) throws {
        let parts = Parts(bytes)
        guard let composer = Self.composer(parts, dotStuffed: true), let shown = Self.composer(parts, dotStuffed: false)
        else { return }
        let row = FieldRow(
            columns: parts.values.compactMap { FieldColumn(text: $0, end: [UInt32($0.count)]) },
            index: 0
        )
        for recipient in [parts.recipient, Array("ann@y.example".utf8)] {
            guard let wire = Self.compose(composer, recipient, row), let plain = Self.compose(shown, recipient, row)
            else { continue }
            let read = try ComposedMessage(wire: wire)
            try law(read.unstuffed == plain, "doubling dots is all that SMTP adds")
            try Self.checkHeaders(read, parts)
            try Self.checkBody(read, parts, row)
        }
    }

    private static func composer(_ parts: Parts, dotStuffed: Bool) -> MessageComposer? {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let content = MessageContent(
            from: Mailbox(
                name: text(parts.senderName),
                address: EmailAddress(checkedLocal: "us", checkedDomain: "x.example")
            ),
            replyTo: text(parts.replyTo),
            headers: [.init(name: "X-Own", value: text(parts.header))],
            variants: [.init(name: "v", subject: text(parts.subject), text: text(parts.text), html: text(parts.html))],
            fields: Self.fields,
            messageIDKey: [1, 2, 3],
            messageIDDomain: "x.example"
        )
        return try? MessageComposer(content, dotStuffed: dotStuffed)
    }

    private static func compose(_ composer: MessageComposer, _ recipient: [UInt8], _ row: FieldRow) -> [UInt8]? {
        var out: [UInt8] = []
        do throws(RenderError) {
            try composer.compose(
                into: &out,
                lane: 1,
                position: 2,
                variant: 0,
                recipient: recipient[...],
                row: row,
                date: Timestamp(milliseconds: 1_795_305_600_000)
            )
        } catch {
            return nil
        }
        return out
    }

    private static func checkHeaders(_ message: ComposedMessage, _ parts: Parts) throws {
        let replyTo = parts.replyTo.isEmpty ? [] : ["Reply-To"]
        let isMultipart = !parts.text.isEmpty && !parts.html.isEmpty
        let expected =
            ["From", "To"] + replyTo + ["Subject", "Date", "Message-ID", "MIME-Version", "X-Own", "Content-Type"]
            + (isMultipart ? [] : ["Content-Transfer-Encoding"])
        try law(message.names == expected, "the headers are ours and no others: \(message.names)")
    }

    private static func checkBody(_ message: ComposedMessage, _ parts: Parts, _ row: FieldRow) throws {
        var expected: [[UInt8]] = []
        for (source, escaping) in [(parts.text, Template.Escaping.none), (parts.html, .html)] where !source.isEmpty {
            let template = try Template(String(decoding: source, as: UTF8.self), escaping: escaping)
            var out = MessageBytes(capacity: 256)
            try BoundTemplate(template, fields: Self.fields).render(row, into: &out)
            expected.append(ComposedMessage.withPlainLineEnds(Array(out.bytes)))
        }
        let bodies = message.bodies.map { ComposedMessage.withPlainLineEnds($0) }
        if expected.count == 1, bodies.count == 1 {
            // The last line of a message must end, also when the text's does not.
            try law(bodies[0] == expected[0] || bodies[0] == expected[0] + [10], "the text arrives as it was rendered")
        } else {
            try law(bodies == expected, "both parts arrive as they were rendered")
        }
    }
}
