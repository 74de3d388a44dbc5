/// What recipients want, and what came back from them.
extension Schema {
    static let recipients = """
        -- Nobody was in it: nothing wrote to it.
        DROP TABLE suppression;
        -- Who must not be written to. address_hash: AddressHash, never the address. contact: who has it, when it is known.
        CREATE TABLE suppression (
            channel TEXT NOT NULL, address_hash BLOB NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
            evidence TEXT NOT NULL, who TEXT NOT NULL, contact INTEGER,
            PRIMARY KEY (channel, address_hash)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX suppression_at ON suppression (at);

        -- Lists that people left, whatever is imported later.
        CREATE TABLE list_departure (
            list INTEGER NOT NULL, address_hash BLOB NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (list, address_hash)
        ) STRICT, WITHOUT ROWID;

        -- ContactBars: kept in the transactions that write the tables above, or the contact.
        ALTER TABLE contact ADD COLUMN barred INTEGER NOT NULL DEFAULT 0;

        -- What came back later. A target's event has campaign, lane and position; one about a person alone has not. once: two reports of
        -- the same thing have the same text here, and only the first is kept.
        CREATE TABLE event (
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, channel TEXT NOT NULL,
            campaign INTEGER, lane INTEGER, position INTEGER, contact INTEGER, address_hash BLOB,
            source TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL, once TEXT NOT NULL UNIQUE
        ) STRICT;
        CREATE INDEX event_target ON event (campaign, lane, position) WHERE campaign IS NOT NULL;
        CREATE INDEX event_contact ON event (contact) WHERE contact IS NOT NULL;
        """
}
