import Hummingbird
import Logging
import ServiceLifecycle
import Telemetry

/// The operators' HTTP API: docs/api.md in front of ``Operations``.
///
/// Run it in a `ServiceGroup`: graceful shutdown stops listening, lets requests under way finish and closes idle connections.
struct APIServer: Service {
    /// Operators' commands keep a connection open between their requests.
    static let bounds = HTTPListener.Bounds(idleTimeout: .seconds(120), headerBytesMax: 32 << 10)

    /// What is served.
    let table = RouteTable()
    private let listener: HTTPListener

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
        listen: HTTPListener.Address,
        hostNames: [String] = [],
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        let router = Router(context: APIContext.self)
        router.add(middleware: RequestRecord(metrics: metrics, table: self.table, logger: logger))
        router.add(middleware: RequestGate(hosts: HostRule(names: hostNames)))
        Routes(operations: operations, tokens: tokens, metrics: metrics, table: self.table).add(to: router)
        self.listener = HTTPListener(
            responder: router.buildResponder(),
            address: listen,
            bounds: Self.bounds,
            logger: logger,
            onListening: onListening
        )
    }

    /// Serves until the task is cancelled or the service group shuts down.
    ///
    /// - Throws: What listening failed with: the address is taken, or not ours.
    func run() async throws { try await self.application().run() }

    /// The application, for tests that bring their own server.
    func application() -> Application<RouterResponder<APIContext>> { self.listener.application() }
}
