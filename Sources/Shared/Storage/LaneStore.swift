package import Domain

/// How many targets of a lane stand in each state, as `target.state` says; the rest of the audience is pending.
package struct LaneCounts: Hashable, Sendable {
    package var accepted = 0
    package var deferred = 0
    package var bounced = 0
    package var suppressed = 0
    package var inDoubt = 0
    package var expired = 0
    package var cancelled = 0
    package var failed = 0

    package init() {}

    package subscript(outcome: Outcome) -> Int {
        get {
            switch outcome {
            case .accepted: self.accepted
            case .deferred: self.deferred
            case .bounced: self.bounced
            case .suppressed: self.suppressed
            case .inDoubt: self.inDoubt
            case .expired: self.expired
            case .cancelled: self.cancelled
            case .failed: self.failed
            }
        }
        set {
            switch outcome {
            case .accepted: self.accepted = newValue
            case .deferred: self.deferred = newValue
            case .bounced: self.bounced = newValue
            case .suppressed: self.suppressed = newValue
            case .inDoubt: self.inDoubt = newValue
            case .expired: self.expired = newValue
            case .cancelled: self.cancelled = newValue
            case .failed: self.failed = newValue
            }
        }
    }

    /// Targets that are not pending.
    package var sum: Int {
        self.accepted + self.deferred + self.bounced + self.suppressed + self.inDoubt + self.expired + self.cancelled
            + self.failed
    }

    package static func += (left: inout Self, right: Self) {
        for outcome in Outcome.allCases { left[outcome] += right[outcome] }
    }
}

/// A lane as it is stored.
package struct LaneRecord: Hashable, Sendable {
    package let campaign: Campaign.ID
    package let lane: Int
    /// The site, or the name of a queue that many small sites share.
    package let site: String
    /// Many sites share it.
    package let isTail: Bool
    /// Targets frozen into it so far.
    package var audience = 0
    /// The next position whose first attempt was not granted yet.
    package var cursor = 0
    package var counts = LaneCounts()
    package var sentTwice = 0

    package init(campaign: Campaign.ID, lane: Int, site: String, isTail: Bool) {
        self.campaign = campaign
        self.lane = lane
        self.site = site
        self.isTail = isTail
    }

    package var pending: Int { self.audience - self.counts.sum }
}

/// Lanes and their counts.
package final class LaneStore {
    private let saveStatement: any SQLStatement
    private let listStatement: any SQLStatement
    private let dueStatement: any SQLStatement

    package init(_ connection: any SQLConnection) throws(StoreError) {
        self.saveStatement = try connection.prepare(
            """
            INSERT INTO lane (campaign, lane, site, tail, audience, cursor, accepted, deferred, bounced, suppressed, in_doubt,
                expired, cancelled, failed, sent_twice)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)
            ON CONFLICT (campaign, lane) DO UPDATE SET audience = ?5, cursor = ?6, accepted = ?7, deferred = ?8, bounced = ?9,
                suppressed = ?10, in_doubt = ?11, expired = ?12, cancelled = ?13, failed = ?14, sent_twice = ?15
            """
        )
        self.listStatement = try connection.prepare(
            """
            SELECT lane, site, tail, audience, cursor, accepted, deferred, bounced, suppressed, in_doubt, expired, cancelled,
                failed, sent_twice
            FROM lane WHERE campaign = ?1 ORDER BY lane
            """
        )
        self.dueStatement = try connection.prepare(
            "SELECT min(due) FROM target WHERE campaign = ?1 AND lane = ?2 AND due IS NOT NULL"
        )
    }

    /// Writes how far a lane is, with its counts.
    package func save(_ lane: LaneRecord) throws(StoreError) {
        let statement = self.saveStatement
        statement.bind(1, lane.campaign.rawValue)
        statement.bind(2, lane.lane)
        statement.bind(3, lane.site)
        statement.bind(4, lane.isTail ? 1 : 0)
        statement.bind(5, lane.audience)
        statement.bind(6, lane.cursor)
        statement.bind(7, lane.counts.accepted)
        statement.bind(8, lane.counts.deferred)
        statement.bind(9, lane.counts.bounced)
        statement.bind(10, lane.counts.suppressed)
        statement.bind(11, lane.counts.inDoubt)
        statement.bind(12, lane.counts.expired)
        statement.bind(13, lane.counts.cancelled)
        statement.bind(14, lane.counts.failed)
        statement.bind(15, lane.sentTwice)
        try statement.run()
    }

    /// A campaign's lanes, by number.
    package func lanes(of campaign: Campaign.ID) throws(StoreError) -> [LaneRecord] {
        let row = self.listStatement
        defer { row.reset() }
        row.bind(1, campaign.rawValue)
        var lanes: [LaneRecord] = []
        while try row.step() {
            var lane = LaneRecord(
                campaign: campaign,
                lane: Int(row.integer(0)),
                site: row.text(1),
                isTail: row.integer(2) != 0
            )
            lane.audience = Int(row.integer(3))
            lane.cursor = Int(row.integer(4))
            lane.counts.accepted = Int(row.integer(5))
            lane.counts.deferred = Int(row.integer(6))
            lane.counts.bounced = Int(row.integer(7))
            lane.counts.suppressed = Int(row.integer(8))
            lane.counts.inDoubt = Int(row.integer(9))
            lane.counts.expired = Int(row.integer(10))
            lane.counts.cancelled = Int(row.integer(11))
            lane.counts.failed = Int(row.integer(12))
            lane.sentTwice = Int(row.integer(13))
            lanes.append(lane)
        }
        return lanes
    }

    /// When the lane's first retry comes due; `nil` when none waits.
    package func earliestDue(campaign: Campaign.ID, lane: Int) throws(StoreError) -> Timestamp? {
        let row = self.dueStatement
        defer { row.reset() }
        row.bind(1, campaign.rawValue)
        row.bind(2, lane)
        return try row.step() ? row.optionalInteger(0).map { Timestamp(milliseconds: $0) } : nil
    }
}
