extension Schema {
    /// Conditions that operators gave a name.
    static let segments = """
        CREATE TABLE segment (
            name TEXT PRIMARY KEY, expression TEXT NOT NULL, defined_by TEXT NOT NULL, defined_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}
