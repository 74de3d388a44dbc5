import Hummingbird
import NIOCore

extension Response {
    /// A JSON document.
    init(json value: some Encodable, status: HTTPResponse.Status = .ok) throws {
        self.init(
            status: status,
            headers: [.contentType: "application/json"],
            body: .init(byteBuffer: try JSONForm.encode(value))
        )
    }

    /// Plain text.
    init(text: String) {
        self.init(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: .init(byteBuffer: ByteBuffer(string: text))
        )
    }

    /// The answer to `HEAD`: the same head, and nothing behind it (RFC 9110 section 9.3.2).
    var bodiless: Response {
        guard self.body.contentLength == nil else {
            // The length stands in the headers already, and stays.
            return Response(status: self.status, headers: self.headers, body: .init())
        }
        // The library ends a body of unknown length with a mark, also where there is none: nobody may read on behind it.
        var headers = self.headers
        headers[.connection] = "close"
        return Response(status: self.status, headers: headers, body: .init { writer in try await writer.finish(nil) })
    }

    /// Pages as they come: the next is made once the connection took the one before.
    ///
    /// An error in the middle closes the connection without the end mark, so that the reader knows that rows are missing. The first
    /// page is read before the answer begins, and once more in it: what is wrong with all of it is said with a status.
    ///
    /// - Throws: What reading the first page throws.
    init<Row>(
        pages: Pages<Row>,
        contentType: String,
        bytes: @escaping @Sendable ([Row]) throws -> ByteBuffer
    ) async throws {
        _ = try await pages.read()()
        let body = ResponseBody { writer in
            let next = pages.read()
            while let page = try await next() {
                if !page.isEmpty { try await writer.write(try bytes(page)) }
            }
            try await writer.finish(nil)
        }
        self.init(status: .ok, headers: [.contentType: contentType], body: body)
    }
}
