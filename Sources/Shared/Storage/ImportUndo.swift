package import Domain

/// Takes back what an import did, a bounded piece at a time.
///
/// Imports are undone newest first, so that what is restored is the state before the import and nothing that came later is lost. Each
/// step is one write; when the coordinator stops in between, undoing goes on where it was when it is asked for again.
package struct ImportUndo {
    private let connection: any SQLConnection
    private let id: Int64
    private let suppressions: SuppressionStore

    /// Contacts deleted or restored in one step: some milliseconds.
    package static let stepRows = 250

    /// - Parameters:
    ///   - connection: Writes.
    ///   - importID: Which import.
    ///   - key: Of the addresses that must not be written to: a contact may get one of them back.
    package init(_ connection: any SQLConnection, importID: Int64, key: AddressKey) {
        self.connection = connection
        self.id = importID
        self.suppressions = SuppressionStore(connection, key: key)
    }

    /// Why an import cannot be undone now.
    package enum Refusal: Error, Hashable, Sendable {
        case unknown
        case undone
        case running
        /// One that is newer and changed something must be undone first.
        case newerFirst(Int64)
    }

    /// Begins, or goes on with what was begun.
    ///
    /// - Returns: Why not; `nil` when it may go on.
    package func begin() throws(StoreError) -> Refusal? {
        let store = ImportStore(self.connection)
        guard let record = try store.record(self.id) else { return .unknown }
        if record.state == .undone { return .undone }
        let newer = try self.connection.prepare(
            """
            SELECT id, state FROM import WHERE state = 'running' OR id > ?1 AND state <> 'undone' AND (created > 0 OR updated > 0
                OR EXISTS (SELECT 1 FROM contact_source s WHERE s.import = import.id)
                OR EXISTS (SELECT 1 FROM contact_alias f WHERE f.import = import.id)
                OR EXISTS (SELECT 1 FROM import_joined j WHERE j.import = import.id))
            ORDER BY id DESC LIMIT 1
            """
        )
        newer.bind(1, self.id)
        defer { newer.reset() }
        if try newer.step() { return newer.text(1) == "running" ? .running : .newerFirst(newer.integer(0)) }
        try store.end(self.id, as: .undoing, at: record.finishedAt ?? record.startedAt)
        return nil
    }

    /// Other imports that changed something while this one did.
    ///
    /// Older versions let them. Which of the two changed a contact last is not known, so whoever both changed may not be restored.
    ///
    /// - Returns: Their ids, lowest first; to be asked before ``begin()``'s work is done.
    package func overlapping() throws(StoreError) -> [Int64] {
        let row = try self.connection.prepare(
            """
            SELECT o.id FROM import i JOIN import o ON o.id <> i.id WHERE i.id = ?1 AND (o.created > 0 OR o.updated > 0)
                AND CASE WHEN o.id > i.id THEN o.started_at < i.finished_at
                    ELSE o.state <> 'undone' AND i.started_at < o.finished_at END
            ORDER BY o.id
            """
        )
        defer { row.reset() }
        row.bind(1, self.id)
        var ids: [Int64] = []
        while try row.step() { ids.append(row.integer(0)) }
        return ids
    }

    /// Takes back a piece of what contacts have; when there is no more, ``end(at:)`` is left.
    ///
    /// - Returns: Whether there was any.
    package func step(at: Timestamp) throws(StoreError) -> Bool {
        if try self.deleteSome(at: at) { return true }
        if try self.restoreSome(at: at) { return true }
        if try self.leaveSome() { return true }
        if try self.forgetSome() { return true }
        return try ContactAliases(self.connection).forget(ofImport: self.id, limit: Self.stepRows)
    }

    /// Takes away the fields that it brought, in which nobody has a value any more, and is done.
    package func end(at: Timestamp) throws(StoreError) {
        try FieldStore(self.connection).retire(broughtBy: self.id)
        try ImportStore(self.connection).end(self.id, as: .undone, at: at)
    }

    private func deleteSome(at: Timestamp) throws(StoreError) -> Bool {
        let row = try self.connection.prepare(
            "SELECT low, high FROM import_created WHERE import = ?1 ORDER BY low LIMIT 1"
        )
        row.bind(1, self.id)
        let found = try row.step() ? (low: row.integer(0), high: row.integer(1)) : nil
        row.reset()
        guard let found else { return false }
        let removal = try ContactRemoval(self.connection)
        let end = min(found.high, found.low + Int64(removal.rowsAtOnce))
        for contact in found.low..<end {
            try self.suppressions.leaves(contact, at: at)
            try removal.remove(contact)
        }
        let rest = try self.connection.prepare(
            end < found.high
                ? "UPDATE import_created SET low = ?3 WHERE import = ?1 AND low = ?2"
                : "DELETE FROM import_created WHERE import = ?1 AND low = ?2"
        )
        rest.bind(1, self.id)
        rest.bind(2, found.low)
        if end < found.high { rest.bind(3, end) }
        try rest.run()
        return true
    }

    private func restoreSome(at: Timestamp) throws(StoreError) -> Bool {
        let contacts = try self.contacts("SELECT id FROM contact_before WHERE import = ?1 LIMIT \(Self.stepRows)")
        guard !contacts.isEmpty else { return false }
        let columns = try FieldStore(self.connection).storedColumns().joined(separator: ", ")
        let restore = try self.connection.prepare(
            """
            UPDATE contact SET (\(columns)) = (SELECT \(columns) FROM contact_before b WHERE b.import = ?1 AND b.id = ?2)
            WHERE id = ?2
            """
        )
        let marks = try self.connection.prepare("SELECT email_key, phone FROM contact WHERE id = ?1")
        let phones = try PhoneIndex(self.connection)
        let forget = try self.connection.prepare("DELETE FROM contact_before WHERE import = ?1 AND id = ?2")
        func found(_ contact: Int64) throws(StoreError) -> (key: [UInt8], phone: [UInt8]) {
            marks.bind(1, contact)
            defer { marks.reset() }
            return try marks.step() ? (marks.bytes(0), marks.bytes(1)) : ([], [])
        }
        var hasSuppressions = try self.suppressions.hasAny()
        let record = try ImportStore(self.connection).record(self.id)
        for contact in contacts {
            let old = try found(contact)
            for statement in [restore, forget] {
                statement.bind(1, self.id)
                statement.bind(2, contact)
                try statement.run()
            }
            let new = try found(contact)
            try phones.change(contact, from: old.phone, to: new.phone)
            if old.key != new.key, try self.suppressions.left(old.key, by: contact, at: at) { hasSuppressions = true }
            // What the person said since then holds for the address of before, too.
            if hasSuppressions, old.key != new.key {
                try self.suppressions.moved(contact, from: old.key, to: new.key, at: at, since: record?.startedAt)
            }
        }
        return true
    }

    private func leaveSome() throws(StoreError) -> Bool {
        let contacts = try self.contacts("SELECT contact FROM import_joined WHERE import = ?1 LIMIT \(Self.stepRows)")
        guard !contacts.isEmpty, let list = try ImportStore(self.connection).record(self.id)?.list else { return false }
        let leave = try self.connection.prepare("DELETE FROM list_member WHERE list = ?1 AND contact = ?2")
        let forget = try self.connection.prepare("DELETE FROM import_joined WHERE import = ?1 AND contact = ?2")
        for contact in contacts {
            leave.bind(1, list)
            leave.bind(2, contact)
            try leave.run()
            forget.bind(1, self.id)
            forget.bind(2, contact)
            try forget.run()
        }
        return true
    }

    private func forgetSome() throws(StoreError) -> Bool {
        let contacts = try self.contacts("SELECT contact FROM contact_source WHERE import = ?1 LIMIT \(Self.stepRows)")
        let forget = try self.connection.prepare("DELETE FROM contact_source WHERE contact = ?2 AND import = ?1")
        for contact in contacts {
            forget.bind(1, self.id)
            forget.bind(2, contact)
            try forget.run()
        }
        return !contacts.isEmpty
    }

    private func contacts(_ sql: String) throws(StoreError) -> [Int64] {
        let row = try self.connection.prepare(sql)
        defer { row.reset() }
        row.bind(1, self.id)
        var contacts: [Int64] = []
        while try row.step() { contacts.append(row.integer(0)) }
        return contacts
    }
}

/// Deletes contacts with everything that is theirs alone.
///
/// Targets and the ledger keep the number of whoever it was: that an attempt was made stays true.
package struct ContactRemoval {
    private let phones: PhoneIndex
    private let phone: any SQLStatement
    private let deletions: [any SQLStatement]
    private let lists: [Int64]
    private let leave: any SQLStatement

    package init(_ connection: any SQLConnection) throws(StoreError) {
        try ContactIDs(connection).keep()
        self.phones = try PhoneIndex(connection)
        self.phone = try connection.prepare("SELECT phone FROM contact WHERE id = ?1")
        self.leave = try connection.prepare("DELETE FROM list_member WHERE list = ?1 AND contact = ?2")
        var deletions: [any SQLStatement] = []
        for table in ["contact_source", "contact_alias"] {
            deletions.append(try connection.prepare("DELETE FROM \(table) WHERE contact = ?1"))
        }
        deletions.append(try connection.prepare("DELETE FROM contact WHERE id = ?1"))
        self.deletions = deletions
        let row = try connection.prepare("SELECT id FROM list ORDER BY id")
        defer { row.reset() }
        var lists: [Int64] = []
        while try row.step() { lists.append(row.integer(0)) }
        self.lists = lists
    }

    /// Contacts to remove in one step: each is looked up in every list.
    package var rowsAtOnce: Int { max(1, ImportUndo.stepRows / (1 + self.lists.count / 20)) }

    package func remove(_ contact: Int64) throws(StoreError) {
        self.phone.bind(1, contact)
        let number = try self.phone.step() ? self.phone.bytes(0) : []
        self.phone.reset()
        if !number.isEmpty { try self.phones.change(contact, from: number, to: []) }
        for list in self.lists {
            self.leave.bind(1, list)
            self.leave.bind(2, contact)
            try self.leave.run()
        }
        for statement in self.deletions {
            statement.bind(1, contact)
            try statement.run()
        }
    }
}
