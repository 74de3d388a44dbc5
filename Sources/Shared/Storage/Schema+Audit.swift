extension Schema {
    /// Where an act came from, and the hash that makes the audit a chain.
    static let auditChain = """
        ALTER TABLE audit ADD COLUMN origin TEXT NOT NULL DEFAULT '';
        ALTER TABLE audit ADD COLUMN hash BLOB NOT NULL DEFAULT x'';
        """
}
