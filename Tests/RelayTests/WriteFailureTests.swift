import Mail
import NIOCore
import NIOPosix
import Testing

@testable import Relay

@Suite("A write that fails", .timeLimit(.minutes(10)))
struct WriteFailureTests {
    /// Closes the channel from inside the write of a final dot, as happens when the write meets a reset.
    private final class ClosingWriter: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            guard String(buffer: self.unwrapOutboundIn(data)).contains("\r\n.\r\n") else {
                return context.write(data, promise: promise)
            }
            promise?.fail(ChannelError.ioOnClosedChannel)
            context.close(promise: nil)
        }
    }

    @Test("a message whose dot meets a closed connection is in doubt, and neither it nor the connection is forgotten")
    func closedByWrite() async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let relay = try await ScriptedRelay.start(on: loop)
        let port = relay.port
        let (told, open) = try await loop.flatSubmit { () -> EventLoopFuture<(Told, Int)> in
            let source = TestSource(Plan(total: 3), on: loop)
            let pool = RelayPool(.local(port), on: loop, source: source, jitter: { 0 }) { relay, done in
                ClientBootstrap(group: loop)
                    .channelOption(.autoRead, value: false)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(ClosingWriter())
                        }
                    }
                    .connect(host: relay.host, port: relay.port)
                    .assumeIsolated()
                    .whenComplete { done($0.mapError { DialProblem("\($0)") }) }
            }
            pool.wake()
            return source.finished.futureResult.assumeIsolated().map { (source.told, pool.connectionCounts.open) }
                .nonisolated()
        }.get()
        for id in UInt64(1)...3 {
            // The next envelope went out with the dot of the one before, and comes back.
            #expect(told.short(id).last == "noReply" && told.short(id).dropLast().allSatisfy { $0 == "notBegun" })
        }
        #expect(open <= 1 && relay.seen.messages.isEmpty)
        try await relay.stop()
    }
}
