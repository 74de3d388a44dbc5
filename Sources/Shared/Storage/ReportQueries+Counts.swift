package import Domain

/// Counts straight from the targets, to prove that the counts kept on the lanes are right.
package struct CountQueries {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// One lane's targets, counted.
    package struct Fold: Hashable, Sendable {
        package var audience = 0
        package var counts = LaneCounts()
        /// Targets that the ledger has as accepted more than once.
        package var sentTwice = 0
    }

    /// Counts all targets of a campaign by lane.
    ///
    /// Reads the whole campaign: for `doctor` and for tests.
    package func fold(_ campaign: Campaign.ID) throws(StoreError) -> [Int: Fold] {
        var lanes: [Int: Fold] = [:]
        let row = try self.connection.prepare(
            "SELECT lane, state, count(*) FROM target WHERE campaign = ?1 GROUP BY lane, state"
        )
        defer { row.reset() }
        row.bind(1, campaign.rawValue)
        while try row.step() {
            let count = Int(row.integer(2))
            lanes[Int(row.integer(0)), default: Fold()].audience += count
            guard let outcome = Outcome(rawValue: Int(row.integer(1))) else { continue }
            lanes[Int(row.integer(0)), default: Fold()].counts[outcome] += count
        }
        let twice = try self.connection.prepare(
            """
            SELECT lane, count(*) FROM (SELECT lane, position FROM ledger WHERE campaign = ?1 AND outcome = ?2
                GROUP BY lane, position HAVING count(*) > 1) AS doubles GROUP BY lane
            """
        )
        defer { twice.reset() }
        twice.bind(1, campaign.rawValue)
        twice.bind(2, Outcome.accepted.rawValue)
        while try twice.step() { lanes[Int(twice.integer(0)), default: Fold()].sentTwice = Int(twice.integer(1)) }
        return lanes
    }

    /// Targets whose final outcome no row of the ledger has.
    ///
    /// Reads the whole campaign: for `doctor`. A deferred target may be one that an operator had tried again, which is no attempt.
    package func targetsWithoutLedger(_ campaign: Campaign.ID) throws(StoreError) -> Int {
        let statement = try self.connection.prepare(
            """
            SELECT count(*) FROM target AS t WHERE t.campaign = ?1 AND t.state <> 0 AND t.state <> ?2 AND NOT EXISTS (
                SELECT 1 FROM ledger AS l WHERE l.campaign = t.campaign AND l.lane = t.lane AND l.position = t.position
                    AND l.outcome = t.state)
            """
        )
        defer { statement.reset() }
        statement.bind(1, campaign.rawValue)
        statement.bind(2, Outcome.deferred.rawValue)
        return try statement.step() ? Int(statement.integer(0)) : 0
    }

    /// Where the kept counts of a campaign's lanes differ from its targets, in words; empty when they agree.
    package func differences(_ campaign: Campaign.ID) throws(StoreError) -> [String] {
        let folds = try self.fold(campaign)
        let lanes = try LaneStore(self.connection).lanes(of: campaign)
        var problems: [String] = []
        for lane in lanes {
            let fold = folds[lane.lane] ?? Fold()
            if fold.audience != lane.audience {
                problems.append(
                    "lane \(lane.lane) keeps an audience of \(lane.audience) and has \(fold.audience) targets"
                )
            }
            for outcome in Outcome.allCases where fold.counts[outcome] != lane.counts[outcome] {
                problems.append(
                    "lane \(lane.lane) keeps \(lane.counts[outcome]) \(outcome.name) and has \(fold.counts[outcome])"
                )
            }
            if fold.sentTwice != lane.sentTwice {
                problems.append("lane \(lane.lane) keeps \(lane.sentTwice) sent twice and has \(fold.sentTwice)")
            }
        }
        for number in folds.keys.sorted() where !lanes.contains(where: { $0.lane == number }) {
            problems.append("there are targets in lane \(number), and no such lane")
        }
        return problems
    }
}
