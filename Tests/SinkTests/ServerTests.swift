import Foundation
import NIOCore
import NIOEmbedded
import NIOPosix
import Testing

@testable import Sink

@Suite("Sink server", .timeLimit(.minutes(10)))
struct ServerTests {
    /// A connection of a sink without a network.
    private struct Line {
        let channel: EmbeddedChannel
        let desk: SinkDesk

        init(_ scenario: SinkScenario = .accept, log: String? = nil, keep: String? = nil) throws {
            var options = SinkOptions()
            options.scenario = scenario
            options.logPath = log
            options.keepFolder = keep
            self.desk = try SinkDesk(options)
            self.channel = EmbeddedChannel(handler: SinkConnection(desk: self.desk))
            try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 25)).wait()
        }

        func say(_ text: String) throws { try self.channel.writeInbound(ByteBuffer(string: text)) }

        /// Everything written so far; each write as one element.
        func heard() throws -> [String] {
            var writes: [String] = []
            while let buffer = try self.channel.readOutbound(as: ByteBuffer.self) {
                writes.append(String(buffer: buffer))
            }
            return writes
        }

        func codes() throws -> [String] {
            try self.heard().joined().split(separator: "\r\n").map { String($0.prefix(3)) }
        }
    }

    @Test("the answers to a whole group of commands leave in one write")
    func pipelining() throws {
        let line = try Line()
        #expect(try line.codes() == ["220"])
        try line.say("EHLO me\r\n")
        let hello = try line.heard().joined()
        for word in ["PIPELINING", "8BITMIME", "SIZE 52428800", "ENHANCEDSTATUSCODES"] { #expect(hello.contains(word)) }
        try line.say("MAIL FROM:<a@b> SIZE=10 BODY=8BITMIME\r\nRCPT TO:<c@d>\r\nDATA\r\n")
        #expect(try line.heard().count == 1)
        try line.say("Subject: x\r\n\r\nhello\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
        let writes = try line.heard()
        #expect(writes.count == 1)
        #expect(writes[0].hasPrefix("250 2.0.0 Ok: queued as 1\r\n250 2.1.0") && writes[0].contains("354 "))
        try line.say("x\r\n.\r\nQUIT\r\n")
        #expect(try line.codes() == ["250", "221"])
        #expect(!line.channel.isActive)
        #expect(
            line.desk.tally.accepted == 2 && line.desk.tally.addresses == 1 && line.desk.tally.repeatedAddresses == 1
        )
    }

    @Test(
        "commands out of order, malformed or unknown",
        arguments: [
            (["MAIL FROM:<a@b>"], ["503"]),
            (["EHLO x", "RCPT TO:<c@d>"], ["503"]),
            (["EHLO x", "DATA"], ["503"]),
            (["EHLO x", "MAIL FROM:<a@b>", "DATA"], ["250", "554"]),
            (["EHLO x", "MAIL FROM:<a@b>", "MAIL FROM:<a@b>"], ["250", "503"]),
            (["EHLO x", "MAIL FROM:<a@b>", "RSET", "RCPT TO:<c@d>"], ["250", "250", "503"]),
            (["HELO x", "mail from:<>", "rcpt to:<c@d>"], ["250", "250"]),
            (["EHLO x", "MAIL FROM:a@b"], ["501"]),
            (["EHLO x", "MAIL FROM:<a b@c>"], ["501"]),
            (["EHLO x", "MAIL FROM:<a@b> SIZE=99999999999"], ["552"]),
            (["EHLO x", "MAIL FROM:<a@b> SIZE=x"], ["501"]),
            (["EHLO x", "MAIL FROM:<a@b>", "RCPT TO:<nobody>"], ["250", "501"]),
            (["EHLO x", "BDAT 10", "MAILX", "", "NOOP", "VRFY x"], ["500", "500", "500", "250", "252"]),
            (["EHLO x", String(repeating: "N", count: 3_000)], ["500"]),
        ]
    )
    func commands(lines: [String], codes: [String]) throws {
        let line = try Line()
        try line.say((lines.first ?? "") + "\r\n")
        let first = try line.codes().last ?? ""
        for text in lines.dropFirst() { try line.say(text + "\r\n") }
        let rest = try line.codes()
        #expect(lines.count == 1 ? [first] == codes : rest == codes)
    }

    @Test("a bare line feed ends no command, and a line without end is cut off")
    func lineEnds() throws {
        let line = try Line()
        try line.say("EHLO me\n")
        #expect(try line.codes() == ["220", "500"])
        for _ in 0..<40 { try line.say(String(repeating: "x", count: 100)) }
        #expect(try line.codes() == ["500"])
        #expect(!line.channel.isActive)
    }

    @Test(
        "bare line ends in a message are refused and smuggle nothing",
        arguments: ["a\nb", "a\rb", "a\n.\r\nMAIL FROM:<x@y>\r\n", "a\r\n.\nx"]
    )
    func smuggling(content: String) throws {
        let line = try Line()
        try line.say("EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")
        _ = try line.heard()
        try line.say("Subject: x\r\n\r\n\(content)\r\n.\r\nNOOP\r\n")
        let heard = try line.heard().joined()
        #expect(heard == "550 5.6.0 Bare CR or LF in the message\r\n250 2.0.0 Ok\r\n")
        #expect(line.desk.tally.refused == 1 && line.desk.tally.accepted == 0)
    }

    @Test("a scenario's replies at their stages; a drop says nothing; 421 hangs up")
    func scenario() throws {
        let scenario = SinkScenario(rules: [
            .init(match: "r@*", action: .reply("450 4.2.0 later")),
            .init(match: "d@*", at: .data, action: .reply("554 5.7.1 no")),
            .init(match: "m@*", at: .message, action: .reply("451 4.3.0 busy")),
            .init(match: "bye@*", at: .message, action: .reply("421 4.3.2 bye")),
            .init(match: "drop@*", at: .message, action: .drop),
        ])
        func send(_ to: String) throws -> (codes: [String], tally: SinkTally, isOpen: Bool) {
            let line = try Line(scenario)
            try line.say("EHLO me\r\nMAIL FROM:<a@b>\r\n")
            _ = try line.heard()
            try line.say("RCPT TO:<\(to)@x>\r\nDATA\r\n")
            var codes = try line.codes()
            if codes.last == "354" {
                try line.say("x\r\n.\r\n")
                codes += try line.codes()
            }
            return (codes, line.desk.tally, line.channel.isActive)
        }
        #expect(try send("ok").codes == ["250", "354", "250"])
        #expect(try send("R").codes == ["450", "554"])
        #expect(try send("r").tally.deferred == 1)
        #expect(try send("d").codes == ["250", "554"])
        #expect(try send("d").tally.refused == 1)
        #expect(try send("m").codes == ["250", "354", "451"])
        let bye = try send("bye")
        #expect(bye.codes == ["250", "354", "421"] && !bye.isOpen)
        let drop = try send("drop")
        #expect(drop.codes == ["250", "354"] && !drop.isOpen && drop.tally.dropped == 1)
    }

    @Test("a slow reply holds back what comes after it")
    func slow() throws {
        let line = try Line(SinkScenario(rules: [.init(match: "*", action: .slow(milliseconds: 500))]))
        try line.say("EHLO me\r\nMAIL FROM:<a@b>\r\n")
        _ = try line.heard()
        try line.say("RCPT TO:<c@d>\r\nDATA\r\n")
        #expect(try line.codes().isEmpty)
        line.channel.embeddedEventLoop.advanceTime(by: .milliseconds(499))
        #expect(try line.codes().isEmpty)
        line.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(try line.codes() == ["250", "354"])
    }

    @Test("a silent client is sent away")
    func silence() throws {
        let line = try Line()
        _ = try line.heard()
        line.channel.embeddedEventLoop.advanceTime(by: .seconds(75))
        #expect(line.channel.isActive)
    }

    @Test("over the network: log, kept messages and tally agree")
    func wholeServer() async throws {
        let folder = NSTemporaryDirectory() + "sink-tests-\(UUID().uuidString)"
        var options = SinkOptions()
        options.port = 0
        options.keepFolder = folder
        options.logPath = folder + "/log.ndjson"
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await SinkServer.start(options, on: group)
        let script =
            "EHLO me\r\nMAIL FROM:<a@b>\r\nRCPT TO:<\"q\\u\"@d>\r\nDATA\r\nMessage-ID: <1@b>\r\n\r\n..dot\r\n.\r\n"
            + "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@d>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n"
        let client = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: server.port).get()
        try await client.writeAndFlush(ByteBuffer(string: script))
        try await client.closeFuture.get()
        #expect(server.tally.accepted == 3 && server.tally.connections == 1)
        try await server.stop()
        let log = try Self.read(options.logPath ?? "").split(separator: "\n")
        #expect(log.count == 3)
        #expect(log[0].hasPrefix(#"{"at":"20"#))
        #expect(
            log[0].hasSuffix(
                #"","from":"a@b","to":"\"q\\u\"@d","size":27,"reply":"250 2.0.0 Ok: queued as 1","message_id":"<1@b>"}"#
            )
        )
        #expect(try Self.read(folder + "/00000001.eml") == "Message-ID: <1@b>\r\n\r\n.dot\r\n")
        #expect(try Self.read(folder + "/00000002.eml") == "x\r\n")
        try FileManager.default.removeItem(atPath: folder)
    }

    private static func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test("a log or folder that cannot be had is said at the start")
    func badPaths() async throws {
        for change in [
            { (options: inout SinkOptions) in options.logPath = "/nowhere/log" }, { $0.keepFolder = "/dev/null/x" },
        ] {
            var options = SinkOptions()
            options.port = 0
            change(&options)
            let error = await #expect(throws: SinkError.self) {
                _ = try await SinkServer.start(options, on: MultiThreadedEventLoopGroup.singleton)
            }
            #expect(error?.description.hasPrefix("cannot ") == true)
        }
    }
}
