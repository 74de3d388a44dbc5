/// Rows that could not be used.
extension ContactsImportCommand {
    /// Fetches the rows of a file of which none could be used.
    ///
    /// - Returns: The failure, which says where they are.
    func withRejects(_ failure: Failure, _ upload: FileUpload, _ client: APIClient) async throws -> Failure {
        guard let id = failure.rejectsOf else { return failure }
        let message: String
        do {
            let path = try await self.fetchRejects(of: id, upload, client)
            message = "nothing was imported; all rows, each with its reason, are in \(path)"
        } catch let error as Failure {
            message = "nothing was imported; \(error.message)"
        }
        return Failure(failure.status, message, diagnostics: failure.diagnostics, document: failure.document)
    }

    /// - Returns: Where the rejected rows are now.
    func fetchRejects(
        of id: String,
        _ upload: FileUpload,
        _ client: APIClient
    ) async throws -> String {
        let rejects = try RejectsFile.open(beside: self.file, isRegular: upload.length != nil)
        do {
            let path = "/v1/imports/\(APIClient.escaped(id))/rejects"
            try await client.stream(path) { (chunk) throws(Failure) in try rejects.write(chunk) }
            try rejects.finish()
        } catch {
            rejects.discard()
            throw error
        }
        return rejects.path
    }
}
