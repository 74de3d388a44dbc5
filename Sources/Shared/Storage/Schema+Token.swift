extension Schema {
    /// Tokens of operators, as hashes.
    ///
    /// Those with `made_by` NULL are files; their rows say when they were used and whether they were revoked.
    static let tokens = """
        CREATE TABLE token (
            name TEXT PRIMARY KEY, role TEXT NOT NULL, digest BLOB NOT NULL, made_at INTEGER NOT NULL, made_by TEXT,
            expires_at INTEGER, revoked_at INTEGER, used_at INTEGER
        ) STRICT;
        """
}
