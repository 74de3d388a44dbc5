import Mail
import NIOCore
import NIOPosix

extension RelayPool {
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
                    connection.fail(Self.describe(error))
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

    private static func describe(_ error: any Error) -> String {
        guard let error = error as? NIOConnectionError else { return "cannot connect: \(error)" }
        if let first = error.connectionErrors.first { return "cannot connect: \(first.error)" }
        return "cannot connect: no address found for \(error.host)"
    }
}
