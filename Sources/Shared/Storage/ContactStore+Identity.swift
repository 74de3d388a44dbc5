import Domain

/// Whose row a row is.
extension ContactStore {
    /// The contact that the row stands for; `nil` when only its key can tell, which inserting it does.
    ///
    /// What a contact had before counts as what it has: so the same rows find the same contacts however often they come.
    func knownOtherwise(_ row: ContactRow, _ turn: inout Turn) throws(StoreError) -> Int64? {
        let hasEmail = !row.cell(0).isEmpty
        let id = self.externalCell.flatMap {
            row.cell($0).isEmpty ? nil : row.externalKey($0, self.marks.idSystem)
        }
        if let id, let owner = try self.owner(ofID: id, turn) {
            guard hasEmail, let holder = try self.holder(of: row.cell(1), turn) else { return owner }
            turn.withoutExternalID = holder.contact != owner
            turn.isAlias = holder.isAlias
            return holder.contact
        }
        guard hasEmail else { return try self.knownByTelephone(row, id: id, &turn) }
        if turn.hasAliases, let holder = try self.holder(of: row.cell(1), turn) {
            turn.isAlias = holder.isAlias
            return holder.contact
        }
        guard turn.hasTelephones, let cell = self.phoneCell, !row.cell(cell).isEmpty,
            let other = try self.statements.lookup.contact(withTelephone: PhoneKey.of(row.cell(cell)))
        else { return nil }
        if !turn.hasAliases, try self.statements.lookup.contact(withKey: row.cell(1)) != nil { return nil }
        return try self.hasOtherID(other, than: id, turn) ? nil : other
    }

    /// Who has the number of a row without an address whose id is nobody's.
    ///
    /// Two ids of one system are two people of one household: then the row is nobody who is there, and its number cannot be its key.
    private func knownByTelephone(_ row: ContactRow, id: [UInt8]?, _ turn: inout Turn) throws(StoreError) -> Int64? {
        let key = row.cell(1)
        let number = self.phoneCell.map { row.cell($0) }
        guard let number, !number.isEmpty else {
            // Its key is its id: inserting it tells.
            guard turn.hasAliases, let holder = try self.holder(of: key, turn) else { return nil }
            return holder.contact
        }
        let holder = try self.holder(of: key, turn)?.contact
        var known = holder
        if known == nil { known = try self.phones.contact(PhoneKey.of(number)) }
        guard let found = known else { return nil }
        guard try !self.hasOtherID(found, than: id, turn) else {
            turn.ownKey = id.map(ContactAliases.key(ofID:))
            return nil
        }
        // Another contact may get this number, too: the row is this one's all the same when it comes again.
        if holder == nil, self.policy != .keep { try self.remember(key, of: found, &turn) }
        return found
    }

    /// Whether a contact has or had an id of the same system as one that is not its own.
    private func hasOtherID(_ contact: Int64, than id: [UInt8]?, _ turn: Turn) throws(StoreError) -> Bool {
        guard let system = id?.prefix(while: { $0 != UInt8(ascii: ":") }) else { return false }
        let beginning = Array(system) + [UInt8(ascii: ":")]
        if try self.statements.lookup.externalKey(of: contact).starts(with: beginning) { return true }
        guard turn.hasAliases else { return false }
        return try self.aliases.hasID(contact, beginning: beginning)
    }

    /// Notes that a contact is known by a key, also when it has it no more.
    func remember(_ key: UnsafeRawBufferPointer, of contact: Int64, _ turn: inout Turn) throws(StoreError) {
        try self.aliases.add(key, contact, importID: self.marks.importID ?? 0, at: turn.at)
        turn.hasAliases = true
    }

    func remember(_ key: [UInt8], of contact: Int64, _ turn: inout Turn) throws(StoreError) {
        try key.withUnsafeBytes { bytes in
            Result { () throws(StoreError) in try self.remember(bytes, of: contact, &turn) }
        }.get()
    }

    private func owner(ofID key: [UInt8], _ turn: Turn) throws(StoreError) -> Int64? {
        if let owner = try self.statements.lookup.contact(withExternalKey: key) { return owner }
        guard turn.hasAliases else { return nil }
        return try ContactAliases.key(ofID: key).withUnsafeBytes { key in
            Result { () throws(StoreError) in try self.aliases.contact(key) }
        }.get()
    }

    /// Who has a key, or had it before.
    private func holder(
        of key: UnsafeRawBufferPointer,
        _ turn: Turn
    ) throws(StoreError) -> (contact: Int64, isAlias: Bool)? {
        if let contact = try self.statements.lookup.contact(withKey: key) { return (contact, false) }
        guard turn.hasAliases, let contact = try self.aliases.contact(key) else { return nil }
        return (contact, true)
    }
}
