import Domain
import Hummingbird
import HummingbirdTesting
import NIOCore
import Storage
import Synchronization
import Testing

@testable import CoordinatorCore

@Suite("Requests with a key")
struct RequestKeyTests {
    private func send(
        _ bed: APITestbed,
        _ path: String,
        key: String,
        as role: Role = .admin,
        body: String? = nil
    ) async throws -> TestResponse {
        var headers: HTTPFields = [:]
        headers[try #require(HTTPFields.Element.Name("Idempotency-Key"))] = key
        return try await bed.send(.post, path, as: role, headers: headers, body: body)
    }

    @Test(
        "the same request again does nothing and has the same answer",
        arguments: [
            ("/v1/campaigns", RouteCase.file), ("/v1/campaigns/c1/pause", nil),
            ("/v1/imports?file=a.csv", "email\na@x.example\n"),
        ] as [(String, String?)]
    )
    func again(path: String, body: String?) async throws {
        let bed = APITestbed()
        let first = try await self.send(bed, path, key: "k-1", body: body)
        #expect(first.status == .ok, "\(first.text)")
        let calls = bed.operations.calls
        let second = try await self.send(bed, path, key: "k-1", body: body)
        #expect(second.status == .ok)
        #expect(second.text == first.text)
        #expect(bed.operations.calls == calls)
        // Another key, and another caller's, are other requests.
        _ = try await self.send(bed, path, key: "k-2", body: body)
        _ = try await self.send(bed, path, key: "k-1", as: .approver, body: body)
        #expect(bed.operations.calls.count == 3 * calls.count)
    }

    @Test(
        "another request under the same key is refused",
        arguments: [
            ("/v1/campaigns", RouteCase.file, "/v1/campaigns", #"{"file":"b","source":"","files":{}}"#),
            ("/v1/campaigns/c1/pause", "", "/v1/campaigns/c2/pause", ""),
            ("/v1/imports?file=a.csv", "email\na@x.example\n", "/v1/imports?file=a.csv", "email\nb@x.example\n"),
        ]
    )
    func other(path: String, body: String, otherPath: String, otherBody: String) async throws {
        let bed = APITestbed()
        _ = try await self.send(bed, path, key: "k", body: body)
        let calls = bed.operations.calls
        let response = try await self.send(bed, otherPath, key: "k", body: otherBody)
        #expect(response.status == .unprocessableContent)
        #expect(bed.operations.calls == calls)
    }

    @Test("what was refused is tried anew")
    func refused() async throws {
        let bed = APITestbed()
        bed.operations.memory.withLock { $0.failure = OperationError.conflict("no") }
        #expect(try await self.send(bed, "/v1/campaigns/c1/pause", key: "k").status == .conflict)
        bed.operations.memory.withLock { $0.failure = nil }
        #expect(try await self.send(bed, "/v1/campaigns/c1/pause", key: "k").status == .ok)
    }

    @Test(
        "what was begun and refused is tried anew, and what was begun and cut off is not",
        arguments: [
            (OperationError.invalid([Diagnostic(file: "a.csv", "no table")]), true), (.conflict("no"), true),
            (.unavailable("the disk is full"), false),
        ]
    )
    func begun(error: OperationError, isAnew: Bool) async throws {
        let (bed, path, body) = (APITestbed(), "/v1/imports?file=a.csv", "email\na@x.example\n")
        bed.operations.memory.withLock {
            $0.failure = error
            $0.isBegun = true
        }
        let refused = try await self.send(bed, path, key: "k", body: body)
        #expect(refused.status != .ok)
        let again = try await self.send(bed, path, key: "k", body: body)
        #expect(again.status == (isAnew ? refused.status : .conflict))
        bed.operations.memory.withLock { $0.failure = nil }
        let third = try await self.send(bed, path, key: "k", body: body)
        #expect(third.status == (isAnew ? .ok : .conflict))
    }

    @Test("a token's answer is not kept")
    func token() async throws {
        let bed = APITestbed()
        _ = try await self.send(bed, "/v1/tokens", key: "k", body: #"{"name":"ann","role":"viewer"}"#)
        #expect(try await bed.operations.storedRequest("admin", key: "k") == nil)
    }

    @Test(
        "what a question is told is not kept",
        arguments: [
            ("/v1/why", #"{"address":"a@x.example"}"#), ("/v1/segments/count", #"{"expression":"true"}"#),
            ("/v1/campaigns/check", RouteCase.file), ("/v1/campaigns/plan", RouteCase.file),
            ("/v1/campaigns/preview", #"{"file":"a.yaml","source":"","files":{},"contact":"a@x.example"}"#),
        ]
    )
    func question(path: String, body: String) async throws {
        let bed = APITestbed()
        for _ in 0..<2 { #expect(try await self.send(bed, path, key: "k", body: body).status == .ok) }
        #expect(bed.operations.calls.count == 2)
        #expect(try await bed.operations.storedRequest("admin", key: "k") == nil)
    }

    @Test("a key has bounds", arguments: ["", "a b", "é", String(repeating: "k", count: 129)])
    func bounds(key: String) async throws {
        let bed = APITestbed()
        #expect(try await self.send(bed, "/v1/campaigns/c1/pause", key: key).status == .badRequest)
        #expect(bed.operations.calls.isEmpty)
    }
}
