package import Domain

/// Reads and marks targets for a ``CampaignSweep``.
package struct SweepStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// A target that a sweep concerns.
    package struct Row: Hashable, Sendable {
        package let target: TargetRecord
        /// A ``Reason``'s raw value; empty for none.
        package let reason: String
        /// When its outcome became known; `nil` without one.
        package let at: Timestamp?
    }

    /// Targets within a range of positions that the sweep concerns, in order; at most `limit`.
    ///
    /// The range bounds the read, since the targets wanted may be few.
    package func rows(
        of act: CampaignSweep.Act,
        campaign: Campaign.ID,
        lane: Int,
        positions: Range<Int>,
        limit: Int
    ) throws(StoreError) -> [Row] {
        let row = try self.connection.prepare(
            """
            SELECT position, contact, state, attempts, due, epoch, variant, doubted, reason, at FROM target
            WHERE campaign = ?1 AND lane = ?2 AND position >= ?3 AND position < ?4 AND \(Self.condition(act))
            ORDER BY position LIMIT ?5
            """
        )
        defer { row.reset() }
        row.bind(1, campaign.rawValue)
        row.bind(2, lane)
        row.bind(3, positions.lowerBound)
        row.bind(4, positions.upperBound)
        row.bind(5, limit)
        var rows: [Row] = []
        while try row.step() {
            rows.append(
                Row(
                    target: TargetRecord(row),
                    reason: row.text(8),
                    at: row.optionalInteger(9).map { Timestamp(milliseconds: $0) }
                )
            )
        }
        return rows
    }

    private static func condition(_ act: CampaignSweep.Act) -> String {
        switch act {
        case .doubt: "state IN (0, \(Outcome.deferred.rawValue))"
        case .resend, .skip:
            "state = \(Outcome.inDoubt.rawValue) AND coalesce(reason, '') <> '\(Reason.skipped.rawValue)'"
        // One that is in a worker's hands is being tried already.
        case .retry(.deferred): "state = \(Outcome.deferred.rawValue) AND due IS NOT NULL"
        case .retry(let outcome): "state = \(outcome.rawValue)"
        }
    }

    /// Marks a doubt as decided: it stays a doubt, and is not offered for a decision again.
    package func skip(_ key: TargetKey) throws(StoreError) {
        let statement = try self.connection.prepare(
            """
            UPDATE target SET reason = '\(Reason.skipped.rawValue)'
            WHERE campaign = ?1 AND lane = ?2 AND position = ?3 AND state = \(Outcome.inDoubt.rawValue)
            """
        )
        statement.bind(1, key.campaign.rawValue)
        statement.bind(2, key.lane)
        statement.bind(3, key.position)
        try statement.run()
    }

    /// Remembers that a target in somebody's hands is another attempt after a doubt.
    package func markDoubted(_ key: TargetKey) throws(StoreError) {
        let statement = try self.connection.prepare(
            "UPDATE target SET doubted = 1 WHERE campaign = ?1 AND lane = ?2 AND position = ?3"
        )
        statement.bind(1, key.campaign.rawValue)
        statement.bind(2, key.lane)
        statement.bind(3, key.position)
        try statement.run()
    }
}
