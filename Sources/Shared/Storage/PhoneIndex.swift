import Domain

/// Finds contacts by telephone number.
///
/// It is brought up to date only when a row has nothing but a number: kept with every new contact, it would cost an import as much as
/// the index of addresses does.
package struct PhoneIndex {
    private let connection: any SQLConnection
    private let insert: any SQLStatement
    private let delete: any SQLStatement
    private let find: any SQLStatement
    private let findAll: any SQLStatement
    private static let markKey = "phones_indexed"
    /// Contacts that are given for one number: more people than this have none in common, but one that stands for none.
    private static let sharersMax = 1_000
    /// Contacts taken in at once: a few milliseconds.
    private static let stepRows = 1_000

    package init(_ connection: any SQLConnection) throws(StoreError) {
        self.connection = connection
        self.insert = try connection.prepare(
            "INSERT INTO contact_phone (phone_key, contact) VALUES (?1, ?2) ON CONFLICT DO NOTHING"
        )
        self.delete = try connection.prepare("DELETE FROM contact_phone WHERE phone_key = ?1 AND contact = ?2")
        self.find = try connection.prepare(
            "SELECT contact FROM contact_phone WHERE phone_key = ?1 ORDER BY contact LIMIT 1"
        )
        self.findAll = try connection.prepare(
            "SELECT contact FROM contact_phone WHERE phone_key = ?1 ORDER BY contact LIMIT \(Self.sharersMax)"
        )
    }

    /// Takes in some contacts that came since the last time.
    ///
    /// - Returns: Whether there are more.
    package func advance() throws(StoreError) -> Bool {
        let mark = try self.mark()
        let row = try self.connection.prepare(
            "SELECT id, phone FROM contact WHERE id > ?1 ORDER BY id LIMIT \(Self.stepRows)"
        )
        var found: [(contact: Int64, phone: [UInt8])] = []
        row.bind(1, mark)
        while try row.step() { found.append((row.integer(0), row.bytes(1))) }
        row.reset()
        for entry in found where !entry.phone.isEmpty { try self.add(PhoneKey.of(entry.phone), entry.contact) }
        guard let last = found.last else { return false }
        try self.begin(at: last.contact)
        return found.count == Self.stepRows
    }

    /// Takes contacts up to this one as taken in.
    func begin(at contact: Int64) throws(StoreError) {
        let note = try self.connection.prepare(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2"
        )
        note.bind(1, Self.markKey)
        note.bind(2, String(contact))
        try note.run()
    }

    /// The contact that has had this number longest, among those taken in.
    package func contact(_ key: [UInt8]) throws(StoreError) -> Int64? {
        self.find.bind(1, String(decoding: key, as: UTF8.self))
        defer { self.find.reset() }
        return try self.find.step() ? self.find.integer(0) : nil
    }

    /// The contacts that have this number, among those taken in, the one that has had it longest first; ``sharersMax`` at most.
    func contacts(_ key: [UInt8]) throws(StoreError) -> [Int64] {
        self.findAll.bind(1, String(decoding: key, as: UTF8.self))
        defer { self.findAll.reset() }
        var found: [Int64] = []
        while try self.findAll.step() { found.append(self.findAll.integer(0)) }
        return found
    }

    /// Notes that a contact's number changed; both are as contacts have them, empty for none.
    func change(_ contact: Int64, from old: [UInt8], to new: [UInt8]) throws(StoreError) {
        guard old != new, contact <= (try self.mark()) else { return }
        if !old.isEmpty {
            self.delete.bind(1, String(decoding: PhoneKey.of(old), as: UTF8.self))
            self.delete.bind(2, contact)
            try self.delete.run()
        }
        if !new.isEmpty { try self.add(PhoneKey.of(new), contact) }
    }

    private func add(_ key: [UInt8], _ contact: Int64) throws(StoreError) {
        self.insert.bind(1, String(decoding: key, as: UTF8.self))
        self.insert.bind(2, contact)
        try self.insert.run()
    }

    /// The contact up to which all are taken in.
    private func mark() throws(StoreError) -> Int64 {
        let row = try self.connection.prepare("SELECT value FROM meta WHERE key = ?1")
        defer { row.reset() }
        row.bind(1, Self.markKey)
        return try row.step() ? Int64(row.text(0)) ?? 0 : 0
    }
}
