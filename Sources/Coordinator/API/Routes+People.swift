import Domain
import Hummingbird
import NIOCore

/// Requests about single people, all of them, and where they came from.
extension Routes {
    func addPeople(to router: Router<APIContext>) {
        self.on(.get, "v1/imports", .operator, router) { _ in
            try Response(json: ImportList(imports: await self.operations.listImports()))
        }
        self.on(.post, "v1/imports/:id/undo", .operator, router) { input in
            try Response(json: await self.operations.undoImport(input.parameter("id"), by: input.caller))
        }
        self.on(.post, "v1/contacts/show", .operator, router) { input in
            let request = try await input.body(PersonRequest.self)
            return try Response(
                json: ContactList(contacts: await self.operations.contacts(at: request.address, by: input.caller))
            )
        }
        self.on(.post, "v1/contacts/erase", .operator, router) { input in
            let request = try await input.body(PersonRequest.self)
            return try Response(json: await self.operations.eraseContact(at: request.address, by: input.caller))
        }
        self.on(.get, "v1/contacts/export", .operator, router, query: ["form"]) { input in
            let form = input.query("form") ?? "ndjson"
            guard ["csv", "ndjson"].contains(form) else { throw Problem.badRequest("form must be csv or ndjson.") }
            let isCSV = form == "csv"
            let pages = try await self.operations.exportContacts(asCSV: isCSV, by: input.caller)
            let type = isCSV ? "text/csv; charset=utf-8; header=present" : "application/x-ndjson"
            return try await Response(pages: pages, contentType: type) { page in
                var bytes = ByteBuffer()
                for piece in page { bytes.writeImmutableBuffer(piece) }
                return bytes
            }
        }
    }

    private struct ImportList: Encodable {
        let imports: [ImportListing]
    }

    private struct ContactList: Encodable {
        let contacts: [PersonJSON]
    }
}
