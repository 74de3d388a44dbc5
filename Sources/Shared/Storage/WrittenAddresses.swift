package import Domain

/// Addresses that contacts had when they were written to, and have no more: what comes back about those messages is about them.
///
/// A row is written when a contact that is or was a target loses its address: it is removed, or an import gives it another one. There are
/// hashes only, so that it holds of people who are gone, too; whoever is erased loses these rows as well.
package struct WrittenAddresses {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// Whether there are any: else no contact that comes need be looked up.
    func hasAny() throws(StoreError) -> Bool {
        let row = try self.connection.prepare("SELECT 1 FROM written_address LIMIT 1")
        defer { row.reset() }
        return try row.step()
    }

    /// The canonical address of a contact that is or was a target; `nil` for others.
    func target(_ contact: Int64) throws(StoreError) -> [UInt8]? {
        let row = try self.connection.prepare(
            """
            SELECT email_key FROM contact WHERE id = ?1 AND email IS NOT NULL
                AND EXISTS (SELECT 1 FROM target WHERE contact = ?1)
            """
        )
        defer { row.reset() }
        row.bind(1, contact)
        return try row.step() ? row.bytes(0) : nil
    }

    /// Notes that a contact had an address until now.
    func add(_ address: AddressHash, of contact: Int64, until: Timestamp) throws(StoreError) {
        let statement = try self.connection.prepare(
            "INSERT INTO written_address (contact, until, address_hash) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
        )
        statement.bind(1, contact)
        statement.bind(2, until.milliseconds)
        statement.bind(3, bytes: address.bytes)
        try statement.run()
    }

    /// Notes which contact has an address now.
    func hold(_ address: AddressHash, by contact: Contact.ID) throws(StoreError) {
        let statement = try self.connection.prepare("UPDATE written_address SET holder = ?2 WHERE address_hash = ?1")
        statement.bind(1, bytes: address.bytes)
        statement.bind(2, contact.rawValue)
        try statement.run()
    }

    /// What a contact had, oldest first: until when, and the canonical address that its holder has, who may have had another one since.
    func rows(
        of contact: Contact.ID
    ) throws(StoreError) -> [(address: AddressHash, until: Timestamp, holder: Contact.ID?, key: String?)] {
        let row = try self.connection.prepare(
            """
            SELECT w.address_hash, w.until, c.id, c.email_key FROM written_address w LEFT JOIN contact c ON c.id = w.holder
            WHERE w.contact = ?1 ORDER BY w.until, w.address_hash
            """
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        var rows: [(address: AddressHash, until: Timestamp, holder: Contact.ID?, key: String?)] = []
        while try row.step() {
            rows.append(
                (
                    AddressHash(bytes: row.bytes(0)), Timestamp(milliseconds: row.integer(1)),
                    row.optionalInteger(2).map { Contact.ID($0) }, row.optionalText(3)
                )
            )
        }
        return rows
    }

    /// Who had an address last of those that have it no more; `nil` when nobody is known.
    package func contact(thatHad address: AddressHash) throws(StoreError) -> Contact.ID? {
        let row = try self.connection.prepare(
            "SELECT contact FROM written_address WHERE address_hash = ?1 ORDER BY until DESC, contact DESC LIMIT 1"
        )
        defer { row.reset() }
        row.bind(1, bytes: address.bytes)
        return try row.step() ? Contact.ID(row.integer(0)) : nil
    }

    /// The contact that had an address last before it was removed; `nil` when there was none.
    func gone(from address: AddressHash) throws(StoreError) -> Int64? {
        let row = try self.connection.prepare(
            """
            SELECT w.contact FROM written_address w WHERE w.address_hash = ?1
                AND NOT EXISTS (SELECT 1 FROM contact c WHERE c.id = w.contact)
            ORDER BY w.until DESC, w.contact DESC LIMIT 1
            """
        )
        defer { row.reset() }
        row.bind(1, bytes: address.bytes)
        return try row.step() ? row.integer(0) : nil
    }

    /// Notes that a contact is there again, with an address that it had.
    func back(_ contact: Int64, at address: AddressHash) throws(StoreError) {
        let statement = try self.connection.prepare(
            "DELETE FROM written_address WHERE contact = ?1 AND address_hash = ?2"
        )
        statement.bind(1, contact)
        statement.bind(2, bytes: address.bytes)
        try statement.run()
    }

    /// Forgets what somebody had, for good.
    ///
    /// - Parameters:
    ///   - contact: `nil` when it is known no more.
    ///   - addresses: Whoever had them.
    /// - Throws: What the store throws.
    package func forget(_ contact: Contact.ID?, _ addresses: [AddressHash]) throws(StoreError) {
        if let contact {
            let statement = try self.connection.prepare("DELETE FROM written_address WHERE contact = ?1")
            statement.bind(1, contact.rawValue)
            try statement.run()
        }
        let statement = try self.connection.prepare("DELETE FROM written_address WHERE address_hash = ?1")
        for address in addresses {
            statement.bind(1, bytes: address.bytes)
            try statement.run()
        }
    }
}

/// An address of a contact, and when it was the contact's.
package struct HeldAddress: Hashable, Sendable {
    package let hash: AddressHash
    package let from: Timestamp
    /// `nil`: it is the contact's now.
    package let until: Timestamp?
    /// The contact that has the address now, whichever that is.
    package let holder: Contact.ID?

    package init(hash: AddressHash, from: Timestamp, until: Timestamp?, holder: Contact.ID?) {
        self.hash = hash
        self.from = from
        self.until = until
        self.holder = holder
    }
}
