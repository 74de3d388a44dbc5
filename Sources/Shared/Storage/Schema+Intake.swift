extension Schema {
    /// What imports did, so that they can be undone; where contacts come from, each time; what they agreed to.
    ///
    /// `contact.consent`: bits of ConsentMarks; 0 where no basis was stated. `contact.external_key`: the id with its system in front.
    /// `contact.source` is the first source, `contact_source` has those that came later. `contact_before` has contacts as they were
    /// before an import changed them; FieldStore gives it the columns of new fields. `contact_phone` finds contacts by number, and is
    /// brought up to date when it is needed.
    static let intake = """
        ALTER TABLE contact ADD COLUMN external_key TEXT;
        ALTER TABLE contact ADD COLUMN consent INTEGER NOT NULL DEFAULT 0;
        UPDATE contact SET external_key = ':' || external_id WHERE external_id IS NOT NULL;
        UPDATE contact SET email_key = 'tel:' || substr(email_key, 6) WHERE email_key LIKE 'tel:+%' AND NOT EXISTS (
            SELECT 1 FROM contact o WHERE o.email_key = 'tel:' || substr(contact.email_key, 6)
        );
        CREATE INDEX contact_external ON contact (external_key) WHERE external_key IS NOT NULL;
        ALTER TABLE source ADD COLUMN proof TEXT NOT NULL DEFAULT '';
        ALTER TABLE source ADD COLUMN channels TEXT NOT NULL DEFAULT 'email';
        ALTER TABLE field ADD COLUMN import INTEGER;
        ALTER TABLE field ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE contact_source (
            contact INTEGER NOT NULL, source INTEGER NOT NULL, import INTEGER NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (contact, source)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX contact_source_import ON contact_source (import);
        CREATE TABLE contact_phone (
            phone_key TEXT NOT NULL, contact INTEGER NOT NULL, PRIMARY KEY (phone_key, contact)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE contact_before (
            import INTEGER NOT NULL, id INTEGER NOT NULL,
            email TEXT, email_key TEXT, domain TEXT, phone TEXT, external_id TEXT, timezone TEXT, language TEXT,
            source INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, external_key TEXT,
            consent INTEGER NOT NULL, PRIMARY KEY (import, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE import_created (
            import INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL, PRIMARY KEY (import, low)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE import_joined (
            import INTEGER NOT NULL, contact INTEGER NOT NULL, PRIMARY KEY (import, contact)
        ) STRICT, WITHOUT ROWID;
        """
}
