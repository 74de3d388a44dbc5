import Domain
import Hummingbird
import HummingbirdTesting
import Testing

@testable import CoordinatorCore

@Suite("Browsers and foreign names")
struct GateTests {
    @Test(
        "addresses, localhost and configured names are served",
        arguments: [
            "127.0.0.1", "127.0.0.1:7701", "10.1.2.3:80", "[::1]", "[::1]:7701", "[fe80::1]:1", "localhost",
            "localhost:7701",
            "LOCALHOST", "post.example:7701", "Post.Example",
        ]
    )
    func served(host: String) {
        #expect(HostRule(names: ["post.example"]).allows(host))
    }

    @Test(
        "every other name is refused",
        arguments: [
            nil, "", ":", "evil.example", "evil.example:7701", "127.0.0.1.evil.example", "localhost.evil.example",
            "localhost:x",
            "localhost:777777", "[localhost]", "[127.0.0.1]", "[::1", "::1:", "[::1]x", "post.example.", "1.2.3",
        ] as [String?]
    )
    func refused(host: String?) {
        #expect(!HostRule(names: ["post.example"]).allows(host))
    }

    @Test("a request from a web page is refused, whatever its token", arguments: ["https://evil.example", "null", ""])
    func origin(origin: String) async throws {
        let bed = APITestbed()
        let response = try await bed.send(.post, "/v1/campaigns/c1/start", as: .admin, headers: [.origin: origin])
        #expect(response.status == .forbidden)
        #expect(bed.operations.calls.isEmpty)
    }

    @Test(
        "the name in a request's Host header decides",
        arguments: [
            ("127.0.0.1:7701", 200), ("post.example", 200), ("evil.example", 403),
        ]
    )
    func hostHeader(host: String, status: Int) async throws {
        let code = try await APITestbed().server.application().test(.live) { client in
            try await TestClient.withClient(host: "localhost", port: try #require(client.port)) { other in
                let request = TestClient.Request("/metrics", method: .get, authority: host)
                return try await other.execute(request).status.code
            }
        }
        #expect(code == status)
    }
}
