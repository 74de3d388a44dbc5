import NIOCore

/// One connection of a sink: ESMTP with PIPELINING, strict about what it is sent (RFC 5321).
///
/// Replies to all commands of one read leave in one write.
final class SinkConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Longest command line: RFC 5321 section 4.5.3.1.4 asks for 512, extensions add to it.
    static let commandBytesMax = 2_048
    /// Largest message, as said in the answer to EHLO.
    static let messageBytesMax = 52_428_800
    /// Most recipients of one message (RFC 5321 section 4.5.3.1.8 asks for at least 100).
    static let recipientsMax = 1_000
    /// A client may be silent for this long (RFC 5321 section 4.5.3.2.7).
    private static let idle = TimeAmount.minutes(5)

    private let desk: SinkDesk
    private var input = ByteBuffer()
    private var output = ByteBuffer()
    private var greeted = false
    private var sender: [UInt8]?
    private var recipients: [SinkRecipient] = []
    private var scanner: SinkScanner?
    /// Whether a delayed reply is still to be sent; what comes meanwhile waits.
    private var isPaused = false
    private var isClosing = false
    private var lastRead = NIODeadline.now()

    init(desk: SinkDesk) { self.desk = desk }

    // MARK: Channel

    func channelActive(context: ChannelHandlerContext) {
        guard self.desk.opened(context.channel) else {
            self.output.writeStaticString("421 4.3.2 Too many connections\r\n")
            return self.close(context)
        }
        self.output.writeStaticString("220 sink.example ESMTP Postrider sink\r\n")
        self.flush(context)
        self.watch(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosing = true
        self.desk.closed(context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.lastRead = .now()
        if self.input.readableBytes == 0 { self.input = bytes } else { self.input.writeBuffer(&bytes) }
        self.process(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) { self.flush(context) }

    private func process(_ context: ChannelHandlerContext) {
        while !self.isPaused, !self.isClosing {
            let isDone = self.scanner == nil ? self.readCommand(context) : self.readMessage(context)
            if isDone { break }
        }
        if self.input.readableBytes == 0 { self.input.clear() } else { self.input.discardReadBytes() }
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard self.output.readableBytes > 0 else { return }
        context.writeAndFlush(self.wrapOutboundOut(self.output), promise: nil)
        self.output.clear()
    }

    private func close(_ context: ChannelHandlerContext) {
        self.isClosing = true
        self.flush(context)
        context.close(promise: nil)
    }

    private func watch(_ context: ChannelHandlerContext) {
        // Four looks in the time that a client may be silent.
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(75)) {
            guard !self.isClosing else { return }
            guard .now() - self.lastRead < Self.idle || self.isPaused else {
                self.output.writeStaticString("421 4.4.2 Timed out waiting for you\r\n")
                return self.close(context)
            }
            self.watch(context)
        }
    }

    // MARK: Commands

    /// - Returns: Whether there is no complete command.
    private func readCommand(_ context: ChannelHandlerContext) -> Bool {
        let view = self.input.readableBytesView
        guard let end = view.firstIndex(of: 10) else {
            guard view.count > Self.commandBytesMax else { return true }
            self.output.writeStaticString("500 5.5.6 Line too long\r\n")
            self.close(context)
            return true
        }
        let length = end - view.startIndex + 1
        guard let line = self.input.readBytes(length: length) else { return true }
        guard length <= Self.commandBytesMax else {
            self.output.writeStaticString("500 5.5.6 Line too long\r\n")
            return false
        }
        guard length >= 2, line[length - 2] == 13 else {
            self.output.writeStaticString("500 5.5.2 Lines end with CR LF\r\n")
            return false
        }
        self.obey(line[..<(length - 2)], context)
        return false
    }

    private func obey(_ line: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
        var verb: UInt32 = 0
        for byte in line.prefix(4) { verb = verb << 8 | UInt32(byte & 0xDF) }
        guard line.count == 4 || (line.count > 4 && (line[4] == 32 || line[4] == 58)) else {
            return self.unknown()
        }
        switch verb {
        case 0x4548_4C4F: self.hello(extended: true)  // EHLO
        case 0x4845_4C4F: self.hello(extended: false)  // HELO
        case 0x4D41_494C: self.mail(line)  // MAIL
        case 0x5243_5054: self.recipient(line, context)  // RCPT
        case 0x4441_5441: self.data(context)  // DATA
        case 0x5253_4554:  // RSET
            self.forget()
            self.output.writeStaticString("250 2.0.0 Ok\r\n")
        case 0x4E4F_4F50: self.output.writeStaticString("250 2.0.0 Ok\r\n")  // NOOP
        case 0x5652_4659: self.output.writeStaticString("252 2.1.5 Send mail and see\r\n")  // VRFY
        case 0x5155_4954:  // QUIT
            self.output.writeStaticString("221 2.0.0 Bye\r\n")
            self.close(context)
        default: self.unknown()
        }
    }

    private func unknown() { self.output.writeStaticString("500 5.5.2 Command not recognised\r\n") }

    private func forget() {
        self.sender = nil
        self.recipients.removeAll(keepingCapacity: true)
    }

    private func hello(extended: Bool) {
        self.forget()
        self.greeted = true
        guard extended else {
            _ = self.output.writeStaticString("250 sink.example\r\n")
            return
        }
        self.output.writeStaticString("250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 52428800\r\n")
        self.output.writeStaticString("250 ENHANCEDSTATUSCODES\r\n")
    }

    private func mail(_ line: ArraySlice<UInt8>) {
        guard self.greeted else {
            _ = self.output.writeStaticString("503 5.5.1 Say EHLO first\r\n")
            return
        }
        guard self.sender == nil else {
            _ = self.output.writeStaticString("503 5.5.1 Nested MAIL\r\n")
            return
        }
        guard let path = SinkPath(line, after: "MAIL FROM:") else {
            _ = self.output.writeStaticString("501 5.5.4 Syntax: MAIL FROM:<address>\r\n")
            return
        }
        guard path.sizeParameter <= Self.messageBytesMax else {
            _ = self.output.writeStaticString("552 5.3.4 Message too large\r\n")
            return
        }
        self.sender = path.address
        self.output.writeStaticString("250 2.1.0 Ok\r\n")
    }

    private func recipient(_ line: ArraySlice<UInt8>, _ context: ChannelHandlerContext) {
        guard let sender = self.sender else {
            _ = self.output.writeStaticString("503 5.5.1 Say MAIL first\r\n")
            return
        }
        guard let path = SinkPath(line, after: "RCPT TO:"), path.address.contains(64) else {
            _ = self.output.writeStaticString("501 5.1.3 Syntax: RCPT TO:<local@domain>\r\n")
            return
        }
        guard self.recipients.count < Self.recipientsMax else {
            _ = self.output.writeStaticString("452 4.5.3 Too many recipients\r\n")
            return
        }
        let lowered = path.address.map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 }
        let hash = SinkHash.of(lowered)
        let verdict = self.desk.verdict(for: lowered, hash: hash)
        let recipient = SinkRecipient(address: path.address, hash: hash, verdict: verdict)
        self.after(verdict.slowMilliseconds[.recipient], context) {
            guard verdict.stage == .recipient else {
                self.recipients.append(recipient)
                self.output.writeStaticString("250 2.1.5 Ok\r\n")
                return
            }
            self.desk.settled(recipient, from: sender, size: 0, reply: verdict.reply ?? [], messageID: [])
            self.answer(verdict.reply, context)
        }
    }

    private func data(_ context: ChannelHandlerContext) {
        guard let sender = self.sender else {
            _ = self.output.writeStaticString("503 5.5.1 Say MAIL first\r\n")
            return
        }
        guard !self.recipients.isEmpty else {
            _ = self.output.writeStaticString("554 5.5.1 No valid recipients\r\n")
            return
        }
        self.after(self.slow(.data), context) {
            if let verdict = self.recipients.first(where: { $0.verdict.stage == .data })?.verdict {
                for recipient in self.recipients {
                    self.desk.settled(recipient, from: sender, size: 0, reply: verdict.reply ?? [], messageID: [])
                }
                self.forget()
                return self.answer(verdict.reply, context)
            }
            self.scanner = SinkScanner(
                wantsMessageID: self.desk.log != nil,
                keepsContent: self.desk.keepFolder != nil,
                contentMax: Self.messageBytesMax
            )
            self.output.writeStaticString("354 End with CR LF . CR LF\r\n")
        }
    }

    // MARK: Message

    /// - Returns: Whether the message goes on.
    private func readMessage(_ context: ChannelHandlerContext) -> Bool {
        let isEnded = self.input.readWithUnsafeReadableBytes { bytes in
            var offset = 0
            let isEnded = self.scanner?.consume(bytes, from: &offset) ?? true
            return (offset, isEnded)
        }
        guard isEnded, let scanner = self.scanner else { return !isEnded }
        self.scanner = nil
        self.after(self.slow(.message), context) { self.finish(scanner, context) }
        return false
    }

    private func finish(_ scanner: SinkScanner, _ context: ChannelHandlerContext) {
        let reply = self.verdict(on: scanner)
        for recipient in self.recipients {
            self.desk.settled(
                recipient,
                from: self.sender ?? [],
                size: scanner.size,
                reply: reply ?? [],
                messageID: scanner.messageID
            )
        }
        self.forget()
        self.answer(reply, context)
    }

    /// The reply to the final dot; `nil` drops the connection.
    private func verdict(on scanner: SinkScanner) -> [UInt8]? {
        if scanner.hasBareLineEnd { return Array("550 5.6.0 Bare CR or LF in the message".utf8) }
        if scanner.size > Self.messageBytesMax { return Array("552 5.3.4 Message too large".utf8) }
        if let verdict = self.recipients.first(where: { $0.verdict.stage == .message })?.verdict {
            return verdict.reply
        }
        let number = self.desk.nextMessage()
        if self.desk.keepFolder != nil { self.desk.keep(scanner.content, number: number) }
        var reply = Array("250 2.0.0 Ok: queued as ".utf8)
        reply.append(contentsOf: String(number).utf8)
        return reply
    }

    // MARK: Replies

    private func slow(_ stage: SinkScenario.Stage) -> Int? {
        self.recipients.lazy.compactMap { $0.verdict.slowMilliseconds[stage] }.max()
    }

    /// - Parameter reply: `nil` closes without an answer.
    private func answer(_ reply: [UInt8]?, _ context: ChannelHandlerContext) {
        guard let reply else { return self.close(context) }
        self.output.writeBytes(reply)
        self.output.writeStaticString("\r\n")
        // Whoever says 421 hangs up.
        if reply.starts(with: [52, 50, 49]) { self.close(context) }
    }

    /// Does it now, or after the delay, with everything that comes meanwhile waiting.
    private func after(_ milliseconds: Int?, _ context: ChannelHandlerContext, _ action: @escaping () -> Void) {
        guard let milliseconds else { return action() }
        self.isPaused = true
        self.flush(context)
        self.setReading(false, context)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) {
            guard !self.isClosing else { return }
            self.isPaused = false
            action()
            self.process(context)
            self.flush(context)
            if !self.isPaused { self.setReading(true, context) }
        }
    }

    private func setReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        // Fails on a closed channel only, and then nothing is read anyway.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }
}

/// The path of a MAIL or RCPT command and the size that it announces.
struct SinkPath {
    let address: [UInt8]
    let sizeParameter: Int

    /// - Parameter verb: Upper case, with its colon.
    init?(_ line: ArraySlice<UInt8>, after verb: StaticString) {
        let name = UnsafeBufferPointer(start: verb.utf8Start, count: verb.utf8CodeUnitCount)
        guard line.count > name.count, zip(line, name).allSatisfy({ ($0 >= 97 && $0 <= 122 ? $0 & 0xDF : $0) == $1 })
        else { return nil }
        let rest = line.dropFirst(name.count).drop { $0 == 32 }
        guard rest.first == 60, let end = rest.firstIndex(of: 62) else { return nil }
        let address = rest[(rest.startIndex + 1)..<end]
        guard address.count <= 254, address.allSatisfy({ $0 > 32 && $0 != 127 && $0 != 60 }) else { return nil }
        self.address = Array(address)
        var size = 0
        for word in rest[(end + 1)...].split(separator: 32) {
            let text = String(decoding: word, as: UTF8.self).uppercased()
            guard text.hasPrefix("SIZE=") else { continue }
            guard let value = Int(text.dropFirst(5)), value >= 0 else { return nil }
            size = value
        }
        self.sizeParameter = size
    }
}
