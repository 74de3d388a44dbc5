package import Domain

/// Where the targets of one group stand; each is in exactly one count.
package struct TargetTally: Hashable, Sendable {
    package var pending = 0
    /// In a worker's hands.
    package var leased = 0
    /// Without those that are leased for another attempt.
    package var outcomes = LaneCounts()

    package init() {}

    package var audience: Int { self.pending + self.leased + self.outcomes.sum }

    package static func += (left: inout Self, right: Self) {
        left.pending += right.pending
        left.leased += right.leased
        left.outcomes += right.outcomes
    }

    /// Counts targets by `target.state`.
    mutating func add(_ count: Int, state: Int) {
        if let outcome = Outcome(rawValue: state) { self.outcomes[outcome] += count } else { self.pending += count }
    }

    /// Counts one that was added by its state as leased instead.
    mutating func lease(state: Int) {
        self.add(-1, state: state)
        self.leased += 1
    }
}

/// By what a report takes a campaign apart.
package enum ReportGrouping: Hashable, Sendable {
    /// One row for all.
    case none
    case site
    /// By index into the campaign's variants.
    case variant
    case field(Field)
}

/// What a row of a report stands for.
package enum ReportKey: Hashable, Sendable {
    case all
    /// A site, or a field's value; empty for contacts without one.
    case text(String)
    /// Index of a variant; `nil` for targets that have none yet, or that none fits.
    case variant(Int?)
}

/// Counts a campaign's targets by something, a window at a time, so that no read lasts long.
///
/// Each window is a snapshot of its own; with a campaign at work, targets may move between the windows, but each is counted once.
package struct ReportFold: Sendable {
    private let campaign: Campaign.ID
    private let grouping: ReportGrouping
    private let rollup: [String: String]
    /// Lanes with their audience when the fold began; `nil` before.
    private var lanes: [LaneRecord]?
    private var cursor = TargetCursor()
    /// What was counted so far.
    package private(set) var groups: [ReportKey: TargetTally] = [:]

    /// - Parameters:
    ///   - campaign: Whose targets.
    ///   - grouping: By what.
    ///   - rollup: Domains that belong to a site of another name, as in `googlemail.com: gmail.com`.
    package init(campaign: Campaign.ID, grouping: ReportGrouping, rollup: [String: String]) {
        self.campaign = campaign
        self.grouping = grouping
        self.rollup = rollup
    }

    /// Targets of one window: about 20 ms with a field to look up for each.
    package static let windowTargets = 20_000

    /// Rows of a report: more are no summary any more, and are kept from filling the memory.
    package static let groupsMax = 20_000

    /// Whether ``groupsMax`` was passed; the fold has ended then, and its groups are incomplete.
    package var hasTooManyGroups: Bool { self.groups.count > Self.groupsMax }

    /// Counts the next window.
    ///
    /// - Returns: Whether there is more.
    package mutating func step(on connection: any SQLConnection) throws(StoreError) -> Bool {
        try connection.snapshot { () throws(StoreError) in
            let lanes = try TargetCursor.lanes(of: self.campaign, known: self.lanes, on: connection)
            self.lanes = lanes
            var room = Self.windowTargets
            while room > 0, let window = self.cursor.next(lanes, room: room) {
                try self.count(lanes[window.lane], window.positions, on: connection)
                room -= max(TargetCursor.laneCost, window.positions.count)
            }
            return !self.cursor.isAtEnd(lanes) && !self.hasTooManyGroups
        }
    }

    private mutating func count(
        _ lane: LaneRecord,
        _ positions: Range<Int>,
        on connection: any SQLConnection
    ) throws(StoreError) {
        let (expression, needsContact) = self.keyExpression(lane)
        let source =
            "FROM target t" + (needsContact ? " LEFT JOIN contact c ON c.id = t.contact" : "")
            + " WHERE t.campaign = ?1 AND t.lane = ?2 AND t.position >= ?3 AND t.position < ?4"
        let row = try connection.prepare("SELECT \(expression), t.state, count(*) \(source) GROUP BY 1, 2")
        defer { row.reset() }
        row.bind(positions, of: lane)
        while try row.step() {
            self.groups[self.key(row, lane), default: TargetTally()].add(
                Int(row.integer(2)),
                state: Int(row.integer(1))
            )
        }
        let leased = try LeasedPositions(lane, positions, on: connection)
        let target = try connection.prepare("SELECT \(expression), t.state \(source)")
        for position in leased.sorted {
            defer { target.reset() }
            target.bind(position..<position + 1, of: lane)
            guard try target.step() else { continue }
            self.groups[self.key(target, lane), default: TargetTally()].lease(state: Int(target.integer(1)))
        }
    }

    private func keyExpression(_ lane: LaneRecord) -> (sql: String, needsContact: Bool) {
        switch self.grouping {
        case .none: ("0", false)
        case .site: lane.isTail ? ("c.domain", true) : ("0", false)
        case .variant: ("t.variant", false)
        case .field(let field): (field.printedExpression(), true)
        }
    }

    private func key(_ row: any SQLStatement, _ lane: LaneRecord) -> ReportKey {
        switch self.grouping {
        case .none: return .all
        case .site:
            guard lane.isTail else { return .text(lane.site) }
            let domain = row.text(0)
            return .text(self.rollup[domain] ?? domain)
        case .variant: return .variant(row.optionalInteger(0).map { Int($0) })
        case .field: return .text(row.text(0))
        }
    }
}

/// Goes through the targets of a campaign in the order of their keys.
struct TargetCursor: Hashable, Sendable {
    /// Index into the list of lanes.
    var lane = 0
    var position = 0

    /// What a lane costs, in targets: a few statements even when it is nearly empty.
    static let laneCost = 100

    /// The lanes that were there at the first step, so that the fold ends while targets are still being added.
    static func lanes(
        of campaign: Campaign.ID,
        known: [LaneRecord]?,
        on connection: any SQLConnection
    ) throws(StoreError) -> [LaneRecord] {
        if let known { return known }
        return try LaneStore(connection).lanes(of: campaign)
    }

    func isAtEnd(_ lanes: [LaneRecord]) -> Bool {
        !lanes.indices.contains(self.lane) || lanes[self.lane...].allSatisfy { $0.audience == 0 }
    }

    /// The next positions of one lane, and moves behind them.
    ///
    /// - Parameters:
    ///   - lanes: The same at each call.
    ///   - room: How many positions at most; at least 1.
    /// - Returns: `nil` at the end.
    mutating func next(_ lanes: [LaneRecord], room: Int) -> (lane: Int, positions: Range<Int>)? {
        while self.lane < lanes.count {
            let (lane, start) = (self.lane, self.position)
            let end = min(lanes[lane].audience, start + room)
            if end >= lanes[lane].audience {
                self = Self(lane: lane + 1, position: 0)
            } else {
                self.position = end
            }
            if start < end { return (lane, start..<end) }
        }
        return nil
    }
}

extension SQLStatement {
    /// Binds campaign, lane and a range of positions to the first four parameters.
    func bind(_ positions: Range<Int>, of lane: LaneRecord) {
        self.bind(1, lane.campaign.rawValue)
        self.bind(2, lane.lane)
        self.bind(3, positions.lowerBound)
        self.bind(4, positions.upperBound)
    }
}

extension SQLConnection {
    /// Runs reads that all see the same moment of the database.
    func snapshot<Result>(_ body: () throws(StoreError) -> Result) throws(StoreError) -> Result {
        try self.execute("BEGIN")
        do throws(StoreError) {
            let result = try body()
            try self.execute("COMMIT")
            return result
        } catch {
            try self.execute("ROLLBACK")
            throw error
        }
    }
}
