extension Schema {
    /// Which report told an event: who wishes the same once more is heard, a copy of the first report is not.
    static let wishes = "ALTER TABLE event ADD COLUMN copy TEXT NOT NULL DEFAULT ''"

    /// Where contacts were written to that have another address now, or are gone; ``WrittenAddresses``.
    ///
    /// `holder` is the contact that has the address now, as far as it came since.
    static let writtenAddresses = """
        CREATE TABLE written_address (
            contact INTEGER NOT NULL, until INTEGER NOT NULL, address_hash BLOB NOT NULL, holder INTEGER,
            PRIMARY KEY (contact, until, address_hash)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX written_address_hash ON written_address (address_hash);
        """
}
