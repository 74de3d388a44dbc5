import Domain
import Hummingbird
import Logging
import ServiceLifecycle
import Storage
import Synchronization
import Telemetry
import UserFiles

/// The HTTP server for recipients and their mailbox providers, on an address of its own.
///
/// It knows nothing of operators and tokens. Everything that a stranger can make it do is bounded.
struct PublicServer: Service {
    /// Requests that are answered at once; more are told to come again.
    static let requestsMax = 256
    /// Strangers' connections are not kept for long.
    static let bounds = HTTPListener.Bounds(idleTimeout: .seconds(15), headerBytesMax: 16 << 10)
    /// A body that takes longer to arrive is not waited for.
    static let bodyTimeout = Duration.seconds(10)

    private let listener: HTTPListener

    /// Makes the server; ``run()`` begins to listen.
    ///
    /// - Parameters:
    ///   - desk: What requests ask of.
    ///   - webhooks: What providers' requests go to; `nil` when none is configured.
    ///   - metrics: Its requests are counted there.
    ///   - listen: Where to listen.
    ///   - logger: For requests and faults; what it is given has no token in it.
    ///   - onListening: Called once with the port, when connections are taken.
    init(
        desk: some RecipientDesk,
        webhooks: WebhookDesk? = nil,
        metrics: MetricsRegistry,
        listen: HTTPListener.Address,
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) {
        let router = Router(context: APIContext.self)
        router.add(middleware: RequestRecord(metrics: metrics, table: RouteTable(), logger: logger))
        router.add(middleware: RequestLimit(max: Self.requestsMax))
        UnsubscribeRoutes(desk: desk).add(to: router)
        if let webhooks { WebhookRoutes(desk: webhooks).add(to: router) }
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

/// Bounds how many requests are answered at once.
final class RequestLimit: RouterMiddleware {
    private let max: Int
    private let underWay = Mutex(0)

    init(max: Int) { self.max = max }

    func handle(
        _ request: Request,
        context: APIContext,
        next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let isTaken = self.underWay.withLock { count in
            guard count < self.max else { return false }
            count += 1
            return true
        }
        guard isTaken else { throw Problem(503, "Not available now", "Too many requests at once; try again.") }
        defer { self.underWay.withLock { $0 -= 1 } }
        return try await next(request, context)
    }
}

/// What recipients' requests ask of the coordinator.
protocol RecipientDesk: Sendable {
    /// What a link's page says; `nil` when the link is none of ours.
    func page(of token: String) async throws -> UnsubscribePage?

    /// Does what was asked for, and returns once that is durable; `nil` when the link is none of ours.
    func unsubscribe(_ token: String, _ form: UnsubscribeForm) async throws -> UnsubscribeAnswer?
}

/// Recipients' requests on the loop and the readers.
struct LoopRecipientDesk: RecipientDesk {
    let loop: CoordinatorLoop
    let readers: ReaderPool
    let key: UnsubscribeKey

    func page(of token: String) async throws -> UnsubscribePage? {
        guard let target = self.key.target(of: token) else { return nil }
        return try await self.readers.read { connection throws(StoreError) in
            try RecipientQueries.page(for: target, on: connection)
        }
    }

    func unsubscribe(_ token: String, _ form: UnsubscribeForm) async throws -> UnsubscribeAnswer? {
        guard let target = self.key.target(of: token) else { return nil }
        do {
            return try await self.loop.ask { core in
                switch form {
                case .oneClick: try core.unsubscribe(target, .everything, source: "one_click")
                case .page(let choice): try core.unsubscribe(target, choice, source: "page")
                }
            }
        } catch OperationError.notFound {
            return nil
        }
    }
}
