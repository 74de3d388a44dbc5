import Domain
import Mail
import Testing

@Suite("SMTP reply parser")
struct ReplyParserTests {
    /// Feeds a stream in pieces and gathers what comes out; stops at a problem.
    private func parse(
        _ stream: [UInt8],
        pieces: [Int] = []
    ) -> (replies: [RelayReply], problem: SMTPReplyParser.Problem?) {
        var parser = SMTPReplyParser()
        var replies: [RelayReply] = []
        var start = 0
        for length in pieces + [stream.count] {
            let piece = Array(stream[start..<min(stream.count, start + length)])
            start += piece.count
            var problem: SMTPReplyParser.Problem?
            piece.withUnsafeBytes { bytes in
                var offset = 0
                while offset < bytes.count {
                    switch parser.next(bytes, from: &offset) {
                    case .incomplete: #expect(offset == bytes.count)
                    case .reply(let code):
                        #expect(code == parser.reply.code)
                        replies.append(parser.reply)
                    case .broken(let found):
                        problem = found
                        return
                    }
                }
            }
            if let problem { return (replies, problem) }
        }
        return (replies, nil)
    }

    @Test(
        "a reply gives code, enhanced status and text",
        arguments: [
            ("250 2.0.0 Ok: queued as 12345\r\n", 250, "2.0.0", "Ok: queued as 12345"),
            ("250 Ok\r\n", 250, "", "Ok"),
            ("250\r\n", 250, "", ""),
            ("250 \r\n", 250, "", ""),
            ("354 go\n", 354, "", "go"),
            (
                "550-5.1.1 The email account does not exist.\r\n550-5.1.1 Check it\r\n550 5.1.1 and again\r\n", 550,
                "5.1.1",
                "The email account does not exist. Check it and again"
            ),
            ("421 4.7.0 \r\n", 421, "4.7.0", ""),
            ("550 5.7.515 Access denied\r\n", 550, "5.7.515", "Access denied"),
            ("550 5.7.5151 no\r\n", 550, "", "5.7.5151 no"),
            ("450 1.2.3.4 is listed\r\n", 450, "", "1.2.3.4 is listed"),
            ("550 5.1.1.1 strange\r\n", 550, "", "5.1.1.1 strange"),
            ("250-first\r\n250-2.1.0 second\r\n250 third\r\n", 250, "2.1.0", "first second third"),
            ("550 tab\there \u{7}bell\u{1B}[31m\r\n", 550, "", "tab here  bell [31m"),
            ("550 caf\u{E9} \u{202E}txt\r\n", 550, "", "caf\u{E9}  txt"),
        ]
    )
    func parts(line: String, code: Int, status: String, text: String) {
        let found = self.parse(Array(line.utf8))
        #expect(found.replies == [RelayReply(code: code, status: status, text: text)])
        #expect(found.problem == nil)
    }

    @Test(
        "bytes that are no reply are refused",
        arguments: [
            ("abc hello\r\n", SMTPReplyParser.Problem.notAReply),
            ("25\r\n", .notAReply), ("\r\n", .notAReply), ("\n", .notAReply), ("150 early\r\n", .notAReply),
            ("650 late\r\n", .notAReply), ("2x0 ok\r\n", .notAReply), ("2500 ok\r\n", .notAReply),
            ("250:ok\r\n", .notAReply),
            ("HTTP/1.1 400 Bad Request\r\n", .notAReply),
            ("250-one\r\n251 two\r\n", .codesDiffer), ("250-one\r\n550-two\r\n", .codesDiffer),
        ]
    )
    func garbage(stream: String, problem: SMTPReplyParser.Problem) {
        let found = self.parse(Array(stream.utf8))
        #expect(found.replies.isEmpty)
        #expect(found.problem == problem)
    }

    @Test("a line may have 2048 bytes and not one more", arguments: [0, 1])
    func longestLine(excess: Int) {
        let text = [UInt8](repeating: 120, count: SMTPReplyParser.lineBytesMax - 6 + excess)
        let found = self.parse(Array("250 ".utf8) + text + [13, 10], pieces: [700, 700])
        #expect(found.problem == (excess == 0 ? nil : .lineTooLong))
        #expect(found.replies.count == 1 - excess)
        #expect(found.replies.allSatisfy { $0.text.utf8.count == RelayReply.textBytesMax })
    }

    @Test("a line without an end is cut off at 2048 bytes, however it trickles in")
    func endlessLine() {
        var parser = SMTPReplyParser()
        var taken = 0
        for _ in 0..<10_000 {
            var offset = 0
            let step = [UInt8(50)].withUnsafeBytes { parser.next($0, from: &offset) }
            guard case .incomplete = step else {
                #expect(step == .broken(.lineTooLong))
                break
            }
            taken += 1
        }
        #expect(taken == SMTPReplyParser.lineBytesMax - 1)
    }

    @Test("a reply may have 128 lines, and one that goes on is cut off", arguments: [127, 128])
    func longestReply(continued: Int) {
        let lines = String(repeating: "250-x\r\n", count: continued) + "250 end\r\n"
        let found = self.parse(Array(lines.utf8))
        #expect(found.problem == (continued == 127 ? nil : .tooManyLines))
        #expect(found.replies.count == (continued == 127 ? 1 : 0))
    }

    @Test("kept text is valid, bounded and without control characters, whatever came", arguments: UInt64(1)...40)
    func textIsSafe(seed: UInt64) {
        var random = SplitMix64(seed)
        let bytes = (0..<700).map { _ in UInt8.random(in: 0...255, using: &random) }.filter { $0 != 10 && $0 != 13 }
        let found = self.parse(Array("550 ".utf8) + bytes + [13, 10])
        let text = found.replies.first?.text ?? ""
        #expect(!text.isEmpty && text.utf8.count <= RelayReply.textBytesMax)
        #expect(text.unicodeScalars.allSatisfy { $0.value >= 32 && !(127...159).contains($0.value) })
    }

    @Test("a stream gives the same replies wherever it is cut", arguments: UInt64(1)...20)
    func cutAnywhere(seed: UInt64) {
        var random = SplitMix64(seed)
        var stream: [UInt8] = []
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let code = Int.random(in: 200...599, using: &random)
            for _ in 0..<Int.random(in: 0...3, using: &random) { stream += Array("\(code)-2.1.0 more\r\n".utf8) }
            stream += Array(
                "\(code) end \(UInt32.random(in: 0...9, using: &random))\(Bool.random(using: &random) ? "\r" : "")\n"
                    .utf8
            )
        }
        let whole = self.parse(stream)
        #expect(whole.problem == nil)
        for cut in 0...stream.count {
            let found = self.parse(stream, pieces: [cut])
            #expect(found.replies == whole.replies, "cut at \(cut)")
        }
        let single = self.parse(stream, pieces: Array(repeating: 1, count: stream.count))
        #expect(single.replies == whole.replies)
    }

    @Test("random bytes never crash it, and are judged alike wherever they are cut", arguments: UInt64(1)...60)
    func fuzz(seed: UInt64) {
        var random = SplitMix64(seed)
        let alphabet: [UInt8] = Array("2345 0-\r\n.x\u{0}".utf8)
        let stream = (0..<400).map { _ in alphabet.randomElement(using: &random) ?? 0 }
        let whole = self.parse(Array("250 start\r\n".utf8) + stream)
        for _ in 0..<20 {
            let cuts = (0..<10).map { _ in Int.random(in: 0...60, using: &random) }
            let found = self.parse(Array("250 start\r\n".utf8) + stream, pieces: cuts)
            #expect(found.replies == whole.replies)
            #expect(found.problem == whole.problem)
        }
    }

    @Test("EHLO's answer is read whole, however long, and unknown words are passed over")
    func capabilities() {
        var parser = SMTPReplyParser()
        let extra = (0..<40).map { "250-X-EXTENSION-\($0) with some parameters\r\n" }.joined()
        let answer =
            "250-mail.example greets you\r\n\(extra)250-PIPELINING\r\n250-SIZE 35882577\r\n250-8bitmime\r\n250-STARTTLS\r\n"
            + "250-ENHANCEDSTATUSCODES\r\n250-AUTH=LOGIN\r\n250-AUTH PLAIN CRAM-MD5\r\n250 SMTPUTF8\r\n"
        var offset = 0
        #expect(Array(answer.utf8).withUnsafeBytes { parser.next($0, from: &offset) } == .reply(code: 250))
        var expected = SMTPCapabilities()
        expected.pipelining = true
        expected.size = true
        expected.sizeMax = 35_882_577
        expected.eightBitMIME = true
        expected.startTLS = true
        expected.enhancedStatusCodes = true
        expected.authPlain = true
        expected.authLogin = true
        expected.smtpUTF8 = true
        #expect(parser.capabilities == expected)
    }

    @Test("a greeting that names an extension is not an offer")
    func greetingIsNoOffer() {
        var parser = SMTPReplyParser()
        var offset = 0
        _ = Array("250 STARTTLS\r\n".utf8).withUnsafeBytes { parser.next($0, from: &offset) }
        #expect(parser.capabilities == SMTPCapabilities())
    }
}
