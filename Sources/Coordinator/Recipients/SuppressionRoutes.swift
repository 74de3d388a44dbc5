import Domain
import Hummingbird
import NIOCore

/// Requests about who must not be written to.
extension Routes {
    func addSuppressions(to router: Router<APIContext>) {
        self.on(.post, "v1/suppressions", .operator, router) { input in
            let asked = try await input.body(SuppressRequest.self)
            return try Response(json: await self.operations.suppress(asked, by: input.caller))
        }
        // Letting somebody be written to again is more than an operator's day's work.
        self.on(.post, "v1/suppressions/remove", .approver, router) { input in
            let asked = try await input.body(UnsuppressRequest.self)
            return try Response(json: await self.operations.unsuppress(asked, by: input.caller))
        }
        self.on(.post, "v1/suppressions/import", .operator, router, query: ["file", "channel", "reason"]) { input in
            guard let file = input.query("file") else {
                throw Problem.badRequest("The query lacks file: the name of the file.")
            }
            let asked = SuppressionImportRequest(
                file: file,
                channel: input.query("channel"),
                reason: input.query("reason")
            )
            return try Response(
                json: await self.operations.importSuppressions(asked, body: input.request.body, by: input.caller)
            )
        }
        self.on(.get, "v1/suppressions", .viewer, router) { _ in
            let pages = try await self.operations.suppressions()
            return try await Response(pages: pages, contentType: "application/x-ndjson") { page in
                var bytes = ByteBuffer()
                for row in page {
                    var line = try JSONForm.encode(row)
                    bytes.writeBuffer(&line)
                }
                return bytes
            }
        }
    }
}
