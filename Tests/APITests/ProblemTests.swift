import Domain
import Hummingbird
import HummingbirdTesting
import NIOCore
import Storage
import Synchronization
import Testing

@testable import CoordinatorCore

@Suite("Errors")
struct ProblemTests {
    static let errors: [(OperationError, Int)] = [
        (.invalid([Diagnostic(file: "a.yaml", line: 4, column: 2, "no such field: citi")]), 422),
        (.notFound("There is no campaign c9."), 404),
        (.conflict("c1 is finished; only a running campaign can be paused."), 409),
        (.notAllowed("The submitter cannot approve."), 403),
        (.unavailable("The disk is full."), 503),
    ]

    @Test("each error has its status and says what is wrong", arguments: Self.errors)
    func statuses(error: OperationError, status: Int) async throws {
        let bed = APITestbed()
        bed.operations.memory.withLock { $0.failure = error }
        let response = try await bed.send(.post, "/v1/campaigns/c1/pause", as: .admin)
        #expect(response.status.code == status)
        #expect(response.headers[.contentType] == "application/problem+json")
        #expect(Set(response.json.keys) == ["title", "status", "detail", "diagnostics"])
        #expect(response.json["status"] as? Int == status)
        #expect((response.json["detail"] as? String)?.isEmpty == false)
    }

    @Test("where no row of a file could be used, the problem names the import that has them")
    func nothingImported() async throws {
        let bed = APITestbed()
        let error = OperationError.nothingImported(
            [Diagnostic(.error, "none of the 2 rows could be used")],
            importID: "i7"
        )
        bed.operations.memory.withLock { $0.failure = error }
        let response = try await bed.send(.post, "/v1/campaigns", as: .operator, body: RouteCase.file)
        #expect(response.status.code == 422)
        #expect(response.json["import"] as? String == "i7")
    }

    @Test("diagnostics keep their place")
    func diagnostics() async throws {
        let bed = APITestbed()
        bed.operations.memory.withLock { $0.failure = Self.errors[0].0 }
        let response = try await bed.send(.post, "/v1/campaigns", as: .operator, body: RouteCase.file)
        let diagnostic = try #require((response.json["diagnostics"] as? [[String: Any]])?.first)
        #expect(diagnostic["severity"] as? String == "error")
        #expect(diagnostic["file"] as? String == "a.yaml")
        #expect(diagnostic["line"] as? Int == 4)
        #expect(diagnostic["column"] as? Int == 2)
        #expect(diagnostic["message"] as? String == "no such field: citi")
        #expect(response.json["title"] as? String == "The input is wrong")
        #expect(response.json["detail"] as? String == "no such field: citi")
    }

    @Test(
        "a question that takes too long, and one too many, are to be asked again later",
        arguments: [
            (StoreError.interrupted("interrupted"), 503, "10", "too long"),
            (.busy("256 other questions"), 503, "1", "try again"), (.full("no space"), 503, "1", "disk is full"),
            (.statement("no such column: x"), 500, nil, "log says why"),
        ] as [(StoreError, Int, String?, String)]
    )
    func reads(error: StoreError, status: Int, retry: String?, text: String) async throws {
        for path in ["/v1/campaigns/c1/report", "/v1/segments", "/v1/campaigns/c1/targets"] {
            let bed = APITestbed()
            bed.operations.memory.withLock { $0.failure = error }
            let response = try await bed.send(.get, path, as: .viewer)
            #expect(response.status.code == status)
            #expect(response.headers[.retryAfter] == retry)
            #expect((response.json["detail"] as? String)?.contains(text) == true, "\(response.text)")
        }
    }

    @Test("a stream whose first page takes too long says so, and does not begin")
    func firstPage() async throws {
        let bed = APITestbed()
        bed.operations.memory.withLock { $0.endOfPages = StoreError.interrupted("interrupted") }
        let response = try await bed.send(.get, "/v1/campaigns/c1/targets", as: .viewer, over: .live)
        #expect(response.status.code == 503)
    }

    struct Unforeseen: Error {
        let secret = "hunter2"
    }

    @Test("an error that nobody foresaw keeps its text to itself")
    func unforeseen() async throws {
        let bed = APITestbed()
        bed.operations.memory.withLock { $0.failure = Unforeseen() }
        let response = try await bed.send(.get, "/v1/workers", as: .viewer)
        #expect(response.status == .internalServerError)
        #expect(response.headers[.contentType] == "application/problem+json")
        #expect(!response.text.contains("hunter2"))
    }

    @Test(
        "what is not there is a problem too",
        arguments: [
            (HTTPRequest.Method.get, "/v1/nothing"), (.get, "/v1/campaigns/x7"),
            (.get, "/v1/campaigns/c0"), (.get, "/v1/campaigns/c99999999999999999999"),
            (.post, "/v1/campaigns/c1/explode"), (.put, "/v1"),
            (.get, "/../etc/passwd"),
        ]
    )
    func missing(method: HTTPRequest.Method, path: String) async throws {
        let bed = APITestbed()
        let response = try await bed.send(method, path, as: .admin)
        #expect(response.status == .notFound)
        #expect(response.headers[.contentType] == "application/problem+json")
        #expect(bed.operations.calls.isEmpty)
    }

    @Test(
        "a path that is there for other methods says which",
        arguments: [
            (HTTPRequest.Method.put, "/v1/workers", "GET, HEAD, POST"), (.post, "/healthz", "GET, HEAD"),
            (.patch, "/v1/campaigns/c1", "GET, HEAD"), (.get, "/v1/workers/w1/drain", "DELETE, POST"),
        ]
    )
    func wrongMethod(method: HTTPRequest.Method, path: String, allowed: String) async throws {
        let response = try await APITestbed().send(method, path, as: .admin)
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers[.allow] == allowed)
        #expect(response.headers[.contentType] == "application/problem+json")
    }

    @Test(
        "a body of another kind is refused, JSON by any spelling is not",
        arguments: [
            ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/json", 200),
            ("Application/JSON ; charset=utf-8", 200),
        ]
    )
    func mediaType(type: String, status: Int) async throws {
        let body = #"{"expression":"a"}"#
        let bed = APITestbed()
        let response = try await bed.send(
            .post,
            "/v1/segments/count",
            as: .viewer,
            headers: [.contentType: type],
            body: body
        )
        #expect(response.status.code == status)
    }

    @Test(
        "a packed body is refused as such, with what may come instead",
        arguments: [("gzip", 415), ("br, gzip", 415), ("identity", 200), ("Identity", 200)]
    )
    func contentCoding(coding: String, status: Int) async throws {
        let bed = APITestbed()
        let response = try await bed.send(
            .post,
            "/v1/segments/count",
            as: .viewer,
            headers: [.contentEncoding: coding],
            body: #"{"expression":"a"}"#
        )
        #expect(response.status.code == status)
        #expect(response.headers[.acceptEncoding] == (status == 200 ? nil : "identity"))
        #expect(bed.operations.calls.isEmpty == (status != 200))
    }

    @Test("a page's bounds are said", arguments: ["limit=0", "limit=1001", "limit=x", "limit=-1", "cursor=x7"])
    func page(query: String) async throws {
        let response = try await APITestbed().send(.get, "/v1/campaigns?\(query)", as: .viewer)
        #expect(response.status == .badRequest)
    }

    @Test(
        "a body that cannot be read says what it lacks",
        arguments: [
            ("", "not JSON"), ("{", "not JSON"), ("{}", "expression"), (#"{"expression":7}"#, "a string"),
            (#"{"expression":null}"#, "key expression of the body is null"), ("[]", "The body has the wrong type"),
            ("null", "The body is null; it must be an object"), ("7", "The body has the wrong type"),
        ]
    )
    func bodies(body: String, hint: String) async throws {
        let bed = APITestbed()
        let response = try await bed.send(.post, "/v1/segments/count", as: .viewer, body: body)
        #expect(response.status == .badRequest)
        #expect((response.json["detail"] as? String)?.contains(hint) == true, "\(response.text)")
        #expect((response.json["diagnostics"] as? [Any])?.count == 1)
        #expect(bed.operations.calls.isEmpty)
    }

    @Test(
        "a query that cannot be read says what is allowed",
        arguments: [
            (HTTPRequest.Method.post, "/v1/imports", "file"), (.post, "/v1/imports?file=", "file"),
            (.post, "/v1/imports?file=a.csv&on_conflict=explode", "merge, replace, keep"),
            (.get, "/v1/campaigns/c1/targets?outcome=lost", "pending, leased, accepted"),
        ]
    )
    func queries(method: HTTPRequest.Method, path: String, hint: String) async throws {
        let response = try await APITestbed().send(method, path, as: .operator)
        #expect(response.status == .badRequest)
        #expect((response.json["detail"] as? String)?.contains(hint) == true, "\(response.text)")
    }

    @Test(
        "a key inside of another is named with both",
        arguments: [
            (#"{"file":"a.yaml","source":"x","files":{"jobs.txt":null}}"#, "files.jobs.txt"),
            (#"{"file":"a.yaml","source":"x","files":{"jobs.txt":7}}"#, "files.jobs.txt"),
        ]
    )
    func nested(body: String, key: String) async throws {
        let response = try await APITestbed().send(.post, "/v1/campaigns/check", as: .operator, body: body)
        #expect(response.status == .badRequest)
        #expect((response.json["detail"] as? String)?.contains("key \(key) of") == true, "\(response.text)")
    }

    @Test("a parameter that is said twice is refused: nobody could tell which one counts")
    func repeated() async throws {
        let bed = APITestbed()
        for query in ["limit=5&limit=6", "limit=5&limit=5", "cursor=&limit=5&cursor="] {
            let response = try await bed.send(.get, "/v1/campaigns?\(query)", as: .viewer)
            #expect(response.status == .badRequest)
            #expect((response.json["detail"] as? String)?.contains("more than once") == true, "\(response.text)")
        }
        #expect(bed.operations.calls.isEmpty)
    }

    @Test("a body over the bound is refused, one at the bound is not", arguments: [0, 1])
    func tooLarge(excess: Int) async throws {
        let bed = APITestbed()
        let frame = #"{"expression":""}"#
        let text = String(repeating: "x", count: RequestInput.bodyBytesMax - frame.utf8.count + excess)
        let body = #"{"expression":"\#(text)"}"#
        let response = try await bed.send(.post, "/v1/segments/count", as: .viewer, body: body)
        #expect(response.status == (excess == 0 ? .ok : .contentTooLarge))
        #expect(bed.operations.calls.count == 1 - excess)
    }
}
