import Domain
import Mail
import NIOCore
import NIOPosix
import Sink
import TestPorts
import Testing

@testable import Relay

@Suite("Relay pool", .serialized, .timeLimit(.minutes(10)))
struct PoolTests {
    private let group = MultiThreadedEventLoopGroup.singleton

    private func sink(_ scenario: SinkScenario = .accept) async throws -> SinkServer {
        var options = SinkOptions()
        options.port = 0
        options.scenario = scenario
        return try await SinkServer.start(options, on: self.group)
    }

    private func relay(
        _ mischief: Mischief,
        count: Int = .max,
        extensions: [String]? = nil
    ) async throws -> ScriptedRelay {
        var options = ScriptedRelay.Options()
        options.mischief = mischief
        options.mischiefCount = count
        if let extensions { options.extensions = extensions }
        return try await ScriptedRelay.start(options, on: self.group)
    }

    @Test("every message arrives once, over as many connections as allowed", arguments: [1, 8], [false, true])
    func everyMessageOnce(connections: Int, isDeferred: Bool) async throws {
        let sink = try await self.sink()
        let plan = Plan(total: 2_000, leave: isDeferred ? .endOfTick : .atOnce)
        let told = try await run(.local(sink.port, connections: connections), plan, on: self.group.any())
        #expect(told.tally == ["250@message": 2_000])
        #expect(told.changes.isEmpty)
        #expect(told.openMax <= connections && told.openMax >= min(connections, 4))
        let tally = sink.tally
        #expect(tally.accepted == 2_000 && tally.addresses == 2_000 && tally.repeatedAddresses == 0)
        #expect(tally.connections <= connections)
        try await sink.stop()
    }

    @Test("what the relay says about each message comes back, and both sides count alike")
    func realistic() async throws {
        let rule = SinkScenario.Rule.init
        let sink = try await self.sink(
            SinkScenario(rules: [
                rule("*", 0.05, nil, .recipient, .reply("550 5.1.1 unknown")),
                rule("*", 0.05, nil, .data, .reply("451 4.3.0 busy")),
                rule("*", 0.05, nil, .message, .reply("554 5.7.1 spam")),
                rule("*", 0.02, nil, .message, .drop),
                rule("*", 0.02, nil, .recipient, .slow(milliseconds: 5)),
            ])
        )
        let told = try await run(.local(sink.port, connections: 4), Plan(total: 1_000), on: self.group.any())
        let tally = sink.tally
        #expect(told.tally["250@message"] == tally.accepted)
        #expect(told.tally["550@recipient", default: 0] + told.tally["554@message", default: 0] == tally.refused)
        #expect(told.tally["451@data"] == tally.deferred)
        #expect(told.tally["noReply"] == tally.dropped)
        #expect(min(tally.refused, tally.deferred, tally.dropped) > 0)
        let settled = told.tally.filter { $0.key != "notBegun" }.values.reduce(0, +)
        #expect(settled == 1_000 && tally.repeatedAddresses == 0)
        try await sink.stop()
    }

    @Test("a message whose leave is denied is not sent, and comes back as not begun")
    func denied() async throws {
        let sink = try await self.sink()
        let plan = Plan(total: 20, denied: [3, 7, 20])
        let told = try await run(.local(sink.port, connections: 2), plan, on: self.group.any())
        for id in UInt64(1)...20 {
            let last = told.short(id).last
            #expect(last == "250@message")
            #expect(told.short(id).dropLast().allSatisfy { $0 == "notBegun" })
            if plan.denied.contains(id) { #expect(told.short(id).count >= 2) }
        }
        #expect(sink.tally.accepted == 20 && sink.tally.repeatedAddresses == 0)
        try await sink.stop()
    }

    @Test("a message without a body is passed over and not spoken of")
    func bodiless() async throws {
        let sink = try await self.sink()
        let told = try await run(.local(sink.port), Plan(total: 9, bodiless: [1, 5, 9]), on: self.group.any())
        #expect(Set(told.results.keys) == [2, 3, 4, 6, 7, 8])
        #expect(sink.tally.accepted == 6)
        try await sink.stop()
    }

    @Test("a large body arrives whole, and one without a last line end gets it", arguments: [0, 10_000])
    func bodies(lines: Int) async throws {
        let relay = try await self.relay(.none)
        let body =
            "Subject: x\r\n\r\n"
            + String(repeating: "seventy bytes or so of text that makes a line of the body\r\n", count: lines) + "end"
        let told = try await run(.local(relay.port), Plan(total: 2, body: body), on: self.group.any())
        #expect(told.tally == ["250@message": 2])
        #expect(relay.seen.messages == [body + "\r\n", body + "\r\n"])
        try await relay.stop()
    }

    struct Misbehaviour: Sendable, CustomTestStringConvertible {
        let mischief: Mischief
        let first: String
        var extensions: [String]?
        var testDescription: String { "\(self.mischief)" }
    }

    static let misbehaviours: [Misbehaviour] = [
        Misbehaviour(mischief: .drop(at: "MAIL"), first: "lost"),
        Misbehaviour(mischief: .drop(at: "RCPT"), first: "lost"),
        Misbehaviour(mischief: .drop(at: "DATA"), first: "lost"),
        Misbehaviour(mischief: .drop(at: "."), first: "noReply"),
        Misbehaviour(mischief: .drop(at: "MAIL"), first: "lost", extensions: []),
        Misbehaviour(mischief: .drop(at: "."), first: "noReply", extensions: []),
        Misbehaviour(mischief: .answer("421 4.3.2 down", to: "MAIL"), first: "421@sender"),
        Misbehaviour(mischief: .answer("421 4.3.2 down", to: "RCPT"), first: "421@recipient"),
        Misbehaviour(mischief: .answer("421 4.3.2 down", to: "DATA"), first: "421@data"),
        Misbehaviour(mischief: .answer("421 4.3.2 down", to: "."), first: "421@message"),
        Misbehaviour(mischief: .answer("250 what", to: "DATA"), first: "lost"),
        Misbehaviour(mischief: .answer("garbage", to: "."), first: "noReply"),
        Misbehaviour(mischief: .endlessLine(at: "RCPT"), first: "lost"),
        Misbehaviour(mischief: .endlessLine(at: "."), first: "noReply"),
        Misbehaviour(mischief: .endlessLines(at: "MAIL"), first: "lost"),
        Misbehaviour(mischief: .silent(at: "MAIL"), first: "lost"),
        Misbehaviour(mischief: .silent(at: "DATA"), first: "lost"),
        Misbehaviour(mischief: .silent(at: "."), first: "noReply"),
        Misbehaviour(mischief: .trickle(at: "RCPT"), first: "lost"),
        Misbehaviour(mischief: .trickle(at: "."), first: "noReply"),
        Misbehaviour(mischief: .endlessLines(at: "."), first: "noReply"),
        Misbehaviour(mischief: .half(at: "RCPT"), first: "lost"),
        Misbehaviour(mischief: .half(at: "."), first: "noReply"),
        Misbehaviour(mischief: .answerAndReset(at: "DATA"), first: "noReply or lost"),
        Misbehaviour(mischief: .twice(at: "MAIL"), first: "lost"),
        Misbehaviour(mischief: .twice(at: "MAIL"), first: "lost", extensions: []),
        Misbehaviour(mischief: .early, first: "lost"),
        Misbehaviour(mischief: .answer("999 all", to: "MAIL"), first: "lost"),
        Misbehaviour(mischief: .answer("000 none", to: "RCPT"), first: "lost"),
        Misbehaviour(mischief: .answer("150 wait", to: "DATA"), first: "lost"),
        Misbehaviour(mischief: .answer("2\0\0 nul", to: "."), first: "noReply"),
    ]

    @Test("a relay that misbehaves costs one message its connection, and the rest arrive", arguments: misbehaviours)
    func misbehaviour(row: Misbehaviour) async throws {
        let relay = try await self.relay(row.mischief, count: 1, extensions: row.extensions)
        var configuration = RelayConfiguration.local(relay.port)
        switch row.mischief {
        case .silent:
            configuration.timeouts.envelopeSeconds = 0.5
            configuration.timeouts.dataSeconds = 0.5
            configuration.timeouts.messageSeconds = 0.5
        case .trickle(at: "."): configuration.timeouts.messageSeconds = 0.5
        case .trickle: configuration.timeouts.replySeconds = 0.3
        default: break
        }
        let told = try await run(configuration, Plan(total: 4), on: self.group.any())
        #expect(told.short(1).count == 1 && row.first.contains(told.short(1).first ?? "?"), "\(told.short(1))")
        for id in UInt64(2)...4 {
            #expect(told.short(id).last == "250@message")
            #expect(told.short(id).dropLast().allSatisfy { $0 == "notBegun" })
        }
        try await relay.stop()
    }

    @Test("a relay that reads nothing more of a large message is given up when its time is over")
    func deaf() async throws {
        let relay = try await self.relay(.deaf(at: "DATA"), count: 1)
        var configuration = RelayConfiguration.local(relay.port)
        configuration.timeouts.blockSeconds = 0.3
        // More than kernels take off our hands.
        let body = "Subject: x\r\n\r\n" + String(repeating: String(repeating: "x", count: 998) + "\r\n", count: 16_000)
        let told = try await run(configuration, Plan(total: 1, body: body), on: self.group.any())
        // The dot was on its way: nobody knows where it got stuck.
        #expect(told.short(1) == ["noReply"])
        try await relay.stop()
    }

    @Test("421 between messages costs no message anything, however often it comes", arguments: [1, 7])
    func turnedAway(messages: Int) async throws {
        var options = ScriptedRelay.Options()
        options.messagesMax = messages
        let relay = try await ScriptedRelay.start(options, on: self.group)
        let told = try await run(.local(relay.port, connections: 2), Plan(total: 100), on: self.group.any())
        #expect(told.tally["250@message"] == 100)
        #expect(Set(told.tally.keys).subtracting(["250@message", "notBegun", "away421"]) == [])
        #expect(told.tally["away421", default: 0] > 0 && told.changes.isEmpty)
        #expect(relay.seen.messages.count == 100 && relay.seen.connections >= 100 / messages)
        try await relay.stop()
    }

    @Test(
        "a relay that greets slowly, badly or not at all is reported once",
        arguments: [
            Mischief.silent(at: "CONNECT"), .drop(at: "CONNECT"), .answer("554 no", to: "CONNECT"),
            .trickle(at: "CONNECT"),
            .endlessLine(at: "CONNECT"), .endlessLines(at: "EHLO"), .answer("421 busy", to: "EHLO"), .drop(at: "EHLO"),
        ]
    )
    func unusable(mischief: Mischief) async throws {
        let relay = try await self.relay(mischief, count: 1)
        var configuration = RelayConfiguration.local(relay.port, connections: 4)
        // Short only where silence is what is tested: the second connection has to be made within it.
        if mischief == .silent(at: "CONNECT") { configuration.timeouts.greetingSeconds = 1 }
        if mischief == .trickle(at: "CONNECT") { configuration.timeouts.replySeconds = 0.3 }
        let told = try await run(configuration, Plan(total: 1, changesWanted: 2), on: self.group.any())
        #expect(told.changes.count == 2)
        #expect(told.changes[0]?.hasPrefix("127.0.0.1:\(relay.port): ") == true)
        #expect(told.changes[1] == nil)
        #expect(relay.seen.connections == 2)
        try await relay.stop()
    }

    @Test("nobody there: reported once, the message waits")
    func unreachable() async throws {
        let port = try LoopbackPort()
        let told = try await run(.local(port.number), Plan(total: 1, changesWanted: 1), on: self.group.any())
        #expect(told.changes.count == 1 && told.changes[0]?.contains("cannot connect") == true)
        #expect(told.results.isEmpty)
        withExtendedLifetime(port) {}
    }

    @Test("cut: what has its dot is in doubt, what has not was never begun", arguments: [false, true])
    func cut(hasDot: Bool) async throws {
        let relay = try await self.relay(.silent(at: "."))
        var plan = Plan(total: 1, leave: hasDot ? .atOnce : .never, returnsNotBegun: false)
        plan.cutAfterDots = hasDot ? 1 : 0
        let told = try await run(.local(relay.port), plan, on: self.group.any())
        #expect(told.short(1) == [hasDot ? "noReply" : "notBegun"])
        try await relay.stop()
    }

    @Test("leave that never comes withdraws the message")
    func noLeave() async throws {
        let relay = try await self.relay(.none)
        var configuration = RelayConfiguration.local(relay.port)
        configuration.timeouts.leaveSeconds = 0.2
        let told = try await run(
            configuration,
            Plan(total: 1, leave: .never, returnsNotBegun: false),
            on: self.group.any()
        )
        #expect(told.short(1) == ["notBegun"])
        #expect(relay.seen.messages.isEmpty)
        try await relay.stop()
    }

    @Test("a body waits for its leave, and then leaves in one piece with its dot and the next envelope")
    func onePiece() async throws {
        let relay = try await self.relay(.none)
        let told = try await run(.local(relay.port), Plan(total: 3, leave: .endOfTick), on: self.group.any())
        #expect(told.tally == ["250@message": 3])
        let pieces = relay.seen.reads.filter { $0.hasPrefix("Subject:") }
        #expect(pieces.count == 3)
        for piece in pieces.dropLast() {
            #expect(piece.hasSuffix("\r\n.\r\nMAIL FROM:<us@x.example>\r\nRCPT TO:<\(recipient(piece))>\r\nDATA\r\n"))
        }
        #expect(pieces.last?.hasSuffix("Hello\r\n.\r\n") == true)
        try await relay.stop()

        func recipient(_ piece: String) -> String {
            String(piece.split(separator: "<").last?.prefix { $0 != ">" } ?? "")
        }
    }

    @Test("a connection without work says QUIT, and one that is old is renewed")
    func renewal() async throws {
        let relay = try await self.relay(.none)
        var configuration = RelayConfiguration.local(relay.port)
        configuration.timeouts.lifetimeSeconds = 0.04
        let told = try await run(configuration, Plan(total: 3_000), on: self.group.any())
        #expect(told.tally["250@message"] == 3_000)
        #expect(relay.seen.connections >= 2)
        #expect(relay.seen.verbs.count { $0 == "QUIT" } == relay.seen.connections)
        try await relay.stop()
    }

    @Test("idle connections are given back")
    func idle() async throws {
        let relay = try await self.relay(.none)
        var hasty = RelayConfiguration.local(relay.port)
        hasty.timeouts.idleSeconds = 0.05
        let configuration = hasty
        let loop = self.group.any()
        let port = relay.port
        let closed = try await loop.flatSubmit { () -> EventLoopFuture<Int> in
            let source = TestSource(Plan(total: 1), on: loop)
            let pool = RelayPool(configuration, on: loop, source: source, jitter: { 0 })
            let promise = loop.makePromise(of: Int.self)
            func look() {
                if !source.told.results.isEmpty, pool.connectionCounts.open == 0 { return promise.succeed(port) }
                loop.assumeIsolated().scheduleTask(in: .milliseconds(5)) { look() }
            }
            pool.wake()
            look()
            return promise.futureResult
        }.get()
        #expect(closed == port && relay.seen.verbs.last == "QUIT")
        try await relay.stop()
    }
}
