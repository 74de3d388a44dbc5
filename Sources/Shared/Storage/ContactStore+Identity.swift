import Domain

/// Whose row a row is.
extension ContactStore {
    /// The contact that the row stands for; `nil` when only its key can tell, which inserting it does.
    ///
    /// What a contact had before counts as what it has: so the same rows find the same contacts however often they come.
    func knownOtherwise(_ row: ContactRow, _ turn: inout Turn) throws(StoreError) -> Int64? {
        let hasEmail = !row.cell(0).isEmpty
        if let cell = self.externalCell, !row.cell(cell).isEmpty,
            let owner = try self.owner(ofID: row.externalKey(cell, self.marks.idSystem), turn)
        {
            guard hasEmail, let holder = try self.holder(of: row.cell(1), turn) else { return owner }
            turn.withoutExternalID = holder.contact != owner
            turn.isAlias = holder.isAlias
            return holder.contact
        }
        if turn.hasAliases, let holder = try self.holder(of: row.cell(1), turn) {
            turn.isAlias = hasEmail && holder.isAlias
            return holder.contact
        }
        guard let cell = self.phoneCell, !row.cell(cell).isEmpty else { return nil }
        if hasEmail {
            guard turn.hasTelephones,
                let other = try self.statements.lookup.contact(withTelephone: PhoneKey.of(row.cell(cell)))
            else { return nil }
            if turn.hasAliases { return other }
            return try self.statements.lookup.contact(withKey: row.cell(1)) == nil ? other : nil
        }
        if !turn.hasAliases, try self.statements.lookup.contact(withKey: row.cell(1)) != nil { return nil }
        guard let contact = try self.phones.contact(PhoneKey.of(row.cell(cell))) else { return nil }
        // Another contact may get this number, too: the row is this one's all the same when it comes again.
        if self.policy != .keep { try self.remember(row.cell(1), of: contact, &turn) }
        return contact
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
