/// Finds contacts by what makes two rows the same person.
struct ContactLookup {
    private let byKey: any SQLStatement
    private let byExternalKey: any SQLStatement
    private let externalKeyOf: any SQLStatement
    private let anyTelephone: any SQLStatement

    init(_ connection: any SQLConnection) throws(StoreError) {
        self.byKey = try connection.prepare("SELECT id FROM contact WHERE email_key = ?1")
        self.anyTelephone = try connection.prepare(
            "SELECT 1 FROM contact WHERE email_key >= 'tel:' AND email_key < 'tel;' LIMIT 1"
        )
        self.byExternalKey = try connection.prepare(
            "SELECT id FROM contact WHERE external_key = ?1 ORDER BY id LIMIT 1"
        )
        self.externalKeyOf = try connection.prepare("SELECT external_key FROM contact WHERE id = ?1")
    }

    func contact(withKey key: UnsafeRawBufferPointer) throws(StoreError) -> Int64? {
        self.byKey.bind(1, text: key)
        return try Self.first(self.byKey)
    }

    /// Whether any contact is known by nothing but a telephone number.
    func hasTelephones() throws(StoreError) -> Bool {
        defer { self.anyTelephone.reset() }
        return try self.anyTelephone.step()
    }

    /// The contact that is known by nothing but this telephone number, as PhoneKey gives it.
    func contact(withTelephone number: [UInt8]) throws(StoreError) -> Int64? {
        self.byKey.bind(1, "tel:" + String(decoding: number, as: UTF8.self))
        return try Self.first(self.byKey)
    }

    /// The contact with this id, which has its system in front.
    func contact(withExternalKey key: [UInt8]) throws(StoreError) -> Int64? {
        self.byExternalKey.bind(1, String(decoding: key, as: UTF8.self))
        return try Self.first(self.byExternalKey)
    }

    /// A contact's id with its system in front; empty when it has none.
    func externalKey(of contact: Int64) throws(StoreError) -> [UInt8] {
        self.externalKeyOf.bind(1, contact)
        defer { self.externalKeyOf.reset() }
        return try self.externalKeyOf.step() ? self.externalKeyOf.bytes(0) : []
    }

    private static func first(_ statement: any SQLStatement) throws(StoreError) -> Int64? {
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : nil
    }
}
