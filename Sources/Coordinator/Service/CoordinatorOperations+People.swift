import Domain
import NIOCore
import Storage

/// What was imported, and who is known.
extension CoordinatorOperations {
    func listImports() async throws -> [ImportListing] {
        try await self.reads.imports(limit: ImportListing.countMax)
    }

    func undoImport(_ id: String, by caller: Caller) async throws -> ImportListing {
        guard let number = ImportService.number(id) else {
            throw OperationError.notFound("there is no import '\(id.prefix(40))'")
        }
        try await self.imports.undo(number, by: caller.name)
        guard let listing = try await self.reads.importListing(number) else {
            throw OperationError.notFound("there is no import '\(id.prefix(40))'")
        }
        return listing
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

    func contacts(at address: String) async throws -> [ContactJSON] {
        let person = try PersonName(address)
        if case .phone = person {
            // So far nobody needed the index of numbers to be complete.
            while try await self.loop.write({ connection throws(StoreError) in try PhoneIndex(connection).advance() }) {
            }
        }
        let found = try await self.reads.contacts(person)
        guard !found.isEmpty else { throw OperationError.notFound("nobody has the address '\(address.prefix(80))'") }
        return try await self.reads.records(found)
    }

    func exportContacts(asCSV: Bool) async throws -> Pages<ByteBuffer> {
        try await self.reads.export(asCSV: asCSV)
    }
}
