import Domain
import Foundation
import Hummingbird
import HummingbirdTesting
import NIOCore
import Synchronization
import Testing

@testable import CoordinatorCore

/// One request of docs/api.md: what it needs and which operation it must become.
struct RouteCase: Sendable, CustomTestStringConvertible {
    var method: HTTPRequest.Method
    var path: String
    var role: Role
    var body: String?
    /// What the operation must be asked, by the token of `role`.
    var call: String

    init(_ method: HTTPRequest.Method, _ path: String, _ role: Role, body: String? = nil, call: String) {
        self.method = method
        self.path = path
        self.role = role
        self.body = body
        self.call = call
    }

    var testDescription: String { "\(self.method) \(self.path)" }

    static let file = #"{"file":"first.yaml","source":"name: first","files":{"jobs.txt":"Hi"}}"#

    static let all: [RouteCase] = [
        .init(
            .post,
            "/v1/imports?file=people%20one.csv&list=iowa&source=s&basis=consent&on_conflict=keep",
            .operator,
            body: "email\na@x.example\n",
            call: "import people one.csv iowa keep by operator"
        ),
        .init(.get, "/v1/imports/i1/rejects", .operator, call: "rejects i1"),
        .init(
            .post,
            "/v1/segments/count",
            .viewer,
            body: #"{"expression":"state = 'IA'","by":"city"}"#,
            call: "count state = 'IA' by city"
        ),
        .init(.post, "/v1/campaigns/check", .operator, body: Self.file, call: #"check first.yaml ["jobs.txt"]"#),
        .init(
            .post,
            "/v1/campaigns/preview",
            .operator,
            body: #"{"file":"c.yaml","source":"","files":{},"contact":"a@b.example"}"#,
            call: "preview c.yaml for a@b.example 0"
        ),
        .init(.post, "/v1/campaigns/plan", .operator, body: Self.file, call: "plan first.yaml"),
        .init(
            .post,
            "/v1/campaigns/c7/clone",
            .operator,
            call: "clone c7 unsent false budget - by operator"
        ),
        .init(
            .post,
            "/v1/campaigns/c7/clone?unsent=true&budget=500",
            .operator,
            call: "clone c7 unsent true budget 500 by operator"
        ),
        .init(.get, "/v1/segments", .viewer, call: "segments"),
        .init(.get, "/v1/segments/iowa", .viewer, call: "segment iowa"),
        .init(
            .put,
            "/v1/segments/iowa",
            .operator,
            body: #"{"expression":"state = 'IA'"}"#,
            call: "define iowa as state = 'IA' by operator"
        ),
        .init(.post, "/v1/campaigns", .operator, body: Self.file, call: "submit first.yaml replacing - by operator"),
        .init(
            .post,
            "/v1/campaigns?id=c7",
            .operator,
            body: Self.file,
            call: "submit first.yaml replacing c7 by operator"
        ),
        .init(.get, "/v1/campaigns", .viewer, call: "campaigns"),
        .init(.get, "/v1/campaigns/c7", .viewer, call: "campaign c7"),
        .init(.get, "/v1/campaigns/7", .viewer, call: "campaign c7"),
        .init(.post, "/v1/campaigns/c7/approve", .operator, call: "approve c7 by operator"),
        .init(
            .post,
            "/v1/campaigns/c7/approve?digest=ABcd000000000000000000000000000000000000000000000000000000000000",
            .operator,
            call: "approve c7 as abcd by operator"
        ),
        .init(.get, "/v1/campaigns/c7/file", .viewer, call: "text of c7"),
        .init(.post, "/v1/campaigns/c7/start", .operator, call: "start c7 by operator"),
        .init(.post, "/v1/campaigns/c7/pause", .operator, call: "pause c7 by operator"),
        .init(.post, "/v1/campaigns/c7/resume", .operator, call: "resume c7 by operator"),
        .init(.post, "/v1/campaigns/c7/cancel", .operator, call: "cancel c7 by operator"),
        .init(.get, "/v1/campaigns/c7/report", .viewer, call: "report c7 by -"),
        .init(.get, "/v1/campaigns/c7/report?by=site", .viewer, call: "report c7 by site"),
        .init(.get, "/v1/campaigns/c7/targets", .viewer, call: "targets c7 all"),
        .init(.get, "/v1/campaigns/c7/targets?outcome=leased", .viewer, call: "targets c7 leased"),
        .init(
            .get,
            "/v1/campaigns/c7/targets?outcome=in_doubt",
            .viewer,
            call: "targets c7 outcome(Domain.Outcome.inDoubt)"
        ),
        .init(
            .post,
            "/v1/campaigns/c7/retry",
            .operator,
            body: #"{"outcome":"bounced"}"#,
            call: "retry bounced of c7 by operator"
        ),
        .init(
            .post,
            "/v1/campaigns/c7/resolve",
            .operator,
            body: #"{"decision":"skip"}"#,
            call: "resolve skip of c7 by operator"
        ),
        .init(.get, "/v1/restore", .viewer, call: "restore"),
        .init(.post, "/v1/restore/accept", .admin, call: "accept restore by admin"),
        .init(
            .post,
            "/v1/why",
            .viewer,
            body: #"{"address":"a@x.example","campaign":"c1"}"#,
            call: "why a@x.example c1"
        ),
        .init(.get, "/v1/tokens", .admin, call: "tokens"),
        .init(
            .post,
            "/v1/tokens",
            .admin,
            body: #"{"name":"ann","role":"approver","expires_in":60}"#,
            call: "add token ann approver 60 by admin"
        ),
        .init(.delete, "/v1/tokens/ann", .admin, call: "revoke token ann by admin"),
        .init(.get, "/v1/audit", .viewer, call: "audit above 0"),
        .init(.get, "/v1/audit?above=12", .viewer, call: "audit above 12"),
        .init(.get, "/v1/audit/verification", .viewer, call: "verify audit"),
        .init(.get, "/v1/top", .viewer, call: "top"),
        .init(.get, "/v1/workers", .viewer, call: "workers"),
        .init(
            .post,
            "/v1/workers",
            .admin,
            body: #"{"name":"w1","public_key":"KEY"}"#,
            call: "add w1 KEY by admin"
        ),
        .init(.delete, "/v1/workers/w1", .admin, call: "remove w1 by admin"),
        .init(.post, "/v1/workers/w1/drain", .operator, call: "drain w1 by operator"),
        .init(.delete, "/v1/workers/w1/drain", .operator, call: "undrain w1 by operator"),
    ]

    /// Each request with each role.
    static let withRoles: [(RouteCase, Role)] = Self.all.flatMap { route in Role.allCases.map { (route, $0) } }
}

@Suite("Requests")
struct RouteTests {
    @Test("a request becomes its operation", arguments: RouteCase.all)
    func operation(route: RouteCase) async throws {
        let bed = APITestbed()
        let response = try await bed.send(route.method, route.path, as: route.role, body: route.body)
        #expect(response.status == .ok, "\(response.text)")
        #expect(bed.operations.calls == [route.call])
    }

    @Test(
        "a decision that is none is refused with what is allowed",
        arguments: [
            ("retry", #"{"outcome":"lost"}"#), ("retry", "{}"), ("resolve", #"{"decision":"maybe"}"#), ("resolve", ""),
        ]
    )
    func wrongDecisions(path: String, body: String) async throws {
        let bed = APITestbed()
        let response = try await bed.send(.post, "/v1/campaigns/c7/\(path)", as: .operator, body: body)
        #expect(response.status == .badRequest)
        #expect(bed.operations.calls.isEmpty)
    }

    @Test("readiness says that nothing is sent, and what to do", arguments: [nil, "restored: accept it"])
    func restored(text: String?) async throws {
        let bed = APITestbed()
        bed.operations.memory.withLock { $0.restored = text }
        let response = try await bed.send(.get, "/readyz")
        #expect(response.status == .ok, "the API has to be reached for it to be accepted")
        #expect(response.json["restored"] as? String == text)
        #expect(response.json.keys.contains("restored"))
    }

    @Test("a request is served from its role upwards and refused below", arguments: RouteCase.withRoles)
    func roles(route: RouteCase, role: Role) async throws {
        let bed = APITestbed()
        let response = try await bed.send(route.method, route.path, as: role, body: route.body)
        #expect(response.status == (role >= route.role ? .ok : .forbidden))
        #expect(bed.operations.calls.isEmpty == (role < route.role), "a refused request reaches no operation")
    }

    @Test("a query parameter that a request does not know is refused, and does nothing", arguments: RouteCase.all)
    func strangeParameter(route: RouteCase) async throws {
        let bed = APITestbed()
        let path = route.path + (route.path.contains("?") ? "&" : "?") + "dry-run=true"
        let response = try await bed.send(route.method, path, as: route.role, body: route.body)
        #expect(response.status == .badRequest)
        #expect((response.json["detail"] as? String)?.contains("'dry-run'") == true, "\(response.text)")
        #expect(bed.operations.calls.isEmpty)
    }

    @Test("a key of the body that a request does not know is refused, and does nothing", arguments: RouteCase.all)
    func strangeKey(route: RouteCase) async throws {
        guard let body = route.body, body.hasPrefix("{") else { return }
        let bed = APITestbed()
        let response = try await bed.send(
            route.method,
            route.path,
            as: route.role,
            body: #"{"x_":1,"# + body.dropFirst()
        )
        #expect(response.status == .badRequest)
        #expect((response.json["detail"] as? String)?.contains("'x_'") == true, "\(response.text)")
        #expect(bed.operations.calls.isEmpty)
    }

    @Test(
        "the nearest name is said, and names are read as they were meant",
        arguments: [
            ("/v1/imports?file=a.csv&dry-run=true", "did you mean 'dry_run'?"),
            ("/v1/imports?file=a.csv&list=\(String(repeating: "l", count: 300))", "list must be"),
            ("/v1/imports?file=a.csv&list=a%0Ab", "list must be"),
            ("/v1/campaigns/c7/clone?buget=5", "did you mean 'budget'?"),
            ("/v1/workers/w/drain?x=1", "allowed: none"),
            ("/v1/campaigns/c7/approve?digest=abc", "digest must be"),
            ("/v1/campaigns/c7/approve?digest=", "digest must be"),
            ("/v1/campaigns/c7/start?digest=abc", "allowed: none"),
        ]
    )
    func nearest(path: String, text: String) async throws {
        let bed = APITestbed()
        let response = try await bed.send(.post, path, as: .operator, body: "email\n")
        #expect(response.status == .badRequest)
        #expect((response.json["detail"] as? String)?.contains(text) == true, "\(response.text)")
        #expect(bed.operations.calls.isEmpty)
        _ = try await bed.send(.get, "/v1/segments/a%20b", as: .viewer)
        #expect(bed.operations.calls == ["segment a b"])
    }

    @Test("a request without a token is refused before anything happens", arguments: RouteCase.all)
    func needsToken(route: RouteCase) async throws {
        let bed = APITestbed()
        let response = try await bed.send(route.method, route.path, body: route.body)
        #expect(response.status == .unauthorized)
        #expect(response.headers[.wwwAuthenticate] == "Bearer")
        #expect(bed.operations.calls.isEmpty)
    }

    @Test(
        "what is not a token of ours is refused",
        arguments: [
            "Bearer wrong-token-of-nobody", "Bearer ", "Bearer", "Basic dG9rZW46dG9rZW4=", "token-of-the-admin-role",
            "",
        ]
    )
    func wrongToken(header: String) async throws {
        let response = try await APITestbed().send(.get, "/v1/workers", headers: [.authorization: header])
        #expect(response.status == .unauthorized)
    }

    @Test("every key is there, and null when it has no value")
    func status() async throws {
        let response = try await APITestbed().send(.get, "/v1/campaigns/c1", as: .viewer)
        let keys = [
            "id", "name", "state", "channel", "audience", "freezing", "counts", "sent_twice", "rate_per_second",
            "started_at", "finished_at", "submitted_at", "approved_at", "digest", "relay", "problem",
        ]
        #expect(Set(response.json.keys) == Set(keys))
        #expect(response.json["finished_at"] is NSNull)
        #expect(response.json["problem"] is NSNull)
        #expect(response.json["started_at"] as? String == "2026-11-22T09:00:00.000Z")
        #expect(response.json["rate_per_second"] as? Double == 12.5)
        let counts = try #require(response.json["counts"] as? [String: Int])
        let names = ["pending", "leased"] + Outcome.allCases.map(\.name)
        #expect(Set(counts.keys) == Set(names))
        #expect(counts.values.reduce(0, +) == response.json["audience"] as? Int)
    }

    @Test("an import answers with all its keys")
    func importKeys() async throws {
        let response = try await APITestbed().send(.post, "/v1/imports?file=a.csv", as: .operator, body: "email\n")
        let keys = [
            "id", "rows", "created", "updated", "unchanged", "rejected", "warnings", "first_rejects",
            "first_warnings", "warned_columns", "fields", "opt_outs", "unclear", "dry_run",
        ]
        #expect(Set(response.json.keys) == Set(keys))
        let reject = (response.json["first_rejects"] as? [[String: Any]])?.first ?? [:]
        #expect(Set(reject.keys) == ["line", "column", "reason"])
        let field = (response.json["fields"] as? [[String: Any]])?.first ?? [:]
        #expect(Set(field.keys) == ["name", "type", "column", "open"])
    }

    @Test("a worker answers with all its keys")
    func workerKeys() async throws {
        let response = try await APITestbed().send(.get, "/v1/workers", as: .viewer)
        let worker = (response.json["workers"] as? [[String: Any]])?.first ?? [:]
        let keys = ["name", "state", "leased", "accepted", "accepted_per_second", "last_seen", "build", "relays"]
        #expect(Set(worker.keys) == Set(keys))
        #expect(worker["last_seen"] is NSNull)
        let relay = (worker["relays"] as? [[String: Any]])?.first ?? [:]
        #expect(relay["problem"] is NSNull)
    }

    @Test("answers are not kept by caches")
    func headers() async throws {
        let response = try await APITestbed().send(.get, "/v1/workers", as: .viewer)
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.headers[.contentType] == "application/json")
    }
}

@Suite("Requests without a token")
struct OpenRouteTests {
    @Test("healthz says ok")
    func health() async throws {
        let response = try await APITestbed().send(.get, "/healthz")
        #expect(response.status == .ok)
        #expect(response.text == "ok\n")
    }

    @Test("readyz follows the coordinator", arguments: [true, false])
    func ready(isReady: Bool) async throws {
        let bed = APITestbed()
        bed.operations.memory.withLock { $0.isReady = isReady }
        let response = try await bed.send(.get, "/readyz")
        #expect(response.status == (isReady ? .ok : .serviceUnavailable))
        #expect(response.json["ready"] as? Bool == isReady)
        #expect(response.json["workers"] as? Int == 2)
    }

    @Test("metrics count requests by route, not by path")
    func metrics() async throws {
        let bed = APITestbed()
        _ = try await bed.send(.get, "/v1/campaigns/c1", as: .viewer)
        _ = try await bed.send(.get, "/v1/campaigns/c2", as: .viewer)
        _ = try await bed.send(.get, "/nowhere")
        let response = try await bed.send(.get, "/metrics")
        #expect(response.headers[.contentType]?.hasPrefix("text/plain; version=0.0.4") == true)
        let route = #"{method="GET",route="/v1/campaigns/{id}",status="200"} 2"#
        #expect(response.text.contains("postrider_api_requests_total" + route), "\(response.text)")
        #expect(response.text.contains("status=\"404\"} 1"))
    }
}
