package import NIOCore
import NIOPosix

/// What a sink does and keeps.
package struct SinkOptions: Sendable {
    /// Where it listens; an IP address.
    package var host = "127.0.0.1"
    /// 0 lets the system choose.
    package var port = 2525
    package var scenario = SinkScenario.accept
    /// The file that log lines are appended to; `nil` for none.
    package var logPath: String?
    /// A file descriptor that log lines are written to, when there is no path; the caller closes it.
    package var logDescriptor: Int32?
    /// The folder that whole messages are kept in, one file each, named by the number in the reply; `nil` for none.
    package var keepFolder: String?

    package init() {}
}

/// A sink that cannot start: what is wrong, and where.
package struct SinkError: Error, CustomStringConvertible {
    package let description: String
}

/// A relay to test against: takes messages by SMTP with a scenario's replies, counts and logs them, and delivers
/// nothing.
package final class SinkServer: Sendable {
    private let channel: any Channel
    private let desk: SinkDesk
    private let flushing: RepeatedTask

    private init(channel: any Channel, desk: SinkDesk) {
        self.channel = channel
        self.desk = desk
        // A log that is read while the sink runs is at most a second behind.
        self.flushing = channel.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            desk.log?.flush()
        }
    }

    /// Opens the log, makes the folder and listens.
    ///
    /// - Throws: ``SinkError``.
    package static func start(_ options: SinkOptions, on group: any EventLoopGroup) async throws -> SinkServer {
        let desk = try SinkDesk(options)
        do {
            let channel = try await ServerBootstrap(group: group)
                // Many workers come at once.
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(SinkConnection(desk: desk))
                    }
                }
                .bind(host: options.host, port: options.port)
                .get()
            return SinkServer(channel: channel, desk: desk)
        } catch {
            desk.log?.close()
            throw SinkError(description: "cannot listen on \(options.host):\(options.port): \(error)")
        }
    }

    /// The port it listens on.
    package var port: Int { self.channel.localAddress?.port ?? 0 }

    /// What it saw so far.
    package var tally: SinkTally { self.desk.tally }

    /// Stops listening, closes every connection, and writes the rest of the log.
    package func stop() async throws {
        self.flushing.cancel()
        try await self.channel.close().get()
        for connection in self.desk.open { try? await connection.close().get() }
        self.desk.log?.close()
    }
}
