import Crypto
import Domain
import Hummingbird
import NIOCore
import Storage
import Synchronization

/// Requests with an `Idempotency-Key`: done once, however often they are sent, and answered the same.
///
/// The key is stored in the transaction of the act, so that a coordinator that died in between neither forgets what it did nor
/// claims what it did not do. Only what was done is remembered: a request that was refused may be sent again with its key.
final class RequestKeys: Sendable {
    /// The header.
    static let header = HTTPFields.Element.Name.idempotencyKey
    /// Longest key.
    static let keyCharactersMax = 128

    /// Keys of requests that are being done.
    private let underWay = Mutex<Set<RequestMark.Name>>([])

    /// Answers a request that may bear a key.
    ///
    /// - Parameters:
    ///   - input: The request.
    ///   - isStreamed: Its body is too long to be held; it is compared when it has come to its end.
    ///   - keepsAnswer: The answer may be stored.
    ///   - operations: Where keys are stored.
    ///   - answer: Does it.
    /// - Returns: Its answer, or the one it had.
    /// - Throws: ``Problem`` with status 422 when the key names another request, 409 when it is being done or its answer is lost.
    func answer(
        _ input: RequestInput,
        isStreamed: Bool,
        keepsAnswer: Bool,
        by operations: some Operations,
        answer: @Sendable (RequestInput) async throws -> Response
    ) async throws -> Response {
        guard let key = input.request.headers[Self.header] else { return try await answer(input) }
        guard (1...Self.keyCharactersMax).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw Problem.badRequest(
                "Idempotency-Key must be 1 to \(Self.keyCharactersMax) printable ASCII characters without blanks."
            )
        }
        let name = RequestMark.Name(caller: input.caller.name, key: key)
        guard self.underWay.withLock({ $0.insert(name).inserted }) else {
            throw Problem(409, "Being done", "The request with this Idempotency-Key is being done.")
        }
        defer { self.underWay.withLock { _ = $0.remove(name) } }
        let sent = try await Sent(input, isStreamed: isStreamed)
        if let known = try await operations.storedRequest(name.caller, key: key) {
            return try await Self.again(known, sent)
        }
        let mark = RequestMark(caller: name.caller, key: key, digest: sent.head)
        let response: Response
        do {
            response = try await RequestOrigin.$mark.withValue(mark) { try await answer(sent.input) }
        } catch let error as OperationError {
            // An import begins before it sees what is wrong with its file, and takes back what came in: nothing was done.
            if error.isRefusal { try await operations.forget(mark) }
            throw error
        }
        guard response.status == .ok else { return response }
        let body = try await Self.bytes(of: response)
        let done = RequestMark(caller: name.caller, key: key, digest: sent.digest)
        if keepsAnswer, body.readableBytes <= RequestStore.answerBytesMax {
            let answer = StoredRequest.Answer(status: response.status.code, body: Array(body.readableBytesView))
            try await operations.store(done, answer)
        }
        return Response(status: response.status, headers: response.headers, body: .init(byteBuffer: body))
    }

    /// Answers what was sent before.
    private static func again(_ known: StoredRequest, _ sent: Sent) async throws -> Response {
        // Begun and not ended: only the head of a streamed request is known.
        let isSame: Bool
        if known.answer != nil {
            isSame = try await sent.whole() == known.digest
        } else {
            isSame = known.digest == sent.head
        }
        guard isSame else {
            throw Problem(422, "Another request", "This Idempotency-Key was used for another request; take a new one.")
        }
        guard let answer = known.answer else {
            let text =
                "The request with this Idempotency-Key was begun, and its answer is not known any more; look what it did."
            throw Problem(409, "Done before", text)
        }
        return Response(
            status: .init(code: answer.status),
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: answer.body))
        )
    }

    private static func bytes(of response: Response) async throws -> ByteBuffer {
        let collected = CollectedBody()
        try await response.body.write(CollectingWriter(collected: collected))
        return collected.bytes
    }

    /// A request as it was sent.
    private struct Sent {
        let input: RequestInput
        /// Of method, path and query, and of the body when it is not streamed.
        let head: String
        private let body: DigestingBody<RequestBody>?

        init(_ input: RequestInput, isStreamed: Bool) async throws {
            let line = "\(input.request.method.rawValue) \(input.request.uri.description)\n"
            guard !isStreamed else {
                self.head = ContentDigest.of(line.utf8)
                let body = DigestingBody(input.request.body)
                self.body = body
                var request = input.request
                request.body = RequestBody(asyncSequence: body)
                self.input = RequestInput(request: request, context: input.context, caller: input.caller)
                return
            }
            var request = input.request
            let limit = RequestInput.bodyBytesMax
            do {
                let bytes = try await request.collectBody(upTo: limit)
                self.head = ContentDigest.of(Array(line.utf8) + Array(bytes.readableBytesView))
            } catch is NIOTooManyBytesError {
                throw Problem.tooLarge(bytesMax: limit)
            }
            self.body = nil
            self.input = RequestInput(request: request, context: input.context, caller: input.caller)
        }

        /// Of everything that was read by now.
        var digest: String { self.body.map { ContentDigest.of("\(self.head) \($0.digest)".utf8) } ?? self.head }

        /// Of everything, which is read to its end.
        func whole() async throws -> String {
            if let body { for try await _ in body {} }
            return self.digest
        }
    }
}

extension RequestMark {
    /// Which key of whom.
    struct Name: Hashable, Sendable {
        let caller: String
        let key: String
    }
}

/// An answer's bytes on their way back from a writer.
private final class CollectedBody: Sendable {
    private let buffer = Mutex(ByteBuffer())

    func add(_ piece: ByteBuffer) { self.buffer.withLock { _ = $0.writeImmutableBuffer(piece) } }

    var bytes: ByteBuffer { self.buffer.withLock { $0 } }
}

private struct CollectingWriter: ResponseBodyWriter {
    let collected: CollectedBody

    mutating func write(_ buffer: ByteBuffer) async throws { self.collected.add(buffer) }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

extension HTTPFields.Element.Name {
    fileprivate static let idempotencyKey: Self = {
        guard let name = Self("Idempotency-Key") else { preconditionFailure("a token by RFC 9110 section 5.6.2") }
        return name
    }()
}

extension RouterPath {
    /// A request that changes nothing: its key means nothing, and what it is told of people is not kept.
    var isQuestion: Bool {
        ["v1/why", "v1/contacts/show", "v1/segments/count", "v1/campaigns/check", "v1/campaigns/plan"].contains {
            self.description.hasSuffix($0)
        }
    }
}
