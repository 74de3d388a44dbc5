extension Schema {
    /// Requests that bore a key, so that the same again is not done again; `status` is NULL until the answer is known.
    static let requests = """
        CREATE TABLE request (
            id INTEGER PRIMARY KEY, caller TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL,
            status INTEGER, answer BLOB, UNIQUE (caller, key)
        ) STRICT;
        """
}
