import Domain
import Mail

/// One campaign's content and what a test fills in.
struct Sample {
    var content = MessageContent(
        from: Mailbox(
            name: "Ann Lee",
            address: EmailAddress(checkedLocal: "ann", checkedDomain: "campaign.example")
        ),
        variants: [.init(name: "only", subject: "Hi {{first}}", text: "Dear {{first}},\n{{second}}\n", html: "")],
        fields: [Field(name: "first", type: .text), Field(name: "second", type: .text)],
        messageIDKey: Array(0..<32),
        messageIDDomain: "campaign.example"
    )
    var recipient = "joe@example.org"
    var dotStuffed = true

    func message(_ values: String..., lane: Int = 3, position: Int = 41, variant: Int = 0) throws -> [UInt8] {
        try self.message(values.map { FieldColumn([$0]) }, lane: lane, position: position, variant: variant)
    }

    func message(_ columns: [FieldColumn], lane: Int = 3, position: Int = 41, variant: Int = 0) throws -> [UInt8] {
        let composer = try MessageComposer(self.content, dotStuffed: self.dotStuffed)
        var out: [UInt8] = []
        try composer.compose(
            into: &out,
            lane: lane,
            position: position,
            variant: variant,
            recipient: Array(self.recipient.utf8)[...],
            row: FieldRow(columns: columns, index: 0),
            date: Timestamp(milliseconds: 1_795_336_245_006)
        )
        return out
    }

    /// The header lines that start with `name: `, with their folded lines, as they stand in the message.
    func lines(_ name: String, _ values: String...) throws -> String {
        let text = String(decoding: try self.message(values.map { FieldColumn([$0]) }), as: UTF8.self)
        let lines = text.components(separatedBy: "\r\n")
        guard let first = lines.firstIndex(where: { $0.hasPrefix("\(name): ") }) else { return "" }
        let folded = lines[(first + 1)...].prefix { $0.hasPrefix(" ") }
        return ([lines[first]] + folded).joined(separator: "\n")
    }
}

extension String {
    /// The parts between each `separator`.
    func components(separatedBy separator: String) -> [String] {
        self.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    }

    /// All line ends as CRLF: what a mail body can carry.
    var withCRLF: String {
        var result = String.UnicodeScalarView()
        var previous: Unicode.Scalar = "\0"
        for scalar in self.unicodeScalars {
            if scalar == "\r" || (scalar == "\n" && previous != "\r") {
                result.append(contentsOf: "\r\n".unicodeScalars)
            } else if scalar != "\n" {
                result.append(scalar)
            }
            previous = scalar
        }
        return String(result)
    }
}
