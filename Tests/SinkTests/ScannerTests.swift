import Testing

@testable import Sink

@Suite("The sink's reading of messages")
struct ScannerTests {
    private func scan(_ wire: String, pieces: [Int] = []) -> (scanner: SinkScanner, rest: String?) {
        var scanner = SinkScanner(wantsMessageID: true, keepsContent: true, contentMax: 1_000_000)
        let bytes = Array(wire.utf8)
        var start = 0
        for length in pieces + [bytes.count] {
            let piece = Array(bytes[start..<min(bytes.count, start + length)])
            var offset = 0
            let isEnded = piece.withUnsafeBytes { scanner.consume($0, from: &offset) }
            start += offset
            if isEnded { return (scanner, String(decoding: bytes[start...], as: UTF8.self)) }
            #expect(offset == piece.count)
        }
        return (scanner, nil)
    }

    @Test(
        "where a message ends, and what it was",
        arguments: [
            ("a\r\n.\r\nrest", "a\r\n", "rest", false),
            (".\r\n", "", "", false),
            ("..\r\n.\r\n", ".\r\n", "", false),
            ("..a\r\n...\r\n.\r\n", ".a\r\n..\r\n", "", false),
            (".a\r\n.\r\n", "a\r\n", "", false),
            ("a.\r\nb\r\n.\r\n.\r\n", "a.\r\nb\r\n", ".\r\n", false),
            ("\r\n\r\n.\r\nMAIL", "\r\n\r\n", "MAIL", false),
            // Smuggling: none of these ends a message, and each makes it invalid.
            ("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n", "", true),
            ("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", "", true),
            ("a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", "", true),
            ("a\n.\nb\r\n.\r\n", "a\n.\nb\r\n", "", true),
            ("a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", "", true),
            ("a\r\r\n.\r\n", "a\r\r\n", "", true),
            ("a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", "", true),
        ]
    )
    func endings(wire: String, content: String, rest: String, isBare: Bool) {
        let bytes = Array(wire.utf8).count
        for cut in 0...bytes {
            let found = self.scan(wire, pieces: [cut])
            #expect(found.rest == rest, "cut at \(cut)")
            #expect(String(decoding: found.scanner.content, as: UTF8.self) == content)
            #expect(found.scanner.size == content.utf8.count)
            #expect(found.scanner.hasBareLineEnd == isBare)
        }
        // Byte by byte: what comes after the end is never reached.
        #expect(self.scan(wire, pieces: Array(repeating: 1, count: bytes)).rest == rest)
    }

    @Test(
        "the Message-ID",
        arguments: [
            ("Message-ID: <a@b>\r\n\r\nx\r\n.\r\n", "<a@b>"),
            ("From: x\r\nmessage-id:<a@b>  \r\n\r\n.\r\n", "<a@b>"),
            ("MESSAGE-ID:\r\n <a@b>\r\n\r\n.\r\n", "<a@b>"),
            ("MIME-Version: 1.0\r\nMessage-ID: <a@b>\r\nMessage-ID: <c@d>\r\n\r\n.\r\n", "<a@b>"),
            ("From: x\r\n\r\nMessage-ID: <body@b>\r\n.\r\n", ""),
            ("X-Message-ID: <a@b>\r\n\r\n.\r\n", ""),
        ]
    )
    func messageID(wire: String, expected: String) {
        for cut in 0...wire.utf8.count {
            let found = self.scan(wire, pieces: [cut]).scanner
            #expect(String(decoding: found.messageID, as: UTF8.self) == expected, "cut at \(cut)")
        }
    }
}
