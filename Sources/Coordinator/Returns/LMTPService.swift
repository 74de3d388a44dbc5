import Domain
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Telemetry
import UserFiles

/// Takes returned mail from the mail server of this machine.
struct LMTPService: Service {
    let listen: ListenAddress
    let desk: ReturnDesk
    let logger: Logger
    /// Told the port once it listens.
    var onListening: @Sendable (Int) -> Void = { _ in }

    /// Connections at once; a mail server opens one for each mail that it delivers at once, and waits with the others.
    static let connectionsMax = 50

    func run() async throws {
        let box = OpenCount()
        let desk = self.desk
        let channel = try await self.listening(box, desk)
        let port = channel.localAddress?.port ?? self.listen.port
        self.onListening(port)
        self.logger.event(
            .listening,
            "Listening for returned mail (LMTP) on \(self.listen.host):\(port)",
            [.listen: .string("\(self.listen.host):\(port)")]
        )
        // Also when another service failed: the process must not wait for this one then.
        await withTaskCancellationOrGracefulShutdownHandler {
            try? await channel.closeFuture.get()
        } onCancelOrGracefulShutdown: {
            channel.close(promise: nil)
        }
    }

    private func listening(_ box: OpenCount, _ desk: ReturnDesk) async throws -> any NIOCore.Channel {
        do {
            return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 64)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard box.enter() else { throw ChannelError.operationUnsupported }
                        try channel.pipeline.syncOperations.addHandler(LMTPConnection(desk: desk) { box.leave() })
                    }
                }
                .bind(host: self.listen.host, port: self.listen.port)
                .get()
        } catch {
            throw StartProblem(text: "returns.listen: cannot listen on \(self.listen): \(error)")
        }
    }
}

/// How many connections are open.
private final class OpenCount: Sendable {
    private let count = Mutex(0)

    /// - Returns: Whether there is room for one more.
    func enter() -> Bool {
        self.count.withLock { count in
            guard count < LMTPService.connectionsMax else { return false }
            count += 1
            return true
        }
    }

    func leave() { self.count.withLock { $0 -= 1 } }
}
