import Hummingbird
import NIOCore
import Webhooks

/// `/w/NAME`: what providers post.
struct WebhookRoutes: Sendable {
    let desk: WebhookDesk

    /// Requests that are read at once, each up to ``WebhookRequest/bodyBytesMax``.
    static let requestsMax = 32

    func add(to router: Router<APIContext>) {
        // Bodies are large for strangers: fewer at once than of other requests.
        router.group("w").add(middleware: RequestLimit(max: Self.requestsMax)).post(":name") { request, context in
            try await self.act(request, context)
        }
    }

    private func act(_ request: Request, _ context: APIContext) async throws -> Response {
        let name = try context.parameters.require("name")
        guard self.desk.knows(name) else { throw Problem.notFound("There is no webhook of this name.") }
        guard let body = try await TimedBody.read(request, bytesMax: WebhookRequest.bodyBytesMax) else {
            throw Problem(408, "Too slow", "The body did not come in time.")
        }
        var headers: [String: String] = [:]
        for field in request.headers { headers[field.name.canonicalName] = field.value }
        switch await self.desk.take(WebhookRequest(headers: headers, body: body), at: name) {
        case .taken: return Response(status: .ok)
        case .takenInSilence: return Response(status: .noContent)
        case .unknown: throw Problem.notFound("There is no webhook of this name.")
        case .refused: throw Problem.forbidden("This request is not what a provider of ours sends.")
        case .later:
            var response = Response(status: .serviceUnavailable)
            response.headers[.retryAfter] = "60"
            return response
        }
    }
}

/// Reads the bodies of strangers' requests.
enum TimedBody {
    /// - Returns: `nil` when it did not come in time.
    /// - Throws: A problem when it is too large.
    static func read(_ request: Request, bytesMax: Int) async throws -> [UInt8]? {
        try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            group.addTask {
                do {
                    let body = try await request.body.collect(upTo: bytesMax)
                    return Array(body.readableBytesView)
                } catch is NIOTooManyBytesError {
                    throw Problem(413, "The request is too large", "The body may have at most \(bytesMax) bytes.")
                }
            }
            group.addTask {
                try await Task.sleep(for: PublicServer.bodyTimeout)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
