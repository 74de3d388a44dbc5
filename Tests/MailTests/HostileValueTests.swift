import Domain
import Testing

@testable import Mail

/// Properties that hold for every message, whatever templates and values hold.
@Suite struct HostileValueTests {
    /// What a header makes of a value, said another way than the composer does it.
    private func neutralised(_ value: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in value.unicodeScalars {
            switch scalar.value {
            case 0x202A...0x202E, 0x2066...0x2069: continue
            case 0...0x1F, 0x7F...0x9F, 0x2028, 0x2029: scalars.append("\u{1}")
            default: scalars.append(scalar)
            }
        }
        let runs = String(scalars).replacing(/[ \u{1}]*\u{1}[ \u{1}]*/.matchingSemantics(.unicodeScalar), with: " ")
        return runs.replacing(/^ +| +$/.matchingSemantics(.unicodeScalar), with: "")
    }

    private func literal(using random: inout SplitMix64) -> String {
        HostileText.value(using: &random).replacing("{", with: "(")
    }

    @Test("headers, text and HTML read back as they went in, and nothing else is there", arguments: UInt64(1)...40)
    func readsBack(seed: UInt64) throws {
        var random = SplitMix64(seed)
        for _ in 0..<25 {
            var sample = Sample()
            let (a, b, c) = (self.literal(using: &random), self.literal(using: &random), self.literal(using: &random))
            let (first, second) = (HostileText.value(using: &random), HostileText.value(using: &random))
            let name = HostileText.value(using: &random)
            sample.content.from = Mailbox(name: name, address: sample.content.from.address)
            sample.content.headers = [.init(name: "X-Extra", value: "{{{second}}}\(c)")]
            let hasText = Bool.random(using: &random)
            let hasHTML = !hasText || Bool.random(using: &random)
            sample.content.variants[0] = .init(
                name: "v",
                subject: "\(a){{first}}\(b)",
                text: hasText ? "\(b){{first}}\(c){{second}}" : "",
                html: hasHTML ? "\(c){{{second}}}\(a){{& first}}" : ""
            )
            let wire = try sample.message(first, second)
            let message = try DecodedMessage(wire)
            #expect(message.headers.count == (hasText && hasHTML ? 8 : 9))
            #expect(message.header("To") == "joe@example.org")
            let subject = try DecodedMessage.words(message.header("Subject") ?? "?")
            #expect(subject.unicodeScalars.elementsEqual(self.neutralised(a + first + b).unicodeScalars))
            let extra = try DecodedMessage.words(message.header("X-Extra") ?? "?")
            #expect(extra.unicodeScalars.elementsEqual(self.neutralised(second + c).unicodeScalars))
            self.expectSame(message.text, hasText ? b + first + c + second : nil, isAlone: !hasHTML)
            self.expectSame(message.html, hasHTML ? c + second + a + first : nil, isAlone: !hasText)
        }
    }

    /// A part that stands alone ends in a line end, which is added when there was none.
    private func expectSame(_ found: String?, _ expected: String?, isAlone: Bool) {
        guard let found, let expected = expected?.withCRLF else {
            #expect(found == nil && expected == nil)
            return
        }
        let isSame = found.unicodeScalars.elementsEqual(expected.unicodeScalars)
        let isSameWithLineEnd = isAlone && found.unicodeScalars.elementsEqual("\(expected)\r\n".unicodeScalars)
        #expect(isSame || isSameWithLineEnd)
    }

    @Test("bytes that are no UTF-8 cannot break a message", arguments: UInt64(1)...20)
    func anyBytes(seed: UInt64) throws {
        var random = SplitMix64(seed)
        let bytes = (0..<300).map { _ in UInt8.random(in: 0...255, using: &random) }
        let column = try #require(FieldColumn(text: bytes, end: [300]))
        let wire = try Sample().message([column, column])
        let lines = try DecodedMessage.lines(wire)
        #expect(lines.filter { $0.starts(with: "Subject: ".utf8) }.count == 1)
        #expect(!lines.contains(Array(".".utf8)))
    }
}
