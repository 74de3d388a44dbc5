import Hummingbird
import Logging
import NIOCore

/// What one request carries besides itself.
struct APIContext: RequestContext {
    var coreContext: CoreRequestContextStorage

    /// The sender's IP address; empty when it has none.
    let origin: String

    init(source: ApplicationRequestContextSource) {
        self.coreContext = .init(source: source)
        self.origin = source.channel.remoteAddress?.ipAddress ?? ""
    }
}

/// Who may ask at all: refuses browsers, and names nobody trusts.
struct RequestGate: RouterMiddleware {
    let hosts: HostRule

    func handle(
        _ request: Request,
        context: APIContext,
        next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        guard self.hosts.allows(request.head.authority) else {
            throw Problem.forbidden("The Host header must be an IP address or localhost; this name is not served.")
        }
        // Only browsers send it, for pages; the API has none, and a page must not use an operator's network position.
        guard request.headers[.origin] == nil else {
            throw Problem.forbidden("Requests from web pages (with an Origin header) are not served.")
        }
        return try await next(request, context)
    }
}
