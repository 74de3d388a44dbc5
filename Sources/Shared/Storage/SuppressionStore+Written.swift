package import Domain

/// Whom wishes and returned mail are about, although the contact is gone or has another address.
extension SuppressionStore {
    private var written: WrittenAddresses { WrittenAddresses(self.connection) }

    /// Every address that a contact had while it was written to, oldest first, and the one that it has now, last.
    ///
    /// - Returns: Nothing for somebody who was erased.
    package func addresses(of contact: Contact.ID) throws(StoreError) -> [HeldAddress] {
        var (held, from): ([HeldAddress], Timestamp) = ([], Timestamp(milliseconds: 0))
        for row in try self.written.rows(of: contact) {
            // A contact that took the address may have left it again.
            let isTheirs = row.key.map { self.key.hash($0, on: .email) == row.address } ?? false
            held.append(
                HeldAddress(hash: row.address, from: from, until: row.until, holder: isTheirs ? row.holder : nil)
            )
            from = row.until
        }
        if let address = try self.address(of: contact) {
            let hash = self.key.hash(address, on: .email)
            held.append(HeldAddress(hash: hash, from: from, until: nil, holder: contact))
        }
        return held
    }

    /// Notes that a contact is about to be removed.
    package func leaves(_ contact: Int64, at: Timestamp) throws(StoreError) {
        guard let address = try self.written.target(contact) else { return }
        try self.gave(up: address, contact, at: at)
    }

    /// Notes an address that a contact has no more, and who reads what goes there all the same.
    private func gave(up address: [UInt8], _ contact: Int64, at: Timestamp) throws(StoreError) {
        try self.written.add(self.hash(address), of: contact, until: at)
        let others = try self.holders(of: String(decoding: address, as: UTF8.self))
        guard let other = others.first(where: { $0 != Contact.ID(contact) }) else { return }
        try self.written.hold(self.hash(address), by: other)
    }

    /// Notes that a contact has another address now.
    ///
    /// - Parameters:
    ///   - old: The canonical one until now, or what stood for it.
    ///   - contact: Its row id.
    ///   - at: Now.
    /// - Returns: Whether it was written to there.
    /// - Throws: What the store throws.
    func left(_ old: [UInt8], by contact: Int64, at: Timestamp) throws(StoreError) -> Bool {
        guard !old.starts(with: Array("tel:".utf8)), try self.written.target(contact) != nil else { return false }
        try self.gave(up: old, contact, at: at)
        return true
    }

    /// Whether somebody who was written to had an address that is nobody's, or another's, now.
    func hasWritten() throws(StoreError) -> Bool { try self.written.hasAny() }

    /// Gives a new contact the number that whoever had its address had before being removed, if anybody: campaigns know people by it.
    ///
    /// So messages of before count for frequency caps, and for what is asked of earlier campaigns, when an import is undone and comes
    /// again.
    ///
    /// - Parameters:
    ///   - contact: Its row id so far.
    ///   - address: Its key.
    /// - Returns: Its row id from now on.
    /// - Throws: What the store throws.
    func recognised(_ contact: Int64, at address: UnsafeRawBufferPointer) throws(StoreError) -> Int64 {
        let hash = self.key.hash(address, on: .email)
        guard let former = try self.written.gone(from: hash) else { return contact }
        let statement = try self.connection.prepare("UPDATE contact SET id = ?2 WHERE id = ?1")
        statement.bind(1, contact)
        statement.bind(2, former)
        try statement.run()
        try self.written.back(former, at: hash)
        return former
    }

    /// Puts on a contact that is new what stands against its address.
    ///
    /// - Parameters:
    ///   - contact: Its row id.
    ///   - address: Its key.
    ///   - wasWritten: Somebody who had the address may have been written to there.
    /// - Throws: What the store throws.
    func came(_ contact: Int64, at address: UnsafeRawBufferPointer, wasWritten: Bool) throws(StoreError) {
        let bars = try self.bars(of: address)
        if !bars.isEmpty {
            try self.bar(contact, at: address, bars)
        } else if wasWritten {
            try self.written.hold(self.key.hash(address, on: .email), by: Contact.ID(contact))
        }
    }

    /// Puts an address on the list of which only the hash is known; as ``add(_:address:)``.
    ///
    /// - Parameters:
    ///   - record: Without its contact.
    ///   - holder: The contact that has the address.
    /// - Returns: Whether it was not there before.
    /// - Throws: What the store throws.
    package func add(_ record: SuppressionRecord, holder: Contact.ID?) throws(StoreError) -> Bool {
        let isNew = try self.put(record)
        if let holder {
            try self.set(ContactBars(record.channel), true, on: try self.sharers(of: holder))
            try self.note(holder, has: record.address, on: record.channel)
        }
        return isNew
    }

    /// Notes that whoever has an address of which only the hash is known left a list; as ``leave(_:address:at:)``.
    package func leave(_ list: Int64, _ address: HeldAddress, at: Timestamp) throws(StoreError) {
        let statement = try self.connection.prepare(
            "INSERT INTO list_departure (list, address_hash, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING"
        )
        statement.bind(1, list)
        statement.bind(2, bytes: address.hash.bytes)
        statement.bind(3, at.milliseconds)
        try statement.run()
        guard let contact = address.holder else { return }
        try self.leave(list, try self.sharers(of: contact))
    }

    private func hash(_ address: [UInt8]) -> AddressHash {
        address.withUnsafeBytes { self.key.hash($0, on: .email) }
    }
}
