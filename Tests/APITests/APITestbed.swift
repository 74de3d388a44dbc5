import Domain
import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Telemetry

@testable import CoordinatorCore

/// An API server in front of ``FakeOperations``, with one token for each role.
struct APITestbed: Sendable {
    let operations = FakeOperations()
    let metrics = MetricsRegistry()

    /// The token of each role: long enough, and different.
    static func token(_ role: Role) -> String { "token-of-the-\(role.name)-role" }

    var server: APIServer {
        let tokens = Dictionary(
            uniqueKeysWithValues: Role.allCases.map { (Caller(name: $0.name, role: $0), Self.token($0)) }
        )
        var logger = Logger(label: "api", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        return APIServer(
            operations: self.operations,
            tokens: Tokens(tokens),
            metrics: self.metrics,
            listen: .init(host: "127.0.0.1", port: 0),
            hostNames: ["post.example"],
            logger: logger
        )
    }

    /// Sends one request, without a network unless the test needs one.
    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        as role: Role? = nil,
        headers: HTTPFields = [:],
        body: String? = nil,
        over setup: TestingSetup = .router
    ) async throws -> TestResponse {
        var headers = headers
        if let role { headers[.authorization] = "Bearer \(Self.token(role))" }
        return try await self.server.application().test(setup) { [headers] client in
            try await client.executeRequest(
                uri: path,
                method: method,
                headers: headers,
                body: body.map { ByteBuffer(string: $0) }
            )
        }
    }
}

extension TestResponse {
    var text: String { String(buffer: self.body) }

    /// The body's object; empty when it is none.
    var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(self.body.readableBytesView))) as? [String: Any] ?? [:]
    }
}
