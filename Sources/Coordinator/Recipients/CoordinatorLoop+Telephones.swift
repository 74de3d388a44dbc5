import Storage

extension CoordinatorLoop {
    /// Brings the index of telephone numbers up to date, so that a number leads to its contacts.
    ///
    /// - Parameter steps: At most so many pieces of a thousand contacts, for those who cannot wait; the next one goes on from there.
    /// - Throws: What the store throws.
    func indexTelephones(steps: Int = .max) async throws {
        var rest = steps
        while rest > 0, try await self.write({ connection throws(StoreError) in try PhoneIndex(connection).advance() })
        {
            rest -= 1
        }
    }
}
