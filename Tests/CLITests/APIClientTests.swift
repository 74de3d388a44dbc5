import Domain
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TestPorts
import Testing
import UserFiles

@testable import CLI

/// Answers whatever it is told as a mail server would.
private final class Objector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let objection = ByteBuffer(string: "500 5.5.1 command not known\r\n")
        context.writeAndFlush(self.wrapOutboundOut(objection), promise: nil)
    }
}

@Suite("The API client")
struct APIClientTests {
    private func client<Value>(_ base: String, _ body: (APIClient) async throws -> Value) async throws -> Value {
        try await APIClient.with(base: base, token: Secret("canary-token"), tokenFile: "tokens/operator.token", body)
    }

    private func failure(_ body: () async throws -> Void) async throws -> Failure {
        try await #require(throws: Failure.self) { try await body() }
    }

    @Test("a request carries token, path, query and JSON")
    func request() async throws {
        try await TestServer.with { _ in
            .json(#"{"count":7}"#)
        } _: { server in
            let document = try await self.client(server.base) { client in
                try await client.post(
                    "/v1/segments/count",
                    [("a b", nil), ("x", "1&2")],
                    body: ["expression": "x = 'ü'"]
                )
            }
            #expect(try document.decode(SegmentCount.self).count == 7)
            let request = try #require(server.requests.first)
            #expect(request.line == "POST /v1/segments/count?x=1%262")
            #expect(request.head.headers["Authorization"] == ["Bearer canary-token"])
            #expect(request.head.headers["Content-Type"] == ["application/json"])
            let body = try JSONDecoder().decode([String: String].self, from: Data(request.body))
            #expect(body == ["expression": "x = 'ü'"])
        }
    }

    @Test(
        "a refusal becomes a sentence, an exit code and diagnostics",
        arguments: [
            (400, CommandStatus.badInput), (401, .notAllowed), (403, .notAllowed), (404, .failed), (409, .failed),
            (422, .badInput), (500, .failed), (503, .unreachable),
        ]
    )
    func refusal(code: Int, status: CommandStatus) async throws {
        let body =
            #"{"title":"No","detail":"because","diagnostics":[{"severity":"error","file":"c.yaml","line":3,"column":4,"message":"m"}]}"#
        try await TestServer.with { _ in
            .json(body, .init(statusCode: code))
        } _: { server in
            let failure = try await self.failure { try await self.client(server.base) { _ = try await $0.get("/x") } }
            #expect(failure.status == status)
            #expect(failure.diagnostics.map(\.description) == ["c.yaml:3:4: error: m"])
            #expect(failure.document == body)
            #expect(!failure.message.contains("canary"))
            if code == 401 || code == 403 { #expect(failure.message.contains("tokens/operator.token")) }
            if code == 409 { #expect(failure.message == "No: because") }
            // The place says it all.
            if status == .badInput { #expect(failure.message.isEmpty) }
        }
    }

    @Test("nobody there is told with the way to start somebody")
    func nobody() async throws {
        let port = try LoopbackPort()
        let base = "http://127.0.0.1:\(port.number)"
        let failure = try await self.failure { try await self.client(base) { _ = try await $0.get("/x") } }
        #expect(failure.status == .unreachable)
        #expect(failure.message == "no coordinator answers at \(base); start one with `postrider up`")
        withExtendedLifetime(port) {}
    }

    @Test("a program of another kind on that port is told of as one")
    func otherProtocol() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Objector()) }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        let base = "http://127.0.0.1:\(server.localAddress?.port ?? 0)"
        let failure = try await self.failure { try await self.client(base) { _ = try await $0.get("/x") } }
        #expect(failure.status == .unreachable)
        #expect(failure.message == "what answers at \(base) is no coordinator: it does not speak HTTP")
        try await server.close()
    }

    @Test("a connection that is closed without an answer is no coordinator")
    func silent() async throws {
        try await TestServer.with { _ in
            TestServer.Answer(isSilent: true)
        } _: { server in
            let failure = try await self.failure { try await self.client(server.base) { _ = try await $0.get("/x") } }
            #expect(failure.status == .unreachable)
        }
    }

    @Test("a request whose answer was lost is sent again under its key, and each request has another")
    func again() async throws {
        let count = Mutex(0)
        try await TestServer.with { request in
            // The head alone is looked at first, and then the whole request.
            let number = count.withLock {
                $0 += 1
                return $0
            }
            return number == 1 ? TestServer.Answer(isSilent: true) : .json("{}")
        } _: { server in
            try await self.client(server.base) { client in
                _ = try await client.post("/v1/campaigns/c1/pause")
                _ = try await client.post("/v1/campaigns/c1/pause")
            }
            let keys = server.heads.filter { $0.method == .POST }.map { $0.headers["Idempotency-Key"] }
            #expect(keys.count == 3)
            #expect(keys.first == keys.dropFirst().first)
            #expect(keys.last != keys.first)
            #expect(keys.allSatisfy { $0.count == 1 })
        }
    }

    @Test("all campaigns are asked for, page by page, and told as one document")
    func pages() async throws {
        let counts =
            #"{"pending":0,"leased":0,"deferred":0,"accepted":7,"bounced":0,"suppressed":0,"in_doubt":1,"expired":0,"cancelled":0,"failed":0}"#
        let status =
            #"{"id":"c1","name":"n","state":"running","audience":8,"freezing":false,"counts":\#(counts),"sent_twice":0,"rate_per_second":1}"#
        try await TestServer.with { request in
            request.head.uri.contains("cursor=c2")
                ? .json(#"{"campaigns":[\#(status)],"next_cursor":null}"#)
                : .json(#"{"campaigns":[\#(status),\#(status)],"next_cursor":"c2"}"#)
        } _: { server in
            let document = try await self.client(server.base) { try await CampaignList.all($0) }
            #expect(try document.decode(CampaignList.self).campaigns.count == 3)
            #expect(document.line.contains(#""next_cursor":null"#))
        }
    }

    @Test("an answer that is no JSON is a failure, not a crash", arguments: ["", "<html>", "[]", #"{"count":"x"}"#])
    func nonsense(text: String) async throws {
        try await TestServer.with { _ in
            .json(text)
        } _: { server in
            let failure = try await self.failure {
                try await self.client(server.base) { _ = try await $0.get("/x").decode(SegmentCount.self) }
            }
            #expect(failure.status == .failed)
        }
    }

    @Test("a file arrives whole, with progress to its end", arguments: [0, 1, 262_144, 3_000_001])
    func upload(size: Int) async throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let text = String(repeating: "0123456789", count: size / 10 + 1).prefix(size)
        let path = try folder.write("f.csv", String(text))
        let last = Mutex(-1)
        try await TestServer.with { _ in
            .json("{}")
        } _: { server in
            let upload = try FileUpload.open(path)
            defer { upload.close() }
            try await self.client(server.base) { client in
                let chunks = upload.chunks { progress in last.withLock { $0 = progress.bytes } }
                _ = try await client.upload("/v1/imports", [("file", "f.csv")], chunks, length: upload.length)
            }
            let request = try #require(server.requests.first)
            #expect(request.body == Array(text.utf8))
            #expect(request.head.headers["Content-Length"] == [String(size)])
            // Nothing is asked of an empty file, so nothing is told.
            #expect(last.withLock { $0 } == (size == 0 ? -1 : size))
        }
    }

    @Test("a refusal in the middle of a large file is heard")
    func hastyRefusal() async throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let path = try folder.write("f.csv", String(repeating: "0123456789", count: 500_000))
        let answer = TestServer.Answer(status: .forbidden, chunks: [#"{"title":"Not allowed"}"#], isHasty: true)
        try await TestServer.with { _ in
            answer
        } _: { server in
            let upload = try FileUpload.open(path)
            defer { upload.close() }
            let failure = try await self.failure {
                try await self.client(server.base) { client in
                    _ = try await client.upload("/v1/imports", [], upload.chunks { _ in }, length: upload.length)
                }
            }
            // The connection may break before the answer is read: a vague exit code then, but never a wrong one.
            #expect([CommandStatus.notAllowed, .unreachable].contains(failure.status))
        }
    }

    @Test("a folder, a device or a missing file is bad input", arguments: ["/", "/nonexistent.csv", "/dev/zero"])
    func noFile(path: String) throws {
        #expect(try #require(throws: Failure.self) { try FileUpload.open(path) }.status == .badInput)
    }

    @Test("a pipe with a name is refused at once, one of a shell is read")
    func pipes() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        let path = try folder.write("x", "") + ".fifo"
        #expect(mkfifo(path, 0o600) == 0)
        #expect(try #require(throws: Failure.self) { try FileUpload.open(path) }.status == .badInput)
        var ends: [CInt] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let upload = try FileUpload.open("/dev/fd/\(ends[0])")
        #expect(upload.length == nil)
        upload.close()
    }

    @Test("a stream comes in pieces and ends")
    func stream() async throws {
        let lines = (0..<100).map { "{\"n\":\($0)}\n" }
        try await TestServer.with { _ in
            TestServer.Answer(chunks: lines)
        } _: { server in
            var splitter = LineSplitter()
            var count = 0
            try await self.client(server.base) { client in
                try await client.stream("/x") { (chunk) throws(Failure) in
                    count += try splitter.add(chunk.readableBytesView).count
                }
            }
            #expect(count == 100)
            #expect(splitter.rest == nil)
        }
    }

    @Test("a refusal of a stream is a refusal")
    func refusedStream() async throws {
        try await TestServer.with { _ in
            .json(#"{"title":"No"}"#, .notFound)
        } _: { server in
            let failure = try await self.failure {
                try await self.client(server.base) { try await $0.stream("/x") { _ in } }
            }
            #expect(failure == Failure(.failed, "No", document: #"{"title":"No"}"#))
        }
    }
}
