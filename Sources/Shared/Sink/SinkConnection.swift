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

    let desk: SinkDesk
    var input = ByteBuffer()
    var output = ByteBuffer()
    var greeted = false
    var sender: [UInt8]?
    var recipients: [SinkRecipient] = []
    var scanner: SinkScanner?
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

    func close(_ context: ChannelHandlerContext) {
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

    // MARK: Replies

    func slow(_ stage: SinkScenario.Stage) -> Int? {
        self.recipients.lazy.compactMap { $0.verdict.slowMilliseconds[stage] }.max()
    }

    /// Answers, or closes without an answer.
    func answer(_ reply: [UInt8]?, _ context: ChannelHandlerContext) {
        guard let reply else { return self.close(context) }
        self.output.writeBytes(reply)
        self.output.writeStaticString("\r\n")
        // Whoever says 421 hangs up.
        if reply.starts(with: [52, 50, 49]) { self.close(context) }
    }

    /// Does it now, or after the delay, with everything that comes meanwhile waiting.
    func after(_ milliseconds: Int?, _ context: ChannelHandlerContext, _ action: @escaping () -> Void) {
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
