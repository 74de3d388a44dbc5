extension Schema {
    /// The mailbox of contacts whose address is another spelling of it: ``ProviderMailbox`` in SQL, `NULL` for nearly everybody.
    ///
    /// Computed, so that whatever changes an address changes it too; the index has only those who have one.
    static let mailboxes = """
        ALTER TABLE contact ADD COLUMN mailbox TEXT GENERATED ALWAYS AS (
            CASE WHEN substr(email_key, 1, 1) IN ('+', '"') THEN NULL ELSE
                nullif(
                    CASE substr(email_key, instr(email_key, '@') + 1)
                        WHEN 'gmail.com' THEN replace(\(local), '.', '') || '@gmail.com'
                        WHEN 'googlemail.com' THEN replace(\(local), '.', '') || '@gmail.com'
                        WHEN 'icloud.com' THEN \(local) || '@icloud.com'
                        WHEN 'me.com' THEN \(local) || '@icloud.com'
                        WHEN 'mac.com' THEN \(local) || '@icloud.com'
                        WHEN 'outlook.com' THEN \(local) || '@outlook.com'
                        WHEN 'hotmail.com' THEN \(local) || '@hotmail.com'
                        WHEN 'live.com' THEN \(local) || '@live.com'
                        WHEN 'msn.com' THEN \(local) || '@msn.com'
                        WHEN 'fastmail.com' THEN \(local) || '@fastmail.com'
                        WHEN 'proton.me' THEN \(local) || '@proton.me'
                        WHEN 'protonmail.com' THEN \(local) || '@protonmail.com'
                        WHEN 'pm.me' THEN \(local) || '@pm.me'
                    END,
                    email_key
                )
            END
        ) VIRTUAL;
        CREATE INDEX contact_mailbox ON contact (mailbox) WHERE mailbox IS NOT NULL;
        """

    /// What stands before the first `+` or the `@`.
    private static let local = "substr(email_key, 1, instr(replace(email_key, '+', '@'), '@') - 1)"
}
