extension Schema {
    /// By what contacts are found besides what they have now, so that a row of an older file still finds them; ``ContactAliases`` says
    /// which keys there are.
    ///
    /// `import` and `at`: which import made it so, and when. `contact_before.changes`: how often the import changed the contact.
    static let aliases = """
        ALTER TABLE contact_before ADD COLUMN changes INTEGER NOT NULL DEFAULT 1;
        CREATE TABLE contact_alias (
            key TEXT PRIMARY KEY, contact INTEGER NOT NULL, import INTEGER NOT NULL, at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX contact_alias_contact ON contact_alias (contact);
        CREATE INDEX contact_alias_import ON contact_alias (import);
        INSERT INTO contact_alias (key, contact, import, at)
            SELECT b.email_key, b.id, b.import, i.started_at
            FROM contact_before b JOIN contact c ON c.id = b.id JOIN import i ON i.id = b.import
            WHERE b.email_key <> c.email_key AND NOT EXISTS (SELECT 1 FROM contact o WHERE o.email_key = b.email_key)
            ORDER BY b.import DESC
            ON CONFLICT DO NOTHING;
        """
}
