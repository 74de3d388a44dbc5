import Glibc
import Mail
package import NIOCore
import NIOPosix

extension RelayPool {
    /// A pool whose channels come from somewhere else: from a simulated network.
    ///
    /// - Parameters:
    ///   - configuration: The relay.
    ///   - eventLoop: Tells the time, too.
    ///   - source: Where messages come from.
    ///   - jitter: Draws uniformly from `0..<1`.
    ///   - makeChannel: Begins to connect, and calls back once with a channel that is open, or with the reason in words.
    package convenience init(
        _ configuration: RelayConfiguration,
        on eventLoop: any EventLoop,
        source: any MessageSource,
        jitter: @escaping () -> Double,
        makeChannel: @escaping (RelayConfiguration, @escaping (Result<any Channel, DialProblem>) -> Void) -> Void
    ) {
        self.init(configuration, on: eventLoop, source: source, jitter: jitter) { pool, connection in
            makeChannel(pool.configuration) { result in
                switch result {
                case .success(let channel): pool.connected(connection, channel)
                case .failure(let problem):
                    connection.fail(problem.text)
                    pool.ended(connection)
                }
            }
        }
    }

    /// Makes a TCP connection for `connection` and puts both together.
    static func dialTCP(_ pool: RelayPool, _ connection: RelayConnection) {
        ClientBootstrap(group: pool.eventLoop)
            .connectTimeout(.relay(pool.configuration.timeouts.connectSeconds))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            // The relay speaks first: nothing is read before the handlers are in place.
            .channelOption(.autoRead, value: false)
            .connect(host: pool.configuration.host, port: pool.configuration.port)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel): pool.connected(connection, channel)
                case .failure(let error):
                    connection.fail(Self.describe(error, pool.configuration))
                    pool.ended(connection)
                }
            }
    }

    func connected(_ connection: RelayConnection, _ channel: any Channel) {
        do {
            let pipeline = channel.pipeline.syncOperations
            if self.configuration.implicitTLS { try pipeline.addHandler(try self.tls().handler()) }
            try pipeline.addHandler(connection)
            if self.configuration.implicitTLS { connection.awaitHandshake(try pipeline.context(handler: connection)) }
            try channel.syncOptions?.setOption(.autoRead, value: true)
        } catch {
            connection.fail("the connection cannot be set up: \(error)")
            channel.close(promise: nil)
            self.ended(connection)
        }
    }

    private static func describe(_ error: any Error, _ configuration: RelayConfiguration) -> String {
        guard let error = error as? NIOConnectionError else { return "cannot connect: \(error)" }
        guard let first = error.connectionErrors.first?.error else {
            return "cannot connect: no address found for \(configuration.host)"
        }
        if let system = first as? IOError {
            return "cannot connect: \(String(cString: strerror(system.errnoCode)).lowercased())"
        }
        if case ChannelError.connectTimeout(let limit)? = first as? ChannelError {
            return "cannot connect: no answer within \(limit.nanoseconds / 1_000_000_000) s"
        }
        return "cannot connect: \(first)"
    }
}

/// Why a connection could not be made.
package struct DialProblem: Error, Hashable {
    package let text: String

    package init(_ text: String) { self.text = text }
}
