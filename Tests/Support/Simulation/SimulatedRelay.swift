import Domain

/// One relay as the world knows it: what it took, and how it behaves.
final class SimulatedRelay {
    /// How messages fare, in thousandths.
    struct Manners {
        var refusesConnection = 0
        var busyGreeting = 0
        var dropsAnywhere = 0
        var closes421 = 0
        var refusesSender = 0
        var defersRecipient = 0
        var bouncesRecipient = 0
        var refusesData = 0
        var defersMessage = 0
        var bouncesMessage = 0
        var dropsAfterDotUntaken = 0
        var dropsAfterDotTaken = 0
        var closesAfterReply = 0
        var isSlow = 0
        /// Longest a slow reply takes, in milliseconds.
        var slowMilliseconds: Int64 = 20_000
    }

    let name: String
    let port: Int
    let offersPipelining: Bool
    var manners = Manners()
    /// Connections are refused until then.
    var downUntil: Int64 = 0

    init(name: String, port: Int, offersPipelining: Bool) {
        self.name = name
        self.port = port
        self.offersPipelining = offersPipelining
    }
}

/// One connection as the relay sees it: SMTP by the letter, with the relay's manners.
struct RelayDialogue {
    /// What the relay does about what it read.
    enum Act {
        case reply([UInt8], after: Int64)
        /// The whole message was read: it belongs to the relay when `taken`.
        case message(Envelope, taken: Bool)
        case close(after: Int64)
    }

    /// As it came over this connection.
    struct Envelope {
        var sender: String
        var recipient: String
    }

    private enum Phase {
        case command
        case content
        case closed
    }

    private var phase = Phase.command
    private var line: [UInt8] = []
    private var sender: String?
    private var recipient: String?
    /// The last bytes of the content, to find its end.
    private var tail: [UInt8] = [13, 10]
    private let offersPipelining: Bool

    init(offersPipelining: Bool) { self.offersPipelining = offersPipelining }

    var isClosed: Bool {
        if case .closed = self.phase { true } else { false }
    }

    mutating func greet(_ manners: SimulatedRelay.Manners, _ random: inout SplitMix64) -> [Act] {
        if random.chance(manners.busyGreeting) {
            self.phase = .closed
            return [.reply(Array("421 4.3.2 too busy\r\n".utf8), after: 1), .close(after: 2)]
        }
        return [.reply(Array("220 relay.example ESMTP\r\n".utf8), after: 1)]
    }

    /// Reads what came; what it does is decided here and now.
    mutating func read(
        _ bytes: [UInt8],
        _ manners: SimulatedRelay.Manners,
        _ random: inout SplitMix64
    ) -> [Act] {
        var acts: [Act] = []
        for byte in bytes {
            switch self.phase {
            case .closed: return acts
            case .content:
                self.tail.append(byte)
                if self.tail.count > 5 { self.tail.removeFirst() }
                guard self.tail == [13, 10, 46, 13, 10] else { continue }
                self.phase = .command
                self.end(manners, &random, &acts)
            case .command:
                self.line.append(byte)
                guard byte == 10 else { continue }
                let line = String(decoding: self.line.dropLast(2), as: UTF8.self)
                self.line.removeAll(keepingCapacity: true)
                self.command(line, manners, &random, &acts)
            }
        }
        return acts
    }

    private mutating func command(
        _ line: String,
        _ manners: SimulatedRelay.Manners,
        _ random: inout SplitMix64,
        _ acts: inout [Act]
    ) {
        if random.chance(manners.dropsAnywhere) { return self.close(&acts) }
        if random.chance(manners.closes421) {
            acts.append(.reply(Array("421 4.3.2 closing\r\n".utf8), after: 1))
            return self.close(&acts)
        }
        let pause = Self.pause(manners, &random)
        func reply(_ text: String) { acts.append(.reply(Array("\(text)\r\n".utf8), after: pause)) }
        let verb = line.prefix(4).uppercased()
        switch verb {
        case "EHLO":
            reply(self.offersPipelining ? "250-relay.example\r\n250-PIPELINING\r\n250 8BITMIME" : "250 relay.example")
        case "HELO": reply("250 relay.example")
        case "MAIL":
            if random.chance(manners.refusesSender) { return reply("451 4.3.0 not now") }
            self.sender = Self.address(line)
            reply("250 2.1.0 ok")
        case "RCPT":
            let address = Self.address(line)
            if self.sender == nil { return reply("503 5.5.1 MAIL first") }
            if address.hasPrefix("bad") { return reply("550 5.1.1 no such mailbox") }
            if random.chance(manners.bouncesRecipient) { return reply("550 5.1.1 no such mailbox") }
            if random.chance(manners.defersRecipient) { return reply("450 4.2.1 mailbox busy") }
            self.recipient = address
            reply("250 2.1.5 ok")
        case "DATA":
            guard self.sender != nil, self.recipient != nil else { return reply("503 5.5.1 RCPT first") }
            if random.chance(manners.refusesData) { return reply("451 4.3.1 no space") }
            self.phase = .content
            self.tail = [13, 10]
            reply("354 go ahead")
        case "RSET":
            (self.sender, self.recipient) = (nil, nil)
            reply("250 2.0.0 ok")
        case "QUIT":
            reply("221 2.0.0 bye")
            self.close(&acts, after: pause + 1)
        default: reply("500 5.5.2 what")
        }
    }

    private mutating func end(
        _ manners: SimulatedRelay.Manners,
        _ random: inout SplitMix64,
        _ acts: inout [Act]
    ) {
        let envelope = Envelope(sender: self.sender ?? "", recipient: self.recipient ?? "")
        (self.sender, self.recipient) = (nil, nil)
        let pause = Self.pause(manners, &random)
        func reply(_ text: String) { acts.append(.reply(Array("\(text)\r\n".utf8), after: pause)) }
        if random.chance(manners.dropsAfterDotUntaken) {
            acts.append(.message(envelope, taken: false))
            return self.close(&acts, after: pause)
        }
        if random.chance(manners.dropsAfterDotTaken) {
            acts.append(.message(envelope, taken: true))
            return self.close(&acts, after: pause)
        }
        if random.chance(manners.defersMessage) {
            acts.append(.message(envelope, taken: false))
            return reply(
                random.pick(["451 4.7.1 slow down, try again in 2 seconds", "452 4.3.1 full", "450 4.2.0 later"])
            )
        }
        if random.chance(manners.bouncesMessage) {
            acts.append(.message(envelope, taken: false))
            return reply(random.pick(["554 5.7.1 policy", "550 5.2.1 disabled", "554 5.0.0 no"]))
        }
        acts.append(.message(envelope, taken: true))
        reply("250 2.0.0 queued")
        if random.chance(manners.closesAfterReply) { self.close(&acts, after: pause + 1) }
    }

    private static func pause(_ manners: SimulatedRelay.Manners, _ random: inout SplitMix64) -> Int64 {
        random.chance(manners.isSlow) ? random.time(1_000...max(1_001, manners.slowMilliseconds)) : random.time(0...3)
    }

    private mutating func close(_ acts: inout [Act], after pause: Int64 = 1) {
        self.phase = .closed
        acts.append(.close(after: pause))
    }

    private static func address(_ line: String) -> String {
        guard let open = line.firstIndex(of: "<"), let end = line.firstIndex(of: ">"), open < end else { return "" }
        return String(line[line.index(after: open)..<end])
    }
}
