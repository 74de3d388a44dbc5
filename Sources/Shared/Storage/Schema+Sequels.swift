extension Schema {
    /// Which campaigns were started for those whom another one had not reached; ``SequelStore``.
    ///
    /// Those of before are found by what their files name, rather one too many than one too few: a row refuses a retry, or leaves somebody out.
    static let sequels = """
        CREATE TABLE campaign_sequel (
            origin INTEGER NOT NULL, sequel INTEGER NOT NULL, PRIMARY KEY (origin, sequel)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO campaign_sequel (origin, sequel)
            SELECT o.id, s.id FROM campaign s JOIN campaign o ON o.id <> s.id AND o.started_at <= s.started_at
            WHERE (s.content LIKE '%unsent(%' OR s.files LIKE '%unsent(%')
                AND (s.content || s.files LIKE '%''c' || o.id || '''%' OR s.content || s.files LIKE '%(c' || o.id || ')%'
                    OR s.content || s.files LIKE '%"c' || o.id || '\\"%' OR s.content || s.files LIKE '%''' || o.name || '''%'
                    OR s.content || s.files LIKE '%(' || o.name || ')%' OR s.content || s.files LIKE '%unsent()%');
        """
}
