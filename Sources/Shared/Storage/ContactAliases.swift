package import Domain

/// Keys of contacts besides those that they have now: a row that has one is the same person.
///
/// A key is an ``EmailAddress/key``; `tel:` and a number, as ``PhoneKey`` gives it; or `id:` and a `contact.external_key`. It belongs to
/// one contact for as long as that is there: what a contact has or had never becomes another's. So whoever a row of a file was once, it
/// is again when the file is imported again.
///
/// Here are addresses and ids that a contact had before; telephone numbers for which it was taken when a row had no address; and ids
/// of other systems than that of the one that the contact keeps, one of each.
package struct ContactAliases {
    private let connection: any SQLConnection
    private let find: any SQLStatement
    private let insert: any SQLStatement
    private let findID: any SQLStatement

    package init(_ connection: any SQLConnection) throws(StoreError) {
        self.connection = connection
        self.find = try connection.prepare("SELECT contact FROM contact_alias WHERE key = ?1")
        self.insert = try connection.prepare(
            "INSERT INTO contact_alias (key, contact, import, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING"
        )
        self.findID = try connection.prepare(
            "SELECT 1 FROM contact_alias WHERE contact = ?1 AND key >= ?2 AND key < ?3 LIMIT 1"
        )
    }

    /// What stands here for an id, which has its system in front.
    static func key(ofID externalKey: [UInt8]) -> [UInt8] { Array("id:".utf8) + externalKey }

    /// Whether there are any: else no row need be looked up.
    func hasAny() throws(StoreError) -> Bool {
        let row = try self.connection.prepare("SELECT 1 FROM contact_alias LIMIT 1")
        defer { row.reset() }
        return try row.step()
    }

    func contact(_ key: UnsafeRawBufferPointer) throws(StoreError) -> Int64? {
        self.find.bind(1, text: key)
        defer { self.find.reset() }
        return try self.find.step() ? self.find.integer(0) : nil
    }

    func contact(_ key: String) throws(StoreError) -> Int64? {
        self.find.bind(1, key)
        defer { self.find.reset() }
        return try self.find.step() ? self.find.integer(0) : nil
    }

    /// Whether a contact is known by an id that begins so.
    ///
    /// - Parameters:
    ///   - contact: Whose.
    ///   - beginning: A system and `:`.
    /// - Returns: Whether it is.
    /// - Throws: What the database says.
    func hasID(_ contact: Int64, beginning: [UInt8]) throws(StoreError) -> Bool {
        let first = String(decoding: Self.key(ofID: beginning), as: UTF8.self)
        self.findID.bind(1, contact)
        self.findID.bind(2, first)
        // `;` follows on `:`.
        self.findID.bind(3, first.dropLast() + ";")
        defer { self.findID.reset() }
        return try self.findID.step()
    }

    /// Notes a key; one that is there stays as it was noted first.
    func add(_ key: UnsafeRawBufferPointer, _ contact: Int64, importID: Int64, at: Timestamp) throws(StoreError) {
        self.insert.bind(1, text: key)
        self.insert.bind(2, contact)
        self.insert.bind(3, importID)
        self.insert.bind(4, at.milliseconds)
        try self.insert.run()
    }

    /// Forgets some of what an import noted.
    ///
    /// - Returns: Whether there may be more.
    func forget(ofImport importID: Int64, limit: Int) throws(StoreError) -> Bool {
        let delete = try self.connection.prepare(
            "DELETE FROM contact_alias WHERE key IN (SELECT key FROM contact_alias WHERE import = ?1 LIMIT ?2)"
        )
        delete.bind(1, importID)
        delete.bind(2, limit)
        try delete.run()
        return self.connection.changedRows > 0
    }

    // MARK: One person

    /// Something that a contact is known by.
    package struct Key: Hashable, Sendable {
        package enum Kind: String, Hashable, Sendable {
            case email
            case phone
            case externalID = "external_id"
        }

        package let kind: Kind
        /// A canonical address, a number as ``PhoneKey`` gives it, or an id, with `SYSTEM:` in front where its system is known.
        package let value: String
        /// Since when it is not what the contact has.
        package let at: Timestamp
        package let importID: Int64
    }

    /// What a contact is known by besides what it has, oldest first.
    package static func keys(of contact: Contact.ID, on connection: any SQLConnection) throws(StoreError) -> [Key] {
        let row = try connection.prepare(
            """
            SELECT f.key, f.at, f.import FROM contact_alias f JOIN contact c ON c.id = f.contact
            WHERE f.contact = ?1 AND f.key <> c.email_key AND f.key <> 'id:' || coalesce(c.external_key, '')
            ORDER BY f.import, f.at, f.key
            """
        )
        defer { row.reset() }
        row.bind(1, contact.rawValue)
        var keys: [Key] = []
        while try row.step() {
            let (kind, value) = Self.parts(of: row.text(0))
            keys.append(
                Key(kind: kind, value: value, at: Timestamp(milliseconds: row.integer(1)), importID: row.integer(2))
            )
        }
        return keys
    }

    /// Who had this e-mail address before, or was taken for whoever has this number (`tel:` and the number).
    package static func contact(withKey key: String, on connection: any SQLConnection) throws(StoreError) -> Int64? {
        try ContactAliases(connection).contact(key)
    }

    private static func parts(of key: String) -> (Key.Kind, String) {
        if key.hasPrefix("tel:") { return (.phone, String(key.dropFirst(4))) }
        guard key.hasPrefix("id:") else { return (.email, key) }
        // Without a system there is nothing before the colon.
        let id = key.dropFirst(3)
        return (.externalID, String(id.hasPrefix(":") ? id.dropFirst() : id))
    }
}
