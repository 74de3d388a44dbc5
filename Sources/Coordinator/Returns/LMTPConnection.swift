import Domain
import NIOCore
import Signing

/// One connection of the mail server of this machine.
///
/// Belongs to its event loop.
final class LMTPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A client may be silent for this long (RFC 5321 section 4.5.3.2.7).
    private static let idle = TimeAmount.minutes(5)
    /// A connection that is older is closed between two messages, and one that trickles in the middle of one.
    private static let age = TimeAmount.minutes(30)

    private let desk: ReturnDesk
    private var dialogue: LMTPDialogue
    /// What came while a mail was being delivered; bounded by what is read at once, since reading stops then.
    private var input: [UInt8] = []
    private var lastRead = NIODeadline.now()
    private let opened = NIODeadline.now()
    private var isClosing = false
    private let onClose: () -> Void

    init(desk: ReturnDesk, onClose: @escaping () -> Void) {
        self.desk = desk
        self.onClose = onClose
        self.dialogue = LMTPDialogue { address in
            switch desk.look(at: address) {
            case .target(let target): .take(target)
            // Where complaints go, for one; the mail itself has to show what it is about.
            case .other: .take(nil)
            case .forged: .refuse
            }
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.write("220 returns LMTP Postrider", context)
        self.watch(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosing = true
        self.onClose()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.lastRead = .now()
        self.input += Array(buffer: self.unwrapInboundIn(data))
        self.proceed(context)
    }

    private func proceed(_ context: ChannelHandlerContext) {
        guard !self.isClosing, !self.dialogue.isWaiting else { return }
        var rest = self.input[...]
        while let action = self.dialogue.next(&rest) {
            switch action {
            case .reply(let text): self.write(text, context)
            case .close:
                self.write("221 2.0.0 Bye", context)
                return self.close(context)
            case .deliver(let mail, let recipients):
                self.deliver(mail, to: recipients, context)
            }
        }
        self.input = Array(rest)
        context.flush()
    }

    /// Delivers to one recipient after the other, then answers for each.
    private func deliver(_ mail: [UInt8], to recipients: [LMTPDialogue.Recipient], _ context: ChannelHandlerContext) {
        self.setReading(false, context)
        let desk = self.desk
        let promise = context.eventLoop.makePromise(of: [String].self)
        promise.completeWithTask {
            var replies: [String] = []
            for recipient in recipients {
                replies.append(Self.reply(await desk.take(mail, envelope: recipient.target)))
            }
            return replies
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenSuccess { replies in
            let (connection, context) = bound.value
            connection.delivered(replies, context)
        }
    }

    private func delivered(_ replies: [String], _ context: ChannelHandlerContext) {
        guard !self.isClosing else { return }
        if case .reply(let text) = self.dialogue.answered(replies) { self.write(text, context) }
        context.flush()
        self.setReading(true, context)
        self.proceed(context)
    }

    private static func reply(_ answer: ReturnDesk.Answer) -> String {
        switch answer {
        case .taken, .ignored: "250 2.0.0 Taken"
        case .refused: "550 5.7.1 This notice names no message of ours"
        case .later: "451 4.3.0 Bring it again later"
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: "\(text)\r\n")), promise: nil)
    }

    private func close(_ context: ChannelHandlerContext) {
        self.isClosing = true
        context.close(promise: nil)
    }

    private func setReading(_ isOn: Bool, _ context: ChannelHandlerContext) {
        // Fails on a closed channel only, and then nothing is read anyway.
        try? context.channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    private func watch(_ context: ChannelHandlerContext) {
        // Some looks in the time that a client may be silent.
        context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(60)) {
            guard !self.isClosing else { return }
            let now = NIODeadline.now()
            let isStale = now - self.lastRead > Self.idle || now - self.opened > Self.age
            if isStale, !self.dialogue.isWaiting {
                self.write("421 4.4.2 Timed out", context)
                return self.close(context)
            }
            self.watch(context)
        }
    }
}
