import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// How a scripted relay misbehaves.
enum Mischief: Sendable, Hashable {
    case none
    /// Closes the connection instead of answering this verb; `.` is the final dot.
    case drop(at: String)
    /// Answers this verb with this line.
    case answer(String, to: String)
    /// Says nothing more once it got this verb.
    case silent(at: String)
    /// Answers this verb one byte at a time.
    case trickle(at: String)
    /// Answers this verb with a line that does not end.
    case endlessLine(at: String)
    /// Answers this verb with lines that do not end.
    case endlessLines(at: String)
    /// Sends a reply in the clear behind the one to STARTTLS.
    case inject
    /// Answers this verb and reads nothing more.
    case deaf(at: String)
    /// Answers this verb, then resets the connection.
    case answerAndReset(at: String)
    /// Sends half of its answer to this verb and closes.
    case half(at: String)
    /// Answers this verb two times.
    case twice(at: String)
    /// Sends the answer to the final dot together with the one to DATA.
    case early
}

/// A relay that does what it is told, on its own event loop.
final class ScriptedRelay: Sendable {
    struct Options: Sendable {
        var mischief = Mischief.none
        /// How many connections are mischievous; the later ones behave.
        var mischiefCount = Int.max
        var extensions = ["PIPELINING", "ENHANCEDSTATUSCODES"]
        var tls: NIOSSLContext?
        var isImplicitTLS = false
        /// Messages that a connection takes; then it answers MAIL with 421.
        var messagesMax = Int.max
    }

    /// What all connections saw.
    struct Seen: Sendable {
        var connections = 0
        var messages: [String] = []
        var verbs: [String] = []
        /// Each read as it came.
        var reads: [String] = []
    }

    let options: Options
    private let channel: any Channel
    private let state: StateBox

    final class StateBox: Sendable {
        let seen = Mutex(Seen())
    }

    private init(_ options: Options, _ channel: any Channel, _ state: StateBox) {
        self.options = options
        self.channel = channel
        self.state = state
    }

    static func start(_ options: Options = Options(), on group: any EventLoopGroup) async throws -> ScriptedRelay {
        let state = StateBox()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = state.seen.withLock { seen in
                        seen.connections += 1
                        return seen.connections
                    }
                    var options = options
                    if number > options.mischiefCount { options.mischief = .none }
                    if options.isImplicitTLS, let tls = options.tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try channel.pipeline.syncOperations.addHandler(ScriptedConnection(options, state))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        return ScriptedRelay(options, channel, state)
    }

    var port: Int { self.channel.localAddress?.port ?? 0 }
    var seen: Seen { self.state.seen.withLock { $0 } }
    func stop() async throws { try await self.channel.close().get() }
}

private final class ScriptedConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let options: ScriptedRelay.Options
    private let state: ScriptedRelay.StateBox
    private var input = ""
    private var message: String?
    private var messages = 0
    private var isDumb = false
    private var isEncrypted: Bool

    init(_ options: ScriptedRelay.Options, _ state: ScriptedRelay.StateBox) {
        self.options = options
        self.state = state
        self.isEncrypted = options.isImplicitTLS
    }

    func channelActive(context: ChannelHandlerContext) { self.answer("220 scripted", to: "CONNECT", context) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let text = String(buffer: self.unwrapInboundIn(data))
        self.state.seen.withLock { $0.reads.append(text) }
        self.input += text
        var rest = self.input[...]
        while !self.isDumb, let end = rest.firstIndex(of: "\r\n") {
            let line = String(rest[..<end])
            rest = rest[rest.index(after: end)...]
            self.take(line, context)
        }
        self.input = String(rest)
    }

    private func take(_ line: String, _ context: ChannelHandlerContext) {
        if let message = self.message {
            guard line == "." else {
                self.message?.append(line)
                self.message?.append("\r\n")
                return
            }
            self.message = nil
            self.messages += 1
            self.state.seen.withLock { $0.messages.append(message) }
            return self.answer("250 2.0.0 taken", to: ".", context)
        }
        let verb = String(line.prefix { $0 != " " })
        self.state.seen.withLock { $0.verbs.append(verb) }
        switch verb {
        case "EHLO":
            let words = self.options.extensions + (self.options.tls != nil && !self.isEncrypted ? ["STARTTLS"] : [])
            self.answer(words.map { "250-\($0)\r\n" }.reduce("250-scripted\r\n", +) + "250 HELP", to: verb, context)
        case "STARTTLS": self.startTLS(context)
        case "AUTH":
            let isRight = line == "AUTH PLAIN AHVzZXIAc2VjcmV0"
            self.answer(isRight ? "235 2.7.0 ok" : "535 5.7.8 wrong", to: verb, context)
        case "DATA":
            self.answer("354 go", to: verb, context)
            if !self.isDumb { self.message = "" }
        case "MAIL" where self.messages >= self.options.messagesMax:
            self.isDumb = true
            self.write("421 4.7.0 enough for one connection\r\n", context)
            context.close(promise: nil)
        case "QUIT":
            self.answer("221 bye", to: verb, context)
            context.close(promise: nil)
        default: self.answer("250 ok", to: verb, context)
        }
    }

    private func startTLS(_ context: ChannelHandlerContext) {
        guard self.options.mischief != .inject else {
            self.isDumb = true
            return self.write("220 go\r\n250 injected\r\n", context)
        }
        self.answer("220 go", to: "STARTTLS", context)
        guard let tls = self.options.tls, !self.isDumb else { return }
        self.isEncrypted = true
        try? context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .first)
    }

    private func answer(_ line: String, to verb: String, _ context: ChannelHandlerContext) {
        switch self.options.mischief {
        case .drop(at: verb):
            self.isDumb = true
            context.close(promise: nil)
        case .answer(let other, to: verb):
            self.write(other + "\r\n", context)
            // What comes after a refusal of DATA or a 421 is not spoken of by these tests.
            if verb == "DATA" || other.hasPrefix("421") { self.isDumb = true }
        case .silent(at: verb): self.isDumb = true
        case .trickle(at: verb):
            self.isDumb = true
            self.trickle(context)
        case .endlessLine(at: verb):
            self.isDumb = true
            self.flood(ByteBuffer(repeating: 50, count: 65_536), left: 16_384, context)
        case .endlessLines(at: verb):
            self.isDumb = true
            self.flood(ByteBuffer(string: String(repeating: "250-more\r\n", count: 6_553)), left: 16_384, context)
        case .deaf(at: verb):
            self.isDumb = true
            self.write(line + "\r\n", context)
            context.channel.setOption(.autoRead, value: false).assumeIsolated().whenComplete { _ in }
        case .answerAndReset(at: verb):
            self.isDumb = true
            self.write(line + "\r\n", context)
            // Closing without lingering is what makes it a reset.
            let options = context.channel as? any SocketOptionProvider
            _ = options?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            context.close(promise: nil)
        case .half(at: verb):
            self.isDumb = true
            self.write(String(line.prefix(5)), context)
            context.close(promise: nil)
        case .twice(at: verb): self.write("\(line)\r\n\(line)\r\n", context)
        case .early where verb == "DATA": self.write("\(line)\r\n250 2.0.0 taken\r\n", context)
        default: self.write(line + "\r\n", context)
        }
    }

    private func trickle(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        self.write("2", context)
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(20)) { self.trickle(context) }
    }

    /// Writes a gigabyte, as fast as it is read.
    private func flood(_ piece: ByteBuffer, left: Int, _ context: ChannelHandlerContext) {
        guard left > 0, context.channel.isActive else { return }
        context.writeAndFlush(self.wrapOutboundOut(piece)).assumeIsolated().whenSuccess {
            self.flood(piece, left: left - 1, context)
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}
