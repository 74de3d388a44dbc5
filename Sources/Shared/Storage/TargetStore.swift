package import Domain

/// The state of one target, as the table has it.
package struct TargetRecord: Hashable, Sendable {
    package let position: Int
    package let contact: Contact.ID
    /// `nil` is pending.
    package let outcome: Outcome?
    package let attempts: Int
    package let due: Timestamp?
    package let epoch: Epoch
    package let variant: Int?
    package let wasDoubted: Bool

    /// Reads the columns position, contact, state, attempts, due, epoch, variant, doubted.
    init(_ row: any SQLStatement) {
        self.position = Int(row.integer(0))
        self.contact = Contact.ID(row.integer(1))
        self.outcome = Outcome(rawValue: Int(row.integer(2)))
        self.attempts = Int(row.integer(3))
        self.due = row.optionalInteger(4).map { Timestamp(milliseconds: $0) }
        self.epoch = Epoch(UInt64(bitPattern: row.integer(5)))
        self.variant = row.optionalInteger(6).map { Int($0) }
        self.wasDoubted = row.integer(7) != 0
    }
}

/// One row of the ledger: an attempt, or the decision not to make one.
package struct LedgerEntry: Hashable, Sendable {
    package var key: TargetKey
    /// 0 for a decision.
    package var epoch: Epoch
    package var outcome: Outcome
    package var reason: String
    package var reply: RelayReply?
    package var at: Timestamp
    package var worker: String

    package init(
        key: TargetKey,
        epoch: Epoch,
        outcome: Outcome,
        reason: String,
        reply: RelayReply? = nil,
        at: Timestamp,
        worker: String = ""
    ) {
        self.key = key
        self.epoch = epoch
        self.outcome = outcome
        self.reason = reason
        self.reply = reply
        self.at = at
        self.worker = worker
    }
}

/// Targets and the ledger: what is written for every message.
///
/// A class, so that using it counts one reference and not each of its statements.
package final class TargetStore {
    private let connection: any SQLConnection
    private let insertStatement: any SQLStatement
    private let appendStatement: any SQLStatement
    private let settleStatement: any SQLStatement
    private let scheduleStatement: any SQLStatement
    private let postponeStatement: any SQLStatement
    private let grantStatement: any SQLStatement
    private let readStatement: any SQLStatement
    private let acceptedStatement: any SQLStatement

    package init(_ connection: any SQLConnection) throws(StoreError) {
        self.connection = connection
        self.insertStatement = try connection.prepare(
            "INSERT INTO target (campaign, lane, position, contact) VALUES (?1, ?2, ?3, ?4)"
        )
        // A doubt is replaced by later evidence of the same attempt, and a decision not to send by a later one; any other repetition
        // changes nothing.
        self.appendStatement = try connection.prepare(
            """
            INSERT INTO ledger (campaign, lane, position, epoch, outcome, reason, code, status, text, at, worker)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
            ON CONFLICT (campaign, lane, position, epoch) DO UPDATE
            SET outcome = ?5, reason = ?6, code = ?7, status = ?8, text = ?9, at = ?10
            WHERE (ledger.outcome = \(Outcome.inDoubt.rawValue) AND ?5 IN (\(Self.evidence)))
                OR (ledger.epoch = 0 AND ledger.outcome <> \(Outcome.inDoubt.rawValue))
            """
        )
        self.settleStatement = try connection.prepare(
            """
            UPDATE target SET state = ?4, reason = ?5, at = ?6, epoch = ?7, variant = ?8, attempts = ?9, due = NULL
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3
            """
        )
        self.scheduleStatement = try connection.prepare(
            """
            UPDATE target SET state = ?4, reason = ?5, at = ?6, epoch = ?7, variant = ?8, attempts = ?9, due = ?10,
                doubted = CASE WHEN ?11 = 1 THEN 1 ELSE doubted END
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3
            """
        )
        self.postponeStatement = try connection.prepare(
            """
            UPDATE target SET epoch = ?4, variant = ?5, due = ?6
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3
            """
        )
        self.grantStatement = try connection.prepare(
            "UPDATE target SET due = NULL, epoch = ?4 WHERE campaign = ?1 AND lane = ?2 AND position = ?3"
        )
        self.readStatement = try connection.prepare(
            """
            SELECT position, contact, state, attempts, due, epoch, variant, doubted FROM target
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3
            """
        )
        self.acceptedStatement = try connection.prepare(
            """
            SELECT count(*) FROM ledger
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3 AND outcome = \(Outcome.accepted.rawValue)
            """
        )
    }

    private static let evidence = [Outcome.accepted, .bounced, .failed].map { "\($0.rawValue)" }.joined(separator: ", ")

    /// Freezes one contact into a lane.
    package func insert(_ key: TargetKey, contact: Contact.ID) throws(StoreError) {
        let statement = self.insertStatement
        Self.bind(key, to: statement)
        statement.bind(4, contact.rawValue)
        try statement.run()
    }

    /// Has targets of a campaign that came back unsent and wait for something granted at `now`.
    ///
    /// Those with an outcome of their latest attempt go on waiting for their retry, and those due after `until` too.
    package func bringForward(campaign: Campaign.ID, to now: Timestamp, until: Timestamp) throws(StoreError) {
        let statement = try self.connection.prepare(
            """
            UPDATE target SET due = ?2 WHERE campaign = ?1 AND due > ?2 AND due <= ?3
            AND NOT EXISTS (
                SELECT 1 FROM ledger WHERE ledger.campaign = target.campaign AND ledger.lane = target.lane
                AND ledger.position = target.position AND ledger.epoch = target.epoch
            )
            """
        )
        statement.bind(1, campaign.rawValue)
        statement.bind(2, now.milliseconds)
        statement.bind(3, until.milliseconds)
        try statement.run()
    }

    /// Adds a row to the ledger.
    ///
    /// - Returns: Whether it was new, or replaced a doubt about the same attempt.
    package func append(_ entry: LedgerEntry) throws(StoreError) -> Bool {
        let statement = self.appendStatement
        Self.bind(entry.key, to: statement)
        statement.bind(4, Int64(bitPattern: entry.epoch.rawValue))
        statement.bind(5, entry.outcome.rawValue)
        statement.bind(6, optional: entry.reason.isEmpty ? nil : entry.reason)
        if let reply = try self.nameless(entry), reply.code > 0 {
            statement.bind(7, reply.code)
            statement.bind(8, reply.status)
            statement.bind(9, reply.text)
        } else {
            for index in 7...9 { statement.bindNull(index) }
        }
        statement.bind(10, entry.at.milliseconds)
        statement.bind(11, optional: entry.worker.isEmpty ? nil : entry.worker)
        try statement.run()
        return self.connection.changedRows > 0
    }

    /// The reply without the recipient's address; without any text when nobody knows any more who that was.
    ///
    /// Our own workers take it out before they write it down; others may not.
    private func nameless(_ entry: LedgerEntry) throws(StoreError) -> RelayReply? {
        guard var reply = entry.reply, reply.mayNameSomebody else { return entry.reply }
        let row = try self.connection.prepare(
            """
            SELECT c.email FROM target t JOIN contact c ON c.id = t.contact
            WHERE t.campaign = ?1 AND t.lane = ?2 AND t.position = ?3
            """
        )
        defer { row.reset() }
        Self.bind(entry.key, to: row)
        guard try row.step(), let address = row.optionalText(0) else {
            reply.text = ""
            return reply
        }
        return reply.without(address)
    }

    /// Gives a target an outcome that needs no further attempt.
    package func settle(
        _ entry: LedgerEntry,
        variant: Int?,
        attempts: Int
    ) throws(StoreError) {
        let statement = self.settleStatement
        self.bindOutcome(entry, variant: variant, attempts: attempts, to: statement)
        try statement.run()
    }

    /// Makes a target wait for another attempt until `due`.
    ///
    /// With `isDoubted` it is sent again although it may have been sent, which is remembered for good.
    package func schedule(
        _ entry: LedgerEntry,
        variant: Int?,
        attempts: Int,
        due: Timestamp,
        isDoubted: Bool
    ) throws(StoreError) {
        let statement = self.scheduleStatement
        self.bindOutcome(entry, variant: variant, attempts: attempts, to: statement)
        statement.bind(10, due.milliseconds)
        statement.bind(11, isDoubted ? 1 : 0)
        try statement.run()
    }

    /// Makes a target that was not begun wait for another grant until `due`: what is known of it stays as it is.
    ///
    /// - Parameters:
    ///   - key: Of a target that is pending or deferred.
    ///   - epoch: Of the grant that it comes back from; 0 when it was never granted.
    ///   - variant: Its arm, once it is chosen.
    ///   - due: When it may be granted again.
    /// - Throws: What the store throws.
    package func postpone(_ key: TargetKey, epoch: Epoch, variant: Int?, until due: Timestamp) throws(StoreError) {
        let statement = self.postponeStatement
        Self.bind(key, to: statement)
        statement.bind(4, Int64(bitPattern: epoch.rawValue))
        statement.bind(5, optional: variant.map { Int64($0) })
        statement.bind(6, due.milliseconds)
        try statement.run()
    }

    /// Puts a member of a retry shard into its lease.
    package func grant(_ key: TargetKey, epoch: Epoch) throws(StoreError) {
        let statement = self.grantStatement
        Self.bind(key, to: statement)
        statement.bind(4, Int64(bitPattern: epoch.rawValue))
        try statement.run()
    }

    /// One target; `nil` when there is none with this key.
    package func target(_ key: TargetKey) throws(StoreError) -> TargetRecord? {
        let statement = self.readStatement
        defer { statement.reset() }
        Self.bind(key, to: statement)
        return try statement.step() ? TargetRecord(statement) : nil
    }

    /// How many attempts of a target are recorded as accepted.
    package func acceptedAttempts(_ key: TargetKey) throws(StoreError) -> Int {
        let statement = self.acceptedStatement
        defer { statement.reset() }
        Self.bind(key, to: statement)
        return try statement.step() ? Int(statement.integer(0)) : 0
    }

    /// The latest attempt of a target of which nobody knows whether it was sent; `nil` when there is none.
    package func doubtedEpoch(_ key: TargetKey) throws(StoreError) -> Epoch? {
        let row = try self.connection.prepare(
            """
            SELECT epoch FROM ledger WHERE campaign = ?1 AND lane = ?2 AND position = ?3
                AND outcome = \(Outcome.inDoubt.rawValue)
            ORDER BY epoch DESC LIMIT 1
            """
        )
        defer { row.reset() }
        Self.bind(key, to: row)
        return try row.step() ? Epoch(UInt64(bitPattern: row.integer(0))) : nil
    }

    /// Targets of a lane from `position` on that are not settled: pending, leased or deferred; at most `limit`.
    package func unsettled(
        campaign: Campaign.ID,
        lane: Int,
        from position: Int,
        limit: Int
    ) throws(StoreError) -> [TargetRecord] {
        let statement = try self.connection.prepare(
            """
            SELECT position, contact, state, attempts, due, epoch, variant, doubted FROM target
            WHERE campaign = ?1 AND lane = ?2 AND position >= ?3 AND state IN (0, \(Outcome.deferred.rawValue))
            ORDER BY position LIMIT ?4
            """
        )
        defer { statement.reset() }
        statement.bind(1, campaign.rawValue)
        statement.bind(2, lane)
        statement.bind(3, position)
        statement.bind(4, limit)
        var records: [TargetRecord] = []
        while try statement.step() { records.append(TargetRecord(statement)) }
        return records
    }

    private func bindOutcome(_ entry: LedgerEntry, variant: Int?, attempts: Int, to statement: any SQLStatement) {
        Self.bind(entry.key, to: statement)
        statement.bind(4, entry.outcome.rawValue)
        statement.bind(5, optional: entry.reason.isEmpty ? nil : entry.reason)
        statement.bind(6, entry.at.milliseconds)
        statement.bind(7, Int64(bitPattern: entry.epoch.rawValue))
        statement.bind(8, optional: variant.map { Int64($0) })
        statement.bind(9, attempts)
    }

    private static func bind(_ key: TargetKey, to statement: any SQLStatement) {
        statement.bind(1, key.campaign.rawValue)
        statement.bind(2, key.lane)
        statement.bind(3, key.position)
    }
}
