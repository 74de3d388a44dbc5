extension Schema {
    /// What came of messages in each campaign, relay and site, and where sending is held because of it.
    static let guards = """
        CREATE TABLE guard_count (
            scope TEXT PRIMARY KEY, tries INTEGER NOT NULL, bounced INTEGER NOT NULL, complained INTEGER NOT NULL, hold TEXT
        ) STRICT, WITHOUT ROWID
        """
}
