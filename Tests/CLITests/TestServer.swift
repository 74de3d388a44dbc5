import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP server on loopback whose answers a test decides.
final class TestServer: Sendable {
    struct Request: Sendable {
        var head: HTTPRequestHead
        var body: [UInt8] = []

        var line: String { "\(self.head.method.rawValue) \(self.head.uri)" }
    }

    struct Answer: Sendable {
        var status = HTTPResponseStatus.ok
        var chunks: [String] = []
        /// Answers at the head of the request and closes, without reading its body.
        var isHasty = false
        /// Closes without a word.
        var isSilent = false

        static func json(_ text: String, _ status: HTTPResponseStatus = .ok) -> Answer {
            Answer(status: status, chunks: [text])
        }
    }

    private let channel: any Channel
    private let seen: Seen

    private final class Seen: Sendable {
        let requests = Mutex<[Request]>([])
        let heads = Mutex<[HTTPRequestHead]>([])
    }

    private init(channel: any Channel, seen: Seen) {
        self.channel = channel
        self.seen = seen
    }

    /// What was asked, in order.
    var requests: [Request] { self.seen.requests.withLock { $0 } }

    /// Heads of all requests, also of those that got no answer.
    var heads: [HTTPRequestHead] { self.seen.heads.withLock { $0 } }

    var base: String { "http://127.0.0.1:\(self.channel.localAddress?.port ?? 0)" }

    /// Runs `body` against a server that answers with `answer`.
    static func with<Value>(
        _ answer: @escaping @Sendable (Request) -> Answer,
        _ body: (TestServer) async throws -> Value
    ) async throws -> Value {
        let seen = Seen()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Handler(
                            answer: answer,
                            head: { head in seen.heads.withLock { $0.append(head) } },
                            note: { request in seen.requests.withLock { $0.append(request) } }
                        )
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        let server = TestServer(channel: channel, seen: seen)
        do {
            let value = try await body(server)
            try await channel.close()
            return value
        } catch {
            try await channel.close()
            throw error
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answer: @Sendable (Request) -> Answer
        private let head: @Sendable (HTTPRequestHead) -> Void
        private let note: @Sendable (Request) -> Void
        private var request: Request?

        init(
            answer: @escaping @Sendable (Request) -> Answer,
            head: @escaping @Sendable (HTTPRequestHead) -> Void,
            note: @escaping @Sendable (Request) -> Void
        ) {
            self.answer = answer
            self.head = head
            self.note = note
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch self.unwrapInboundIn(data) {
            case .head(let head):
                self.head(head)
                let request = Request(head: head)
                let answer = self.answer(request)
                if answer.isSilent {
                    context.close(promise: nil)
                } else if answer.isHasty {
                    self.note(request)
                    self.send(answer, context)
                } else {
                    self.request = request
                }
            case .body(let bytes): self.request?.body += bytes.readableBytesView
            case .end:
                guard let request = self.request else { return }
                self.note(request)
                self.send(self.answer(request), context)
            }
        }

        private func send(_ answer: Answer, _ context: ChannelHandlerContext) {
            let head = HTTPResponseHead(version: .http1_1, status: answer.status)
            context.write(self.wrapOutboundOut(.head(head)), promise: nil)
            for chunk in answer.chunks {
                context.writeAndFlush(self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: chunk)))), promise: nil)
            }
            let sent = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
            // Otherwise the client ends the connection: it may still be finding out that its file has no more bytes when
            // the last announced one was answered, and a connection that closes then is broken in its eyes.
            guard answer.isHasty else { return }
            let channel = context.channel
            sent.whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
