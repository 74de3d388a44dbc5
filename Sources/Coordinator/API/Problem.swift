import Domain
import Hummingbird
import Storage

/// An error as HTTP says it: `application/problem+json` (RFC 9457).
struct Problem: Error, Hashable, Sendable {
    let status: Int
    let title: String
    /// One sentence for people: what is wrong and what is allowed.
    let detail: String
    var diagnostics: [Diagnostic] = []
    /// The import whose rejected rows say what is wrong with each row.
    var importID: String?
    /// What the path takes, with status 405.
    var allowed: String?
    /// How a body may be packed, with status 415 where that is what was wrong.
    var acceptedCoding: String?
    /// When to try again, with status 503.
    var retrySeconds = 1

    init(_ status: Int, _ title: String, _ detail: String, diagnostics: [Diagnostic] = []) {
        self.status = status
        self.title = title
        self.detail = detail
        self.diagnostics = diagnostics
    }

    /// A request that cannot be read.
    static func badRequest(_ detail: String) -> Self {
        Self(400, "The request cannot be read", detail, diagnostics: [Diagnostic(.error, detail)])
    }

    static func unauthorized(_ detail: String) -> Self { Self(401, "A token is needed", detail) }
    static func forbidden(_ detail: String) -> Self { Self(403, "Not allowed", detail) }
    static func notFound(_ detail: String) -> Self { Self(404, "Not found", detail) }

    /// A question that takes longer than one may.
    private static let tooLong: Self = {
        var problem = Self(
            503,
            "Not answered in time",
            "Reading for this answer took too long and was ended, so that it does not hold others up. Try again when "
                + "less is going on, or ask for less: a simpler condition, fewer fields."
        )
        problem.retrySeconds = 10
        return problem
    }()

    /// More questions at once than are kept waiting.
    private static let tooMany = Self(503, "Too busy now", "Too many questions are being answered; try again.")

    /// The path is there, but takes other methods.
    static func wrongMethod(_ method: String, allowed: [String]) -> Self {
        let list = allowed.joined(separator: ", ")
        var problem = Self(405, "Not with this method", "This address takes \(list), not \(method.prefix(40)).")
        problem.allowed = list
        return problem
    }

    static func notJSON(_ media: String) -> Self {
        Self(415, "The body is of the wrong kind", "Send it as application/json, not \(media.prefix(80)).")
    }

    /// A body that would have to be unpacked first; RFC 9110 section 15.5.16 has the header that says what may come instead.
    static func packed(_ coding: String) -> Self {
        var problem = Self(
            415,
            "The body is packed",
            "Send it as it is, without Content-Encoding, not \(coding.prefix(80)). (Files to import may be packed.)"
        )
        problem.acceptedCoding = "identity"
        return problem
    }

    static func tooLarge(bytesMax: Int) -> Self {
        Self(413, "The request is too large", "The body may have at most \(bytesMax >> 20) MiB.")
    }

    /// The one place where the coordinator's errors become statuses.
    init(_ error: OperationError) {
        switch error {
        case .invalid(let diagnostics):
            let count = diagnostics.count
            self.init(
                422,
                "The input is wrong",
                count == 1 ? diagnostics[0].message : "\(count) problems were found.",
                diagnostics: diagnostics
            )
        case .nothingImported(let diagnostics, let id):
            self.init(.invalid(diagnostics))
            self.importID = id
        case .notFound(let detail): self = .notFound(detail)
        case .conflict(let detail): self.init(409, "Not in this state", detail)
        case .notAllowed(let detail): self = .forbidden(detail)
        case .unavailable(let detail): self.init(503, "Not available now", detail)
        }
    }

    /// Any error as a problem; what nobody foresaw is a fault of ours, and its text stays in the log.
    init(of error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as OperationError: self.init(error)
        case StoreError.interrupted: self = .tooLong
        case StoreError.busy: self = .tooMany
        case StoreError.full(let text): self.init(503, "Not available now", "The disk is full: \(text)")
        case let error as HTTPError where error.status == .notFound:
            self = .notFound("There is nothing at this address.")
        case let error as HTTPError: self.init(error.status.code, error.status.reasonPhrase, error.body ?? "")
        default:
            self.init(500, "The coordinator failed", "The coordinator's log says why, as event=request_failed.")
        }
    }

    /// Whether it is our fault rather than the request's.
    var isOurs: Bool { self.status == 500 }

    func response() throws -> Response {
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if self.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if let allowed = self.allowed { headers[.allow] = allowed }
        if let coding = self.acceptedCoding { headers[.acceptEncoding] = coding }
        if self.status == 503 { headers[.retryAfter] = String(self.retrySeconds) }
        let body = Body(
            title: self.title,
            status: self.status,
            detail: self.detail,
            diagnostics: self.diagnostics,
            import: self.importID
        )
        return Response(
            status: .init(code: self.status),
            headers: headers,
            body: .init(byteBuffer: try JSONForm.encode(body))
        )
    }

    private struct Body: Encodable {
        let title: String
        let status: Int
        let detail: String
        let diagnostics: [Diagnostic]
        /// Only where there is one.
        let `import`: String?
    }
}
