package import Domain

/// A token as it is stored: what it is recognised by, never the token itself.
package struct TokenRecord: Hashable, Sendable {
    package let name: String
    package let role: Role
    /// SHA-256 of the token, 32 bytes.
    ///
    /// A token is random, so there is nothing to guess.
    package let digest: [UInt8]
    package let madeAt: Timestamp
    /// Who made it; `nil` for one that is a file.
    package let madeBy: String?
    package let expiresAt: Timestamp?
    package var revokedAt: Timestamp?
    /// When it was last shown, to the minute.
    package var usedAt: Timestamp?

    package init(
        name: String,
        role: Role,
        digest: [UInt8],
        madeAt: Timestamp,
        madeBy: String?,
        expiresAt: Timestamp?
    ) {
        self.name = name
        self.role = role
        self.digest = digest
        self.madeAt = madeAt
        self.madeBy = madeBy
        self.expiresAt = expiresAt
    }
}

/// Tokens of operators.
package struct TokenStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    private static let columns = "name, role, digest, made_at, made_by, expires_at, revoked_at, used_at"

    /// Writes a token whole, whether its name is new or not.
    package func save(_ record: TokenRecord) throws(StoreError) {
        let statement = try self.connection.prepare(
            """
            INSERT INTO token (\(Self.columns)) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (name) DO UPDATE SET role = ?2, digest = ?3, made_at = ?4, made_by = ?5, expires_at = ?6,
            revoked_at = ?7, used_at = ?8
            """
        )
        statement.bind(1, record.name)
        statement.bind(2, record.role.name)
        statement.bind(3, bytes: record.digest)
        statement.bind(4, record.madeAt.milliseconds)
        statement.bind(5, optional: record.madeBy)
        statement.bind(6, optional: record.expiresAt?.milliseconds)
        statement.bind(7, optional: record.revokedAt?.milliseconds)
        statement.bind(8, optional: record.usedAt?.milliseconds)
        try statement.run()
    }

    /// All tokens by name.
    package func all() throws(StoreError) -> [TokenRecord] {
        let row = try self.connection.prepare("SELECT \(Self.columns) FROM token ORDER BY name")
        defer { row.reset() }
        var records: [TokenRecord] = []
        while try row.step() {
            guard let role = Role(name: row.text(1)) else {
                throw StoreError.corrupt("token '\(row.text(0))' has the unknown role '\(row.text(1))'")
            }
            var record = TokenRecord(
                name: row.text(0),
                role: role,
                digest: row.bytes(2),
                madeAt: Timestamp(milliseconds: row.integer(3)),
                madeBy: row.optionalText(4),
                expiresAt: row.optionalInteger(5).map { Timestamp(milliseconds: $0) }
            )
            record.revokedAt = row.optionalInteger(6).map { Timestamp(milliseconds: $0) }
            record.usedAt = row.optionalInteger(7).map { Timestamp(milliseconds: $0) }
            records.append(record)
        }
        return records
    }

    /// Stores when a token was used last, and nothing else: it may have been revoked meanwhile.
    package func noteUse(_ record: TokenRecord) throws(StoreError) {
        guard let usedAt = record.usedAt?.milliseconds else { return }
        let sql =
            if record.madeBy == nil {
                """
                INSERT INTO token (name, role, digest, made_at, used_at) VALUES (?1, ?4, ?2, 0, ?3)
                ON CONFLICT (name) DO UPDATE SET used_at = ?3, digest = ?2, role = ?4,
                revoked_at = CASE WHEN token.digest = ?2 THEN token.revoked_at ELSE NULL END
                """
            } else {
                "UPDATE token SET used_at = ?3 WHERE name = ?1 AND digest = ?2 AND role = ?4"
            }
        let statement = try self.connection.prepare(sql)
        statement.bind(1, record.name)
        statement.bind(2, bytes: record.digest)
        statement.bind(3, usedAt)
        statement.bind(4, record.role.name)
        try statement.run()
    }

    /// Forgets a token: whoever shows it is a stranger from now on.
    package func remove(_ name: String) throws(StoreError) {
        let statement = try self.connection.prepare("DELETE FROM token WHERE name = ?1")
        statement.bind(1, name)
        try statement.run()
    }
}
