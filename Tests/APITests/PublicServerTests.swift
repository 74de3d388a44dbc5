import Domain
import Foundation
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Synchronization
import Telemetry
import Testing
import UserFiles

@testable import CoordinatorCore

/// Remembers what was asked; the only link it knows is `good`.
private final class FakeDesk: RecipientDesk {
    let asked = Mutex<[String]>([])
    let isDown = Mutex(false)

    func page(of token: String) async throws -> UnsubscribePage? {
        token == "good" ? UnsubscribePage(language: .english, sender: "Ann", list: "news") : nil
    }

    func unsubscribe(_ token: String, _ form: UnsubscribeForm) async throws -> UnsubscribeAnswer? {
        if self.isDown.withLock({ $0 }) { throw OperationError.unavailable("the disk is full") }
        guard let page = try await self.page(of: token) else { return nil }
        self.asked.withLock { $0.append("\(form)") }
        let choice: UnsubscribeChoice = if case .page(let choice) = form { choice } else { .everything }
        return UnsubscribeAnswer(page: page, choice: choice, isNew: true)
    }
}

@Suite("The public listener")
struct PublicServerTests {
    private let desk = FakeDesk()

    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        body: String? = nil,
        type: String = "application/x-www-form-urlencoded"
    ) async throws -> TestResponse {
        var logger = Logger(label: "public", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let server = PublicServer(
            desk: self.desk,
            metrics: MetricsRegistry(),
            listen: .init(host: "127.0.0.1", port: 0),
            logger: logger
        )
        return try await server.application().test(.router) { client in
            try await client.executeRequest(
                uri: path,
                method: method,
                headers: [.contentType: type],
                body: body.map { ByteBuffer(string: $0) }
            )
        }
    }

    private var asked: [String] { self.desk.asked.withLock { $0 } }

    @Test("a look at a link changes nothing, however it is done", arguments: [HTTPRequest.Method.get, .head])
    func looks(method: HTTPRequest.Method) async throws {
        let response = try await self.send(method, "/u/good")
        #expect(response.status == .ok && self.asked.isEmpty)
        #expect(response.headers[.contentType] == "text/html; charset=utf-8")
        #expect(response.headers[.cacheControl] == "no-store")
        let body = String(buffer: response.body)
        #expect(method == .head ? body.isEmpty : body.contains("<form method=\"post\">"))
    }

    @Test("a one-click request acts, and so does the page's form")
    func acts() async throws {
        var response = try await self.send(.post, "/u/good", body: "List-Unsubscribe=One-Click")
        #expect(response.status == .ok && String(buffer: response.body).contains("Ann"))
        response = try await self.send(.post, "/u/good", body: "choice=list")
        #expect(response.status == .ok && String(buffer: response.body).contains("news"))
        #expect(self.asked == ["oneClick", "page(CoordinatorCore.UnsubscribeChoice.list)"])
    }

    @Test(
        "anything else does not",
        arguments: [
            (.post, "/u/bad", "List-Unsubscribe=One-Click", 404), (.get, "/u/bad", nil, 404),
            (.post, "/u/good", "", 400), (.post, "/u/good", "a=b", 400),
            (.post, "/u/good", String(repeating: "x", count: 5_000), 413),
            (.get, "/", nil, 404), (.get, "/v1/campaigns", nil, 404), (.get, "/metrics", nil, 404),
        ] as [(HTTPRequest.Method, String, String?, Int)]
    )
    func refuses(method: HTTPRequest.Method, path: String, body: String?, status: Int) async throws {
        let response = try await self.send(method, path, body: body)
        #expect(response.status.code == status && self.asked.isEmpty)
    }

    @Test("what could not be written down is not confirmed")
    func unavailable() async throws {
        self.desk.isDown.withLock { $0 = true }
        let response = try await self.send(.post, "/u/good", body: "List-Unsubscribe=One-Click")
        #expect(response.status == .serviceUnavailable && response.headers[.retryAfter] == "60")
    }
}
