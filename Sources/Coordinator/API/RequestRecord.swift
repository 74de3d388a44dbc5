import Domain
import Hummingbird
import Logging
import Telemetry

/// Turns every error into a problem, and records each request in the log and the metrics.
struct RequestRecord: RouterMiddleware {
    let metrics: MetricsRegistry
    let table: RouteTable
    let logger: Logger

    func handle(
        _ request: Request,
        context: APIContext,
        next: @concurrent (Request, APIContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            let problem = self.problem(of: error, request, context)
            if problem.isOurs { self.logFault(error, request, context) }
            response = try problem.response()
        }
        // Answers name people: no cache keeps them, and no browser guesses what they are.
        response.headers[.cacheControl] = "no-store"
        response.headers[.xContentTypeOptions] = "nosniff"
        if request.method == .head { response = response.bodiless }
        self.record(request, context, status: response.status, took: .now - start)
        return response
    }

    /// The error as a problem; a path that is there for other methods is told from one that is not.
    private func problem(of error: any Error, _ request: Request, _ context: APIContext) -> Problem {
        if let error = error as? HTTPError, error.status == .notFound {
            let methods = self.table.methods(at: request.uri.path)
            if !methods.isEmpty, !methods.contains(request.method.rawValue) {
                return .wrongMethod(request.method.rawValue, allowed: methods)
            }
        }
        return Problem(of: error)
    }

    private func record(_ request: Request, _ context: APIContext, status: HTTPResponse.Status, took: Duration) {
        // The pattern, never the path: labels must stay few.
        let route = context.endpointPath ?? "none"
        // A method that is not ours could be any text.
        let method =
            ["GET", "POST", "PUT", "DELETE", "HEAD"].contains(request.method.rawValue)
            ? request.method.rawValue : "other"
        self.metrics.counter(.requests, method, route, String(status.code)).increment()
        self.metrics.histogram(.requestSeconds).record(took.inSeconds)
        self.logger.event(
            .request,
            level: [.get, .head].contains(request.method) ? .debug : .info,
            "A request was answered",
            [
                .method: .string(method), .path: .string(route), .status: .number(status.code),
                .duration: .number(took.inSeconds * 1_000),
            ]
        )
    }

    private func logFault(_ error: any Error, _ request: Request, _ context: APIContext) {
        self.logger.event(
            .requestFailed,
            level: .error,
            "A request failed for a reason nobody foresaw",
            [
                .method: .string(request.method.rawValue), .path: .string(context.endpointPath ?? "none"),
                .error: .string(String(reflecting: error)),
            ]
        )
    }
}
