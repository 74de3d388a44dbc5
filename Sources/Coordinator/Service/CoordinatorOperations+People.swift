import Domain
import NIOCore
import Storage

/// What was imported, and who is known.
extension CoordinatorOperations {
    func listImports() async throws -> [ImportListing] {
        try await self.reads.imports(limit: ImportListing.countMax)
    }

    func undoImport(_ id: String, by caller: Caller) async throws -> UndoneImport {
        guard let number = ImportService.number(id) else {
            throw OperationError.notFound("there is no import '\(id.prefix(40))'")
        }
        let overlapping = try await self.imports.undo(number, by: caller.name)
        guard let listing = try await self.reads.importListing(number) else {
            throw OperationError.notFound("there is no import '\(id.prefix(40))'")
        }
        return UndoneImport(listing: listing, overlapped: overlapping.map(ImportService.publicID))
    }

    /// Refuses an import that does not say why its people may be written to, where the configuration asks for that.
    func checkBasis(of request: ImportRequest) throws {
        let basis = Basis(stated: request.basis ?? "")
        guard self.consent.demandsBasis, basis.map({ !self.consent.accepts($0) }) ?? true else { return }
        let words = ConsentProfile.gdprBases.map(\.name).joined(separator: ", ")
        throw OperationError.invalid([
            Diagnostic(
                file: request.file,
                "with `consent: \(self.consent.rawValue)` an import must say on which basis people may be written to: --basis with one of \(words)"
            )
        ])
    }

    // Contacts.

    func contacts(at address: String, by caller: Caller) async throws -> [PersonJSON] {
        let found = try await self.erasures.find(PersonName(address))
        guard !found.isEmpty else { throw OperationError.notFound("nobody has the address '\(address.prefix(80))'") }
        let contacts = found.map { Contact.ID($0) }
        try await self.loop.ask { try $0.audit("show_contact", people: contacts, by: caller.name) }
        return try await self.reads.people(found, key: self.addressKey)
    }

    func eraseContact(at address: String, by caller: Caller) async throws -> ErasureAnswer {
        try await self.erasures.erase(PersonName(address), by: caller.name)
    }

    func exportContacts(asCSV: Bool, by caller: Caller) async throws -> Pages<ByteBuffer> {
        try await self.loop.ask { try $0.audit("export_contacts", on: "all", by: caller.name) }
        return try await self.reads.export(asCSV: asCSV)
    }
}
