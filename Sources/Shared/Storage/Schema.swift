/// The tables, and how an older file becomes a newer one.
///
/// Migrations go forward only, each in one transaction with the version it leads to. Four column types: INTEGER (64 bits), TEXT, BLOB,
/// REAL; a driver for another database spells them its own way.
package enum Schema {
    /// What this program knows.
    package static var version: Int { Self.migrations.count }

    /// Marks the coordinator's file (`PRAGMA application_id`).
    package static let ledgerID: Int32 = 0x5052_4C47

    /// Marks a worker's journal.
    package static let journalID: Int32 = 0x5052_4A4E

    /// Brings the database to ``version``.
    ///
    /// - Parameters:
    ///   - connection: The database's only writer.
    ///   - version: How far; less than all only to see what later migrations do.
    /// - Throws: ``StoreError/tooNew(found:known:)`` when a newer program made it.
    package static func migrate(
        _ connection: any SQLConnection,
        to version: Int = Schema.version
    ) throws(StoreError) {
        try connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")
        let found = try Self.foundVersion(connection)
        guard found <= Self.version else { throw StoreError.tooNew(found: found, known: Self.version) }
        for (index, migration) in Self.migrations.enumerated().prefix(version) where index >= found {
            try connection.transaction { () throws(StoreError) in
                try connection.execute(migration)
                // What SQL alone cannot do.
                if migration == Self.auditChain { try AuditStore(connection).seal() }
                try connection.execute("DELETE FROM schema_version")
                try connection.execute("INSERT INTO schema_version (version) VALUES (\(index + 1))")
            }
        }
    }

    private static func foundVersion(_ connection: any SQLConnection) throws(StoreError) -> Int {
        let statement = try connection.prepare("SELECT version FROM schema_version")
        defer { statement.reset() }
        return try statement.step() ? Int(statement.integer(0)) : 0
    }

    /// Migration n leads from version n to n + 1.
    ///
    /// Never edit one that was released.
    private static let migrations: [String] = [
        Self.first, Self.second, Self.segments, Self.recipients, Self.auditChain, Self.tokens, Self.requests,
        Self.budgets, Self.caps, Self.guards, Self.intake, Self.returns, Self.aliases,
        Self.wishes, Self.writtenAddresses, Self.mailboxes, Self.sequels, Self.openFields,
    ]

    private static let first = """
        CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

        -- People. Every field x is a column f_x, added by the import that first brings it; a decimal has its number in n_x besides.
        CREATE TABLE field (name TEXT PRIMARY KEY, type TEXT NOT NULL) STRICT;
        CREATE TABLE contact (
            id INTEGER PRIMARY KEY,
            email TEXT, email_key TEXT, domain TEXT,
            phone TEXT, external_id TEXT, timezone TEXT, language TEXT,
            source INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX contact_email ON contact (email_key);
        CREATE TABLE source (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, basis TEXT NOT NULL, file TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE list (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
        CREATE TABLE list_member (
            list INTEGER NOT NULL, contact INTEGER NOT NULL, PRIMARY KEY (list, contact)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE import (
            id INTEGER PRIMARY KEY, file TEXT NOT NULL, source INTEGER, list INTEGER, state TEXT NOT NULL,
            started_at INTEGER NOT NULL, finished_at INTEGER,
            row_count INTEGER NOT NULL DEFAULT 0, created INTEGER NOT NULL DEFAULT 0, updated INTEGER NOT NULL DEFAULT 0,
            unchanged INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0, warnings INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE suppression (
            channel TEXT NOT NULL, address_key TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
            PRIMARY KEY (channel, address_key)
        ) STRICT, WITHOUT ROWID;

        -- Campaigns. `content` is the campaign file as it was submitted, `files` the files it names, as JSON.
        CREATE TABLE campaign (
            id INTEGER PRIMARY KEY, name TEXT NOT NULL, state TEXT NOT NULL, channel TEXT NOT NULL, relay TEXT NOT NULL,
            file TEXT NOT NULL, content TEXT NOT NULL, files TEXT NOT NULL, digest TEXT NOT NULL,
            revision INTEGER NOT NULL DEFAULT 1,
            submitted_by TEXT NOT NULL, submitted_at INTEGER NOT NULL,
            approved_by TEXT, approved_at INTEGER, approved_digest TEXT,
            started_at INTEGER, finished_at INTEGER, expires_at INTEGER,
            freeze_bound INTEGER, freeze_cursor INTEGER, frozen INTEGER NOT NULL DEFAULT 0,
            cancelling INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        -- A queue of targets: campaign x relay x site. Counts are those of target.state, kept in the same transaction.
        CREATE TABLE lane (
            campaign INTEGER NOT NULL, lane INTEGER NOT NULL, site TEXT NOT NULL, tail INTEGER NOT NULL,
            audience INTEGER NOT NULL DEFAULT 0, cursor INTEGER NOT NULL DEFAULT 0,
            accepted INTEGER NOT NULL DEFAULT 0, deferred INTEGER NOT NULL DEFAULT 0, bounced INTEGER NOT NULL DEFAULT 0,
            suppressed INTEGER NOT NULL DEFAULT 0, in_doubt INTEGER NOT NULL DEFAULT 0, expired INTEGER NOT NULL DEFAULT 0,
            cancelled INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, sent_twice INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (campaign, lane)
        ) STRICT, WITHOUT ROWID;

        -- One contact in one audience. state: 0 pending, else an outcome's number. due: when it may be granted again (wall clock, ms);
        -- NULL: never granted yet, leased, or settled. epoch: of the latest grant, 0 for none. doubted: 1 once it was sent again after a doubt.
        CREATE TABLE target (
            campaign INTEGER NOT NULL, lane INTEGER NOT NULL, position INTEGER NOT NULL,
            contact INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, due INTEGER,
            epoch INTEGER NOT NULL DEFAULT 0, variant INTEGER, reason TEXT, at INTEGER, doubted INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (campaign, lane, position)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX target_due ON target (campaign, lane, due, position) WHERE due IS NOT NULL;

        -- One row a grant, kept as the history of who held what. A shard of first attempts is lo ..< hi; one of retries lists its
        -- members as big-endian u32. open: targets without an outcome remain.
        CREATE TABLE shard (
            epoch INTEGER PRIMARY KEY, campaign INTEGER NOT NULL, lane INTEGER NOT NULL, lo INTEGER NOT NULL, hi INTEGER NOT NULL,
            members BLOB, holder TEXT NOT NULL, granted_at INTEGER NOT NULL, open INTEGER NOT NULL DEFAULT 1
        ) STRICT;
        CREATE INDEX shard_open ON shard (epoch) WHERE open = 1;

        -- Every attempt, and every decision not to make one (epoch 0).
        CREATE TABLE ledger (
            campaign INTEGER NOT NULL, lane INTEGER NOT NULL, position INTEGER NOT NULL, epoch INTEGER NOT NULL,
            outcome INTEGER NOT NULL, reason TEXT, code INTEGER, status TEXT, text TEXT, at INTEGER NOT NULL, worker TEXT,
            PRIMARY KEY (campaign, lane, position, epoch)
        ) STRICT, WITHOUT ROWID;

        -- What is left in each bucket, written in the transaction that grants.
        CREATE TABLE throttle (
            scope TEXT PRIMARY KEY, level REAL NOT NULL, wall INTEGER NOT NULL, boot_id TEXT NOT NULL, boot INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE worker (
            name TEXT PRIMARY KEY, journal BLOB NOT NULL, machine_boot TEXT NOT NULL, build TEXT NOT NULL, last_seen INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE audit (
            id INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL, subject TEXT NOT NULL,
            digest TEXT NOT NULL
        ) STRICT;
        """

    /// A pass over a campaign's targets that is under way: what it does, and where it goes on.
    private static let second = """
        ALTER TABLE campaign ADD COLUMN sweep TEXT;
        ALTER TABLE campaign ADD COLUMN sweep_lane INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE campaign ADD COLUMN sweep_position INTEGER NOT NULL DEFAULT 0;
        """
}
