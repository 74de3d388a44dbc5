import Domain

/// Contacts whose address changes.
extension SuppressionStore {
    /// Notes that an import gave a contact another address.
    ///
    /// Who asked not to be written to asked as a person: that goes along to the new address, as do the lists that were left. That a
    /// mailbox was gone does not.
    ///
    /// - Parameters:
    ///   - contact: Its row id.
    ///   - old: The canonical address until now.
    ///   - new: The canonical address from now on, which the contact has already.
    ///   - at: Now.
    ///   - since: Only what was said from then on goes along; `nil` for all.
    /// - Throws: What the store throws.
    func moved(
        _ contact: Int64,
        from old: [UInt8],
        to new: [UInt8],
        at: Timestamp,
        since: Timestamp? = nil
    ) throws(StoreError) {
        let (left, next) = (self.hashes(of: old), self.hash(new))
        let before = left.before ?? left.now
        let suppression = try self.connection.prepare(
            """
            INSERT INTO suppression (channel, address_hash, reason, at, evidence, who, contact)
            SELECT channel, ?2, reason, ?3, 'the same person had another address, with: ' || evidence, who, ?4 FROM suppression
            WHERE channel = ?6 AND address_hash IN (?1, ?8) AND reason <> ?5 AND at >= ?7 ON CONFLICT DO NOTHING
            """
        )
        suppression.bind(1, bytes: left.now.bytes)
        suppression.bind(8, bytes: before.bytes)
        suppression.bind(2, bytes: next.bytes)
        suppression.bind(3, at.milliseconds)
        suppression.bind(4, contact)
        suppression.bind(5, SuppressionReason.bounced.rawValue)
        suppression.bind(6, SuppressionChannel.email.rawValue)
        suppression.bind(7, since?.milliseconds ?? .min)
        try suppression.run()
        let departure = try self.connection.prepare(
            """
            INSERT INTO list_departure (list, address_hash, at) SELECT list, ?2, at FROM list_departure
            WHERE address_hash IN (?1, ?4) AND at >= ?3 ON CONFLICT DO NOTHING
            """
        )
        departure.bind(1, bytes: left.now.bytes)
        departure.bind(4, bytes: before.bytes)
        departure.bind(2, bytes: next.bytes)
        departure.bind(3, since?.milliseconds ?? .min)
        try departure.run()
        try self.settle(contact, from: old, to: new)
    }

    /// The contact that had this canonical address before, and the one that it has now; `nil` when nobody had, or it has none now.
    func mover(from address: String) throws(StoreError) -> (contact: Contact.ID, address: String)? {
        guard let owner = try ContactAliases.contact(withKey: address, on: self.connection) else { return nil }
        let contact = Contact.ID(owner)
        guard let current = try self.address(of: contact), current != address else { return nil }
        return (contact, current)
    }

    /// Sets what stands against a contact to what is known of the address that it has now.
    ///
    /// - Parameters:
    ///   - contact: Its row id.
    ///   - old: The canonical address that it had.
    ///   - new: The canonical address that it has.
    /// - Throws: What the store throws.
    func settle(_ contact: Int64, from old: [UInt8], to new: [UInt8]) throws(StoreError) {
        let forget = try self.connection.prepare(
            "UPDATE suppression SET contact = NULL WHERE channel = ?1 AND address_hash = ?2 AND contact = ?3"
        )
        forget.bind(1, SuppressionChannel.email.rawValue)
        forget.bind(2, bytes: self.hash(old).bytes)
        forget.bind(3, contact)
        try forget.run()
        let bars = try new.withUnsafeBytes { address in
            Result { () throws(StoreError) in try self.bars(of: address) }
        }.get()
        let statement = try self.connection.prepare("UPDATE contact SET barred = ?2 WHERE id = ?1")
        statement.bind(1, contact)
        statement.bind(2, bars.rawValue)
        try statement.run()
        try self.note(Contact.ID(contact), has: self.hash(new))
    }

    private func hash(_ address: [UInt8]) -> AddressHash {
        address.withUnsafeBytes { self.key.hash($0, on: .email) }
    }
}
