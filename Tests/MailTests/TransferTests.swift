import Domain
import Testing

@testable import Mail

@Suite struct TransferTests {
    private func encoded(_ text: String, dotStuffed: Bool = true) -> String {
        var out = MessageBytes(capacity: 1)
        Array(text.utf8).withUnsafeBufferPointer { out.appendQuotedPrintable($0, dotStuffed: dotStuffed) }
        return String(decoding: out.bytes, as: UTF8.self)
    }

    @Test(
        "quoted-printable keeps what it may and encodes what it must",
        arguments: [
            ("", ""), ("a=b", "a=3Db"), ("é", "=C3=A9"), ("\0\u{7F}", "=00=7F"), ("a b\tc", "a b\tc"),
            ("a \nb\t\n", "a=20\r\nb=09\r\n"), ("a ", "a=20"), ("  ", " =20"), ("\r\r\n\n", "\r\n\r\n\r\n"),
            (".", ".."), ("..\n.", "...\r\n.."), ("a.\n", "a.\r\n"),
        ]
    )
    func rules(text: String, expected: String) {
        #expect(self.encoded(text) == expected)
    }

    @Test("dots stay single when no dot-stuffing is asked for")
    func noStuffing() {
        #expect(self.encoded(".\n.", dotStuffed: false) == ".\r\n.")
    }

    @Test("a line is at most 76 characters long, wherever blanks, dots and encoded bytes fall", arguments: 70...80)
    func lines(length: Int) throws {
        for tail in ["", " ", "\t", "é", "=", ".", " \n", "  \n.", "é\n", ".\n.", "= "] {
            for fill in ["a", ".", " "] {
                let text = String(repeating: fill, count: length) + tail
                let lines = self.encoded(text).components(separatedBy: "\r\n").map { Array($0.utf8) }
                let plain = lines.map { $0.first == UInt8(ascii: ".") ? Array($0.dropFirst()) : $0 }
                #expect(zip(lines, plain).allSatisfy { $0.first != UInt8(ascii: ".") || $1.first == UInt8(ascii: ".") })
                #expect(plain.allSatisfy { $0.count <= 76 })
                let decoded = try DecodedMessage.quotedPrintable(plain[...], endsWithLine: false)
                #expect(String(decoding: decoded, as: UTF8.self) == text.withCRLF)
            }
        }
    }

    @Test("quoted-printable never needs more room than it asks for", arguments: UInt64(1)...10)
    func room(seed: UInt64) throws {
        var random = SplitMix64(seed)
        let bytes: [UInt8] = [32, 9, 10, 13, 46, 61, 65, 195, 0]
        for _ in 0..<200 {
            let chosen = Array(bytes.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random)))
            let text = (0..<Int.random(in: 0...400, using: &random)).map { _ in
                chosen.randomElement(using: &random) ?? 0
            }
            var out = MessageBytes(capacity: 1)
            text.withUnsafeBufferPointer { out.appendQuotedPrintable($0, dotStuffed: true) }
            #expect(out.count <= text.count * 4 + 64)
        }
    }

    @Test(
        "base64 is that of RFC 4648",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"), ("\u{FFFF}?>", "77+/Pz4="),
        ]
    )
    func base64(text: String, expected: String) {
        var out = MessageBytes(capacity: 1)
        Array(text.utf8).withUnsafeBufferPointer { out.appendBase64($0) }
        #expect(String(decoding: out.bytes, as: UTF8.self) == expected)
    }

    @Test("base64 lines are 76 characters long and read back", arguments: [0, 1, 56, 57, 58, 113, 114, 115, 1_000])
    func base64Lines(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var out = MessageBytes(capacity: 1)
        bytes.withUnsafeBufferPointer { out.appendBase64Lines($0) }
        let lines = try DecodedMessage.lines(Array(out.bytes))
        #expect(lines.dropLast().allSatisfy { $0.count == 76 })
        #expect(try DecodedMessage.base64(lines.joined()) == bytes)
    }
}
