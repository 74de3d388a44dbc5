import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Telemetry

/// The operators' HTTP API: docs/api.md in front of ``Operations``.
///
/// Run it in a `ServiceGroup`: graceful shutdown stops listening, lets requests under way finish and closes idle connections.
struct APIServer: Service {
    /// An address and port to listen on; port 0 lets the system choose.
    struct Listen: Hashable, Sendable {
        var host: String
        var port: Int
    }

    /// A connection that sends nothing for this long while we wait for it is closed.
    static let idleTimeout = TimeAmount.seconds(120)
    /// Bound of a request's headers.
    static let headerBytesMax = 32 << 10

    /// What is served.
    let table = RouteTable()
    private let responder: RouterResponder<APIContext>
    private let listen: Listen
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void

    /// Makes the server; ``run()`` begins to listen.
    ///
    /// - Parameters:
    ///   - operations: What requests ask of.
    ///   - tokens: Who may ask.
    ///   - metrics: What `/metrics` shows; the API's own are added.
    ///   - listen: Where to listen.
    ///   - hostNames: Names under which the API is reached, besides addresses and `localhost`.
    ///   - logger: For requests and faults.
    ///   - onListening: Called once with the port, when connections are taken.
    init(
        operations: some Operations,
        tokens: Tokens,
        metrics: MetricsRegistry,
        listen: Listen,
        hostNames: [String] = [],
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        let router = Router(context: APIContext.self)
        router.add(middleware: RequestRecord(metrics: metrics, table: self.table, logger: logger))
        router.add(middleware: RequestGate(hosts: HostRule(names: hostNames)))
        Routes(operations: operations, tokens: tokens, metrics: metrics, table: self.table).add(to: router)
        self.responder = router.buildResponder()
        self.listen = listen
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until the task is cancelled or the service group shuts down.
    ///
    /// - Throws: What listening failed with: the address is taken, or not ours.
    func run() async throws { try await self.application().run() }

    /// The application, for tests that bring their own server.
    func application() -> Application<RouterResponder<APIContext>> {
        var quiet = self.logger
        // The library's line about listening says nothing that `event=ready` does not.
        quiet.logLevel = max(self.logger.logLevel, .notice)
        return Application(
            responder: self.responder,
            server: .http1(
                configuration: .init(
                    idleTimeout: Self.idleTimeout,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: Self.headerBytesMax,
                        maxHeaderListSize: Self.headerBytesMax,
                        maxHeaderFieldCount: 100
                    )
                )
            ),
            configuration: ApplicationConfiguration(address: .hostname(self.listen.host, port: self.listen.port)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: quiet
        )
    }
}
