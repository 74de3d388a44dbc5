package import Domain

/// What is older than it may be kept, found in bounded windows, and forgotten in bounded transactions.
package struct RetentionQueries {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// Targets, events or contacts looked at in one read: some tens of milliseconds.
    package static let window: Int64 = 20_000
    /// When a run was complete, and up to when it forgot replies.
    private static let ranKey = "retention_ran_at"
    private static let repliesKey = "retention_replies_before"
    private static let tallyKey = "retention_tally"

    /// A row of the ledger that has a relay's words.
    package struct Reply: Hashable, Sendable {
        package let campaign: Campaign.ID
        package let lane: Int
        let position: Int64
        let epoch: Int64
    }

    // MARK: Runs

    /// When the last run was complete; `nil` before the first.
    package func lastRun() throws(StoreError) -> Timestamp? { try self.time(Self.ranKey) }

    /// Adds to what was forgotten since the last run that was complete; in the transaction that forgets it.
    package func add(_ more: RetentionTally) throws(StoreError) {
        let tally = try self.tally() + more
        try ClusterStore.setMeta(Self.tallyKey, tally.code, on: self.connection)
    }

    /// What was forgotten since the last run that was complete, also by runs that a stop cut off.
    package func tally() throws(StoreError) -> RetentionTally {
        RetentionTally(code: try ClusterStore.meta(Self.tallyKey, on: self.connection) ?? "")
    }

    /// Notes that a run is complete, and begins to count anew.
    ///
    /// - Parameters:
    ///   - at: Now.
    ///   - replies: Older replies were forgotten; `nil` when they are kept.
    /// - Throws: What the store throws.
    package func noteRun(at: Timestamp, replies: Timestamp?) throws(StoreError) {
        try ClusterStore.setMeta(Self.ranKey, String(at.milliseconds), on: self.connection)
        try ClusterStore.setMeta(Self.tallyKey, RetentionTally().code, on: self.connection)
        if let replies {
            try ClusterStore.setMeta(Self.repliesKey, String(replies.milliseconds), on: self.connection)
        }
    }

    private func time(_ key: String) throws(StoreError) -> Timestamp? {
        try ClusterStore.meta(key, on: self.connection).flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) }
    }

    // MARK: Replies

    /// Campaigns that may have replies older than `time`: those that were over before the last run have none any more.
    package func campaigns(before time: Timestamp) throws(StoreError) -> [Campaign.ID] {
        // Late words about a campaign that is over come within days.
        let week: Int64 = 604_800_000
        let done = try self.time(Self.repliesKey)?.advanced(byMilliseconds: -week)
        let row = try self.connection.prepare(
            """
            SELECT id FROM campaign WHERE started_at < ?1 AND (finished_at IS NULL OR finished_at >= ?2) ORDER BY id
            """
        )
        defer { row.reset() }
        row.bind(1, time.milliseconds)
        row.bind(2, done?.milliseconds ?? 0)
        var campaigns: [Campaign.ID] = []
        while try row.step() { campaigns.append(Campaign.ID(row.integer(0))) }
        return campaigns
    }

    /// Replies older than `time` in a window of a lane.
    package func replies(
        campaign: Campaign.ID,
        lane: Int,
        from position: Int64,
        before time: Timestamp
    ) throws(StoreError) -> [Reply] {
        let row = try self.connection.prepare(
            """
            SELECT position, epoch FROM ledger WHERE campaign = ?1 AND lane = ?2 AND position >= ?3 AND position < ?4
                AND text <> '' AND at < ?5
            """
        )
        defer { row.reset() }
        row.bind(1, campaign.rawValue)
        row.bind(2, lane)
        row.bind(3, position)
        row.bind(4, position + Self.window)
        row.bind(5, time.milliseconds)
        var replies: [Reply] = []
        while try row.step() {
            replies.append(Reply(campaign: campaign, lane: lane, position: row.integer(0), epoch: row.integer(1)))
        }
        return replies
    }

    /// Takes the relay's words out of these rows of the ledger; outcome and time stay.
    package func forget(_ replies: some Sequence<Reply>) throws(StoreError) {
        let statement = try self.connection.prepare(
            "UPDATE ledger SET text = NULL WHERE campaign = ?1 AND lane = ?2 AND position = ?3 AND epoch = ?4"
        )
        for reply in replies {
            statement.bind(1, reply.campaign.rawValue)
            statement.bind(2, reply.lane)
            statement.bind(3, reply.position)
            statement.bind(4, reply.epoch)
            try statement.run()
        }
    }

    // MARK: Events

    /// Events above a row that are older than `time` and say more than what it was.
    ///
    /// - Returns: Their rows, and the last one looked at; `nil` after the last.
    package func events(above row: Int64, before time: Timestamp) throws(StoreError) -> (rows: [Int64], last: Int64?) {
        let statement = try self.connection.prepare(
            "SELECT id, at < ?2 AND detail <> '' FROM event WHERE id > ?1 ORDER BY id LIMIT \(Self.window)"
        )
        statement.bind(1, row)
        statement.bind(2, time.milliseconds)
        return try Self.marked(statement)
    }

    /// Takes the providers' words out of these events; what happened, and when, stays.
    package func forgetDetails(ofEvents rows: some Sequence<Int64>) throws(StoreError) {
        let statement = try self.connection.prepare("UPDATE event SET detail = '' WHERE id = ?1")
        for row in rows {
            statement.bind(1, row)
            try statement.run()
        }
    }

    // MARK: Contacts

    /// On no list, without a basis on any channel, neither changed nor written to since, and in no campaign that is not over.
    ///
    /// While an audience is being frozen, nobody is: whoever belongs to it may not be a target yet.
    private static let isForgotten = """
        c.consent = 0 AND c.updated_at < ?2
        AND NOT EXISTS (SELECT 1 FROM list l JOIN list_member m ON m.list = l.id AND m.contact = c.id)
        AND NOT EXISTS (SELECT 1 FROM campaign WHERE started_at IS NOT NULL AND finished_at IS NULL AND frozen = 0)
        AND NOT EXISTS (
            SELECT 1 FROM target t JOIN campaign k ON k.id = t.campaign
            WHERE t.contact = c.id AND (k.finished_at IS NULL OR t.at >= ?2)
        )
        """

    /// Contacts above one that nobody had to do with since `time`.
    ///
    /// - Returns: Their numbers, and the last one looked at; `nil` after the last.
    package func contacts(
        above contact: Int64,
        before time: Timestamp
    ) throws(StoreError) -> (rows: [Int64], last: Int64?) {
        let statement = try self.connection.prepare(
            "SELECT c.id, \(Self.isForgotten) FROM contact c WHERE c.id > ?1 ORDER BY c.id LIMIT \(Self.window)"
        )
        statement.bind(1, contact)
        statement.bind(2, time.milliseconds)
        return try Self.marked(statement)
    }

    /// Whether that holds of one contact now.
    package func isForgotten(_ contact: Contact.ID, before time: Timestamp) throws(StoreError) -> Bool {
        let statement = try self.connection.prepare(
            "SELECT \(Self.isForgotten) FROM contact c WHERE c.id = ?1"
        )
        defer { statement.reset() }
        statement.bind(1, contact.rawValue)
        statement.bind(2, time.milliseconds)
        return try statement.step() && statement.integer(0) != 0
    }

    private static func marked(_ statement: any SQLStatement) throws(StoreError) -> (rows: [Int64], last: Int64?) {
        defer { statement.reset() }
        var (rows, last): ([Int64], Int64?) = ([], nil)
        while try statement.step() {
            last = statement.integer(0)
            if statement.integer(1) != 0 { rows.append(statement.integer(0)) }
        }
        return (rows, last)
    }
}
