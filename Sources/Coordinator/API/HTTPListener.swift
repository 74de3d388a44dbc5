import Hummingbird
import Logging
import NIOCore

/// What both HTTP servers have in common: routes that listen on an address, within bounds.
struct HTTPListener {
    /// An address and port to listen on; port 0 lets the system choose.
    struct Address: Hashable, Sendable {
        var host: String
        var port: Int
    }

    /// What a peer may take.
    struct Bounds: Sendable {
        /// A connection that sends nothing for this long while we wait for it is closed.
        var idleTimeout: TimeAmount
        /// Of a request's headers, each and all together.
        var headerBytesMax: Int
    }

    /// More header fields than any client sends.
    static let headerCountMax = 100

    let responder: RouterResponder<APIContext>
    let address: Address
    let bounds: Bounds
    let logger: Logger
    /// Called once with the port, when connections are taken.
    let onListening: @Sendable (_ port: Int) async -> Void

    /// The application: to run, or for tests that bring their own server.
    func application() -> Application<RouterResponder<APIContext>> {
        var quiet = self.logger
        // The library's line about listening says nothing that `event=ready` does not.
        quiet.logLevel = max(self.logger.logLevel, .notice)
        return Application(
            responder: self.responder,
            server: .http1(
                configuration: .init(
                    idleTimeout: self.bounds.idleTimeout,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: self.bounds.headerBytesMax,
                        maxHeaderListSize: self.bounds.headerBytesMax,
                        maxHeaderFieldCount: Self.headerCountMax
                    )
                )
            ),
            configuration: ApplicationConfiguration(address: .hostname(self.address.host, port: self.address.port)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: quiet
        )
    }
}
