import Domain

/// What a row does to a contact that is there.
extension ContactStore {
    /// Brings a contact that is there up to date, as the policy says.
    func change(_ contact: Int64, _ row: ContactRow, _ turn: inout Turn) throws(StoreError) {
        let known = try self.compare(contact, row, &turn)
        if self.policy != .keep, known.differs {
            let isFirst = try self.changes?.willChange(contact) ?? true
            try self.update(contact, known, row, &turn)
            turn.counts.updated += 1
            // Rows of one person that differ change each other's values, and come to nothing when the file is imported again.
            if !isFirst, let rows = try self.changes?.settleUnchanged(contact) {
                turn.counts.updated -= rows
                turn.counts.unchanged += rows
            }
        } else {
            turn.counts.unchanged += 1
        }
        if self.policy != .keep, known.learnsID { try self.learnID(contact, row, &turn) }
        if let source = turn.source, known.source != source {
            if known.source != nil { try self.changes?.came(contact, from: source, at: turn.at) }
        }
        let key = row.cell(0).isEmpty || turn.withoutAddress ? known.key : Array(row.cell(1))
        let joined = key.withUnsafeBytes { key in
            Result { () throws(StoreError) in try self.join(turn, contact, key: key) }
        }
        if try joined.get() { try self.changes?.joined(contact) }
    }

    /// Notes the row's id beside the contact's own, so that the person is known when the address is another or missing.
    ///
    /// Two ids of one system are two people, also where they share an address: the second of them is not taken.
    private func learnID(_ contact: Int64, _ row: ContactRow, _ turn: inout Turn) throws(StoreError) {
        guard let cell = self.externalCell else { return }
        if turn.hasAliases,
            try self.aliases.hasID(contact, beginning: row.systemBeginning(self.marks.idSystem))
        {
            return
        }
        try self.remember(ContactAliases.key(ofID: row.externalKey(cell, self.marks.idSystem)), of: contact, &turn)
    }

    /// What is there of a contact that a row stands for.
    private struct Known {
        var differs = false
        var source: Int64?
        var hasKey = false
        /// ``EmailAddress/key``, or what stands for it.
        var key: [UInt8] = []
        var phone: [UInt8] = []
        /// The id with its system, where it will be another or must be kept.
        var externalKey: [UInt8]?
        var externalID: [UInt8] = []
        var losesExternalID = false
        /// The row has an id of another system than the contact's, and nobody's: the contact is known by it all the same.
        var learnsID = false
    }

    private func compare(_ contact: Int64, _ row: ContactRow, _ turn: inout Turn) throws(StoreError) -> Known {
        let found = self.statements.read
        defer { found.reset() }
        found.bind(1, contact)
        guard try found.step() else { throw StoreError.corrupt("contact \(contact) is in an index and not there") }
        var known = Known()
        known.source = found.optionalInteger(2)
        let hasID = self.externalCell.map { !row.cell($0).isEmpty } ?? false
        let isAnothersID = turn.withoutExternalID
        // An id of another system stays: a contact has one, and the first was there first.
        let system = row.systemBeginning(self.marks.idSystem)
        if !found.isNull(4), !found.withBytes(4, { $0.starts(with: system) }) {
            turn.withoutExternalID = true
            known.learnsID = hasID && !isAnothersID
        }
        turn.withoutAddress = turn.isAlias && (turn.withoutExternalID || !hasID)
        known.hasKey = row.cell(0).isEmpty || turn.withoutAddress || Self.isSame(found, 1, row.cell(1))
        if !known.hasKey || self.hasSuppressions { known.key = found.bytes(1) }
        known.differs = !known.hasKey || known.source == nil && turn.source != nil
        if !self.marks.consent.isSubset(of: ConsentMarks(rawValue: found.integer(3))) { known.differs = true }
        if self.policy == .replace, !row.cell(0).isEmpty, !turn.withoutAddress, !Self.isSame(found, 0, row.cell(0)) {
            known.differs = true
        }
        for index in self.fields.indices {
            let cell = row.cell(3 + index)
            if 3 + index == self.phoneCell { known.phone = found.bytes(5 + index) }
            if cell.isEmpty, self.policy == .merge { continue }
            let isSame = Self.isSame(found, 5 + index, cell)
            if 3 + index == self.externalCell, !isSame || turn.withoutExternalID {
                known.externalKey = found.isNull(4) ? nil : found.bytes(4)
                known.externalID = found.bytes(5 + index)
                if turn.withoutExternalID { continue }
                known.losesExternalID = known.externalKey != nil
            }
            if !isSame { known.differs = true }
        }
        return known
    }

    private static func isSame(_ found: any SQLStatement, _ column: Int, _ cell: UnsafeRawBufferPointer) -> Bool {
        found.withBytes(column) { $0.elementsEqual(cell) }
    }

    private func update(_ contact: Int64, _ known: Known, _ row: ContactRow, _ turn: inout Turn) throws(StoreError) {
        let update = self.statements.update
        update.bind(2, contact)
        for parameter in [1, 3, 6] { update.bindNull(parameter) }
        let movesTo = known.hasKey ? nil : row.cell(1)
        if !row.cell(0).isEmpty, !turn.withoutAddress, movesTo != nil || self.policy == .replace {
            update.bind(1, text: row.cell(0))
            update.bind(3, text: row.cell(2))
            update.bind(6, text: row.cell(1))
        }
        self.bindExternalKey(of: row, turn, to: update)
        row.bindFields(self.fields, to: update)
        if turn.withoutExternalID, let cell = self.externalCell {
            // Nothing is what `merge` leaves alone; `replace` is told what is there.
            let parameter = row.parameter(of: cell, in: self.fields)
            update.bindNull(parameter)
            if self.policy == .replace, let key = known.externalKey {
                update.bind(8, String(decoding: key, as: UTF8.self))
                update.bind(parameter, String(decoding: known.externalID, as: UTF8.self))
            }
        }
        try update.run()
        if movesTo != nil { try self.remember(known.key, of: contact, &turn) }
        if known.losesExternalID, let key = known.externalKey {
            try self.remember(ContactAliases.key(ofID: key), of: contact, &turn)
        }
        if movesTo != nil, try self.suppressions.left(known.key, by: contact, at: turn.at) { turn.hasLeft = true }
        if self.hasSuppressions || turn.hasLeft, let movesTo {
            try self.suppressions.moved(contact, from: known.key, to: Array(movesTo), at: turn.at)
        }
        guard let cell = self.phoneCell, !(row.cell(cell).isEmpty && self.policy == .merge) else { return }
        try self.phones.change(contact, from: known.phone, to: Array(row.cell(cell)))
    }
}
