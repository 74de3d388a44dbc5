package import Domain

/// Contacts that are several spellings of one mailbox, as ``ProviderMailbox`` knows them: what stands against one stands against all.
///
/// Hashes are of the mailbox; on contacts, bits are set one by one.
extension SuppressionStore {
    /// Contacts whose messages reach the mailbox of an address.
    ///
    /// - Parameters:
    ///   - address: In canonical form, whether a contact has it or not.
    ///   - channel: For text messages the contact that came first stands for all with the number.
    /// - Returns: The one with this very address first, the others in the order in which they came. As many as the lists have spellings.
    /// - Throws: What the store throws.
    package func holders(
        of address: String,
        on channel: SuppressionChannel = .email
    ) throws(StoreError) -> [Contact.ID] {
        guard channel == .email else {
            return try self.contact(at: address, on: channel).map { [$0] } ?? []
        }
        let common = ProviderMailbox.common(ofKey: address)
        let row = try self.connection.prepare(
            """
            SELECT id, 0 AS place FROM contact WHERE email_key = ?1
            UNION SELECT id, 1 FROM contact WHERE email_key = ?2 AND ?2 <> ?1
            UNION SELECT id, 1 FROM contact WHERE mailbox = ?2 AND email_key <> ?1
            ORDER BY place, id
            """
        )
        defer { row.reset() }
        row.bind(1, address)
        row.bind(2, common)
        var holders: [Contact.ID] = []
        while try row.step() { holders.append(Contact.ID(row.integer(0))) }
        return holders
    }

    /// A contact, and the others whose messages reach the same mailbox.
    package func sharers(of contact: Contact.ID) throws(StoreError) -> [Contact.ID] {
        guard let address = try self.address(of: contact) else { return [contact] }
        return try self.holders(of: address)
    }

    /// What stands for an address in the tables: its mailbox, and what an older program took, which told spellings apart.
    func hashes(of address: UnsafeRawBufferPointer) -> (now: AddressHash, before: AddressHash?) {
        (self.key.hash(address, on: .email), self.key.hashOfSpelling(address, on: .email))
    }

    func hashes(of address: [UInt8]) -> (now: AddressHash, before: AddressHash?) {
        address.withUnsafeBytes { self.hashes(of: $0) }
    }
}
