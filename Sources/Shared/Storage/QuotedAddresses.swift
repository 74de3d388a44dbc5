import Domain

/// Brings what older programs noted under quoted addresses to the keys of today: to them `"ann"@x` and `ann@x` were two people.
///
/// Done once, when a coordinator of this program opens the data first; such addresses are very rare.
package struct QuotedAddresses {
    private let connection: any SQLConnection
    private let key: AddressKey
    private let suppressions: SuppressionStore

    private static let markKey = "addresses_unquoted"
    /// All keys that begin with a quote, by the index of keys.
    private static let isQuoted = "email_key >= '\"' AND email_key < '#'"

    package init(_ connection: any SQLConnection, key: AddressKey) {
        self.connection = connection
        self.key = key
        self.suppressions = SuppressionStore(connection, key: key)
    }

    /// Moves contacts, suppressions and departures from lists, in one transaction.
    ///
    /// - Returns: How many contacts had another key.
    /// - Throws: What the store throws.
    @discardableResult
    package func settle() throws(StoreError) -> Int {
        guard try ClusterStore(self.connection).meta(Self.markKey) == nil else { return 0 }
        return try self.connection.transaction { () throws(StoreError) in
            var count = 0
            for old in try self.keys(in: "contact") where EmailAddress.key(fromOlder: old) != old {
                try self.move(old, to: EmailAddress.key(fromOlder: old))
                count += 1
            }
            let before = try self.connection.prepare("UPDATE contact_before SET email_key = ?2 WHERE email_key = ?1")
            for old in try self.keys(in: "contact_before") where EmailAddress.key(fromOlder: old) != old {
                before.bind(1, old)
                before.bind(2, EmailAddress.key(fromOlder: old))
                try before.run()
            }
            try ClusterStore(self.connection).setMeta(Self.markKey, "1")
            return count
        }
    }

    private func keys(in table: String) throws(StoreError) -> [String] {
        let row = try self.connection.prepare(
            "SELECT DISTINCT email_key FROM \(table) WHERE \(Self.isQuoted) ORDER BY email_key"
        )
        defer { row.reset() }
        var keys: [String] = []
        while try row.step() { keys.append(row.text(0)) }
        return keys
    }

    private func move(_ old: String, to new: String) throws(StoreError) {
        guard let contact = try self.suppressions.contact(at: old) else { return }
        let bars = try self.suppressions.bars(of: contact) ?? []
        let known = try self.suppressions.remove(old, on: .email)
        let left = try self.listsLeft(old)
        var owner = contact
        if let other = try self.suppressions.contact(at: new) {
            // Two rows for one mailbox: this one gives its address up, and keeps its history.
            try self.giveUpAddress(contact, to: other)
            owner = other
        } else {
            let update = try self.connection.prepare("UPDATE contact SET email_key = ?2 WHERE id = ?1")
            update.bind(1, contact.rawValue)
            update.bind(2, new)
            try update.run()
        }
        if var record = known {
            record.address = self.key.hash(new, on: .email)
            _ = try self.suppressions.add(record, address: new)
        }
        for (list, at) in left { _ = try self.suppressions.leave(list, address: new, at: at) }
        var text = new
        let found: Result<ContactBars, StoreError> = text.withUTF8 { bytes in
            do throws(StoreError) {
                return .success(try self.suppressions.bars(of: UnsafeRawBufferPointer(bytes)))
            } catch {
                return .failure(error)
            }
        }
        try self.suppressions.set(bars.union(try found.get()), true, on: owner)
    }

    private func listsLeft(_ address: String) throws(StoreError) -> [(list: Int64, at: Timestamp)] {
        let hash = self.key.hash(address, on: .email)
        let row = try self.connection.prepare(
            "SELECT list, at FROM list_departure WHERE address_hash = ?1 ORDER BY list"
        )
        row.bind(1, bytes: hash.bytes)
        var lists: [(Int64, Timestamp)] = []
        while try row.step() { lists.append((row.integer(0), Timestamp(milliseconds: row.integer(1)))) }
        row.reset()
        let delete = try self.connection.prepare("DELETE FROM list_departure WHERE address_hash = ?1")
        delete.bind(1, bytes: hash.bytes)
        try delete.run()
        return lists
    }

    private func giveUpAddress(_ contact: Contact.ID, to other: Contact.ID) throws(StoreError) {
        let join = try self.connection.prepare(
            "INSERT INTO list_member (list, contact) SELECT list, ?2 FROM list_member WHERE contact = ?1 ON CONFLICT DO NOTHING"
        )
        join.bind(1, contact.rawValue)
        join.bind(2, other.rawValue)
        try join.run()
        let update = try self.connection.prepare(
            "UPDATE contact SET email = NULL, email_key = NULL, domain = NULL WHERE id = ?1"
        )
        update.bind(1, contact.rawValue)
        try update.run()
    }
}
