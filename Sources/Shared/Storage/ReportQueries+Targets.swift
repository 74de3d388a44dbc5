package import Domain

/// Which targets of a campaign are listed.
package enum TargetFilter: Hashable, Sendable {
    case all
    /// Neither leased nor settled.
    case pending
    /// In a worker's hands.
    case leased
    /// Without those that are leased for another attempt.
    case outcome(Outcome)
}

/// One target of a campaign with everything that is known about it.
package struct TargetReport: Hashable, Sendable {
    package let contact: Contact.ID
    /// Empty when the contact was erased.
    package let address: String
    /// Empty when the contact was erased and its site had no lane of its own.
    package let site: String
    /// Index into the campaign's variants; `nil` when none was chosen.
    package let variant: Int?
    /// `nil` is pending or leased.
    package let outcome: Outcome?
    package let isLeased: Bool
    /// A ``Reason``'s raw value.
    package let reason: String?
    package let attempts: Int
    /// When the outcome became known.
    package let at: Timestamp?
    /// At least one attempt is in the ledger.
    package let wasTried: Bool
    /// What the relay said at the attempt that the outcome comes from, or before it was decided; `nil` when it said nothing.
    package let reply: RelayReply?
}

/// Reads a campaign's targets page by page in the order of their keys, so that no read lasts long.
package struct TargetPages: Sendable {
    private let campaign: Campaign.ID
    private let filter: TargetFilter
    private let rollup: [String: String]
    private var lanes: [LaneRecord]?
    private var cursor = TargetCursor()

    /// Rows of a page: few enough that a hundred readers hold little.
    package static let pageRows = 500

    /// Targets looked at for one page; a filter that lets few through gives short or empty pages instead of long reads.
    package static let scannedMax = 20_000

    /// - Parameters:
    ///   - campaign: Whose targets.
    ///   - filter: Which of them.
    ///   - rollup: Domains that belong to a site of another name.
    package init(campaign: Campaign.ID, filter: TargetFilter, rollup: [String: String]) {
        self.campaign = campaign
        self.filter = filter
        self.rollup = rollup
    }

    /// The next page.
    ///
    /// - Returns: ``pageRows`` rows at most, perhaps none although more follow; `nil` after the last.
    package mutating func next(on connection: any SQLConnection) throws(StoreError) -> [TargetReport]? {
        try connection.snapshot { () throws(StoreError) in
            let lanes = try TargetCursor.lanes(of: self.campaign, known: self.lanes, on: connection)
            self.lanes = lanes
            var rows: [TargetReport]?
            var room = Self.scannedMax
            while room > 0, (rows?.count ?? 0) < Self.pageRows, let window = self.cursor.next(lanes, room: room) {
                try self.read(window, lanes[window.lane], into: &rows, on: connection)
                room -= max(TargetCursor.laneCost, window.positions.count)
            }
            return rows
        }
    }

    /// Adds the rows of a window, and sets the cursor back when the page is full before the window's end.
    private mutating func read(
        _ window: (lane: Int, positions: Range<Int>),
        _ lane: LaneRecord,
        into page: inout [TargetReport]?,
        on connection: any SQLConnection
    ) throws(StoreError) {
        var rows = page ?? []
        defer { page = rows }
        let leased = try LeasedPositions(lane, window.positions, on: connection)
        if self.filter == .leased, leased.all.isEmpty { return }
        let row = try connection.prepare(Self.sql(self.filter))
        defer { row.reset() }
        row.bind(window.positions, of: lane)
        while try row.step() {
            let position = Int(row.integer(0))
            if rows.count == Self.pageRows {
                self.cursor = TargetCursor(lane: window.lane, position: position)
                return
            }
            let report = self.report(row, lane, isLeased: leased.contains(position))
            if self.selects(report) { rows.append(report) }
        }
    }

    private func selects(_ row: TargetReport) -> Bool {
        switch self.filter {
        case .all: true
        case .pending: !row.isLeased && row.outcome == nil
        case .leased: row.isLeased
        case .outcome(let outcome): !row.isLeased && row.outcome == outcome
        }
    }

    private static func sql(_ filter: TargetFilter) -> String {
        let states =
            switch filter {
            case .all: ""
            case .pending: " AND t.state = 0"
            case .leased: " AND t.due IS NULL AND t.state IN (0, \(Outcome.deferred.rawValue))"
            case .outcome(let outcome): " AND t.state = \(outcome.rawValue)"
            }
        // The attempt that the outcome comes from; while another is under way, the one before. What was decided after attempts, as when the
        // campaign expired, stands under no epoch: then the last one.
        return """
            SELECT t.position, t.contact, c.email, c.domain, t.variant, t.state, t.reason, t.attempts, t.at,
                l.epoch, l.code, l.status, l.text
            FROM target t LEFT JOIN contact c ON c.id = t.contact
            LEFT JOIN ledger l ON l.campaign = t.campaign AND l.lane = t.lane AND l.position = t.position
                AND l.epoch = (SELECT max(k.epoch) FROM ledger k
                    WHERE k.campaign = t.campaign AND k.lane = t.lane AND k.position = t.position
                        AND (k.epoch <= t.epoch OR (t.epoch = 0 AND t.attempts > 0)))
            WHERE t.campaign = ?1 AND t.lane = ?2 AND t.position >= ?3 AND t.position < ?4\(states) ORDER BY t.position
            """
    }

    private func report(_ row: any SQLStatement, _ lane: LaneRecord, isLeased: Bool) -> TargetReport {
        let domain = row.text(3)
        let outcome = Outcome(rawValue: Int(row.integer(5)))
        return TargetReport(
            contact: Contact.ID(row.integer(1)),
            address: row.text(2),
            site: lane.isTail ? self.rollup[domain] ?? domain : lane.site,
            variant: row.optionalInteger(4).map { Int($0) },
            outcome: isLeased ? nil : outcome,
            isLeased: isLeased,
            reason: isLeased ? nil : row.optionalText(6),
            attempts: Int(row.integer(7)),
            at: row.optionalInteger(8).map { Timestamp(milliseconds: $0) },
            wasTried: row.integer(9) != 0,
            reply: row.optionalInteger(10).map { code in
                RelayReply(code: Int(code), status: row.text(11), text: row.text(12))
            }
        )
    }
}
