import Hummingbird

/// `/u/TOKEN`: looked at with GET and HEAD, which change nothing, and asked with POST.
struct UnsubscribeRoutes<Desk: RecipientDesk>: Sendable {
    let desk: Desk

    func add(to router: Router<APIContext>) {
        router.get("u/:token") { request, context in try await self.look(context, hasBody: true) }
        router.head("u/:token") { request, context in try await self.look(context, hasBody: false) }
        router.post("u/:token") { request, context in try await self.act(request, context) }
    }

    private func look(_ context: APIContext, hasBody: Bool) async throws -> Response {
        let token = try context.parameters.require("token")
        guard let page = try await self.desk.page(of: token) else {
            return Self.html(UnsubscribePage.unknown.refusal, .notFound, hasBody: hasBody)
        }
        return Self.html(page.asking, .ok, hasBody: hasBody)
    }

    private func act(_ request: Request, _ context: APIContext) async throws -> Response {
        let token = try context.parameters.require("token")
        let type = request.headers[.contentType] ?? ""
        guard let body = try await TimedBody.read(request, bytesMax: UnsubscribeForm.bytesMax) else {
            return Self.html(UnsubscribePage.unknown.later, .init(code: 408), hasBody: true)
        }
        guard let form = UnsubscribeForm(body, type: type) else {
            throw Problem.badRequest("The body must be List-Unsubscribe=One-Click (RFC 8058), or our own form's.")
        }
        let answer: UnsubscribeAnswer?
        do {
            answer = try await self.desk.unsubscribe(token, form)
        } catch OperationError.unavailable {
            var response = Self.html(UnsubscribePage.unknown.later, .serviceUnavailable, hasBody: true)
            response.headers[.retryAfter] = "60"
            return response
        }
        guard let answer else { return Self.html(UnsubscribePage.unknown.refusal, .notFound, hasBody: true) }
        return Self.html(answer.page.done(answer.choice), .ok, hasBody: true)
    }

    private static func html(_ text: String, _ status: HTTPResponse.Status, hasBody: Bool) -> Response {
        let bytes = ByteBuffer(string: text)
        let headers: HTTPFields = [
            .contentType: "text/html; charset=utf-8",
            .contentSecurityPolicy:
                "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
        ]
        return Response(status: status, headers: headers, body: hasBody ? .init(byteBuffer: bytes) : .init())
    }
}
