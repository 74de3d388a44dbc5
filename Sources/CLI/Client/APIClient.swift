import AsyncHTTPClient
import Domain
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix
import UserFiles

/// Talks to the coordinator's HTTP API.
struct APIClient: Sendable {
    /// `http://127.0.0.1:7701`, without a slash at its end.
    let base: String
    private let token: Secret?
    /// Where the token came from, for messages.
    private let tokenFile: String
    private let http: HTTPClient

    /// Time to connect: the coordinator is near, or it is not there.
    static let connectTimeout = TimeAmount.seconds(5)
    /// Time for a whole answer: a report over ten million rows takes a while.
    static let answerTimeout = TimeAmount.seconds(60)
    /// Silence after the end of a request: the last rows of an import may still wait to be written.
    static let importTimeout = TimeAmount.minutes(10)
    /// Requests at once: some commands ask for many people together.
    static let requestsMax = 100
    /// Names a request, so that it is done once however often it is sent.
    static let keyHeader = "Idempotency-Key"
    /// Times that a request with a key is sent: `up` starts a dead coordinator again after a second or two.
    static let triesMax = 6
    static let triesPause = Duration.seconds(1)
    /// Largest JSON document read whole; lists that can be longer are streamed.
    static let documentBytesMax = 64 * 1_024 * 1_024

    /// Runs `body` with a client whose connections are closed afterwards.
    static func with<Value>(
        base: String,
        token: Secret?,
        tokenFile: String,
        _ body: (APIClient) async throws -> Value
    ) async throws -> Value {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = Self.connectTimeout
        // Counts from the end of a request: an upload may take as long as it takes.
        configuration.timeout.read = Self.importTimeout
        // Who is not there now will not be there in five seconds; `watch` and `up` ask again by themselves.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.requestsMax
        configuration.httpVersion = .http1Only
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let client = APIClient(base: base, token: token, tokenFile: tokenFile, http: http)
            let value = try await body(client)
            try await http.shutdown()
            return value
        } catch {
            // The first failure is the one to tell.
            try? await http.shutdown()
            throw error
        }
    }

    /// The body of an answer, whole.
    func get(_ path: String, _ query: [(String, String?)] = []) async throws(Failure) -> Document {
        let request = self.request("GET", path, query)
        return try await self.document(request, timeout: Self.answerTimeout)
    }

    /// Sends JSON, or nothing, under a key of its own; waits for the answer until `timeout`, `nil` for as long as it takes.
    ///
    /// When the connection is lost before the answer came, it is sent again under the same key: what was done is not done twice.
    func post(
        _ path: String,
        _ query: [(String, String?)] = [],
        body: (any Encodable & Sendable)? = nil,
        timeout: TimeAmount? = Self.answerTimeout
    ) async throws(Failure) -> Document {
        try await self.send("POST", path, query, body, timeout: timeout)
    }

    /// Sends JSON to where it belongs.
    func put(_ path: String, body: any Encodable & Sendable) async throws(Failure) -> Document {
        try await self.send("PUT", path, [], body, timeout: Self.answerTimeout)
    }

    private func send(
        _ method: String,
        _ path: String,
        _ query: [(String, String?)],
        _ body: (any Encodable & Sendable)?,
        timeout: TimeAmount?
    ) async throws(Failure) -> Document {
        var request = self.request(method, path, query)
        if let body {
            do {
                request.body = .bytes(ByteBuffer(bytes: try JSONEncoder().encode(body)))
            } catch {
                throw Failure(.failed, "the request cannot be written as JSON: \(error)")
            }
            request.headers.add(name: "Content-Type", value: "application/json")
        }
        guard method == "POST" else { return try await self.document(request, timeout: timeout) }
        request.headers.add(name: Self.keyHeader, value: UUID().uuidString.lowercased())
        return try await self.again(request, timeout: timeout)
    }

    /// Sends a request that has a key until an answer comes.
    private func again(_ request: HTTPClientRequest, timeout: TimeAmount?) async throws(Failure) -> Document {
        var tries = 0
        while true {
            do throws(Failure) {
                return try await self.document(request, timeout: timeout)
            } catch {
                tries += 1
                // One that never got through is told at once; it is lost connections that leave a doubt.
                guard error.isConnectionLost || (tries > 1 && error.status == .unreachable), tries < Self.triesMax
                else { throw error }
            }
            do {
                try await Task.sleep(for: Self.triesPause)
            } catch {
                throw Failure(.failed, "interrupted")
            }
        }
    }

    func delete(_ path: String) async throws(Failure) -> Document {
        try await self.document(self.request("DELETE", path, []), timeout: Self.answerTimeout)
    }

    /// Sends a stream of bytes and waits for the answer.
    func upload<Chunks: AsyncSequence & Sendable>(
        _ path: String,
        _ query: [(String, String?)],
        _ chunks: Chunks,
        length: Int?
    ) async throws(Failure) -> Document where Chunks.Element == ByteBuffer {
        var request = self.request("POST", path, query)
        request.headers.add(name: "Content-Type", value: "application/octet-stream")
        request.headers.add(name: Self.keyHeader, value: UUID().uuidString.lowercased())
        request.body = .stream(chunks, length: length.map { .known(Int64($0)) } ?? .unknown)
        return try await self.document(request, timeout: nil)
    }

    /// Reads an answer piece by piece; `receive` may take its time, the coordinator waits.
    func stream(
        _ path: String,
        _ query: [(String, String?)] = [],
        receive: (ByteBuffer) throws(Failure) -> Void
    ) async throws(Failure) {
        do {
            let request = self.request("GET", path, query)
            let response = try await self.http.execute(request, deadline: .distantFuture)
            guard response.status.code < 300 else { throw try await self.refusal(response) }
            for try await chunk in response.body { try receive(chunk) }
        } catch {
            throw self.failure(error)
        }
    }

    private func request(_ method: String, _ path: String, _ query: [(String, String?)]) -> HTTPClientRequest {
        var url = self.base + path
        for (name, value) in query {
            guard let value else { continue }
            url += "\(url.contains("?") ? "&" : "?")\(name)=\(Self.escaped(value))"
        }
        var request = HTTPClientRequest(url: url)
        request.method = .init(rawValue: method)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: "User-Agent", value: "postrider/\(Build.version)")
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token.reveal())") }
        return request
    }

    private func document(_ request: HTTPClientRequest, timeout: TimeAmount?) async throws(Failure) -> Document {
        do {
            let deadline = timeout.map { NIODeadline.now() + $0 } ?? .distantFuture
            let response = try await self.http.execute(request, deadline: deadline)
            guard response.status.code < 300 else { throw try await self.refusal(response) }
            return Document(bytes: try await response.body.collect(upTo: Self.documentBytesMax))
        } catch {
            throw self.failure(error)
        }
    }

    private func refusal(_ response: HTTPClientResponse) async throws -> Failure {
        let body = try await response.body.collect(upTo: Self.documentBytesMax)
        return ProblemDocument.failure(
            code: Int(response.status.code),
            body: Array(body.readableBytesView),
            tokenFile: self.tokenFile
        )
    }

    private func failure(_ error: any Error) -> Failure {
        switch error {
        case let failure as Failure: return failure
        case let error as IOError where error.errnoCode == ECONNREFUSED: return self.nobodyAnswers
        case let error as IOError where [ECONNRESET, EPIPE].contains(error.errnoCode): return self.connectionLost
        case let error as NIOConnectionError:
            let isRefused = error.connectionErrors.contains { ($0.error as? IOError)?.errnoCode == ECONNREFUSED }
            return isRefused ? self.nobodyAnswers : Failure(.unreachable, "cannot connect to \(self.base): \(error)")
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout: return self.nobodyAnswers
            case .readTimeout, .deadlineExceeded:
                return Failure(.unreachable, "the coordinator at \(self.base) did not answer in time")
            case .remoteConnectionClosed: return self.connectionLost
            default:
                return Failure(.unreachable, "cannot talk to \(self.base): \(error.shortDescription)")
            }
        case is HTTPParserError:
            return Failure(.unreachable, "what answers at \(self.base) is no coordinator: it does not speak HTTP")
        case is CancellationError: return Failure(.failed, "interrupted")
        default: return Failure(.unreachable, "cannot talk to \(self.base): \(error)")
        }
    }

    private var connectionLost: Failure {
        var failure = Failure(.unreachable, "the coordinator at \(self.base) closed the connection before it answered")
        failure.isConnectionLost = true
        return failure
    }

    private var nobodyAnswers: Failure {
        Failure(.unreachable, "no coordinator answers at \(self.base); start one with `postrider up`")
    }

    /// A text as part of a path or a query: everything but unreserved characters is escaped (RFC 3986, section 2.3).
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += digits.utf8.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return result
    }
}

/// A JSON document as it came, so that `--json` shows exactly what the coordinator said.
struct Document: Sendable {
    let bytes: ByteBuffer

    func decode<Value: Decodable>(_ type: Value.Type) throws(Failure) -> Value {
        do {
            return try JSONDecoder().decode(type, from: self.bytes)
        } catch {
            throw .unexpectedAnswer(error)
        }
    }

    /// Pages of one list as one document, the last without a cursor; a single page stays as it came.
    static func joined(_ pages: [Document], list: String) throws(Failure) -> Document {
        guard pages.count > 1 else { return pages.first ?? Document(bytes: ByteBuffer(string: "{}")) }
        do {
            var all: [Any] = []
            for page in pages {
                let object =
                    try JSONSerialization.jsonObject(with: Data(page.bytes.readableBytesView)) as? [String: Any]
                all += object?[list] as? [Any] ?? []
            }
            let whole: [String: Any] = [list: all, "next_cursor": NSNull()]
            let bytes = try JSONSerialization.data(
                withJSONObject: whole,
                options: [.sortedKeys, .withoutEscapingSlashes]
            )
            return Document(bytes: ByteBuffer(bytes: bytes))
        } catch {
            throw .unexpectedAnswer(error)
        }
    }

    /// The document as one line.
    var line: String {
        let text = String(buffer: self.bytes)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

extension JSONDecoder {
    /// One line of a list of JSON objects, one a line.
    func row<Row: Decodable>(_ type: Row.Type, from line: [UInt8]) throws(Failure) -> Row {
        do {
            return try self.decode(type, from: Data(line))
        } catch {
            throw .unexpectedAnswer(error)
        }
    }
}
