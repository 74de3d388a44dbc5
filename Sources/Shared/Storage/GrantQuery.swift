package import Domain

/// One target as the coordinator looks at it before it grants it: its state, its contact's address, and what the messages need.
package struct GrantRow: Sendable {
    package let target: TargetRecord
    /// Messages of other campaigns to the contact, by cap.
    private let capCounts: [Int]
    /// `nil` when the contact was erased.
    package let address: String?
    /// Domain of the address, as it was imported.
    package let domain: String
    /// What stands against writing to the contact.
    package let bars: ContactBars
    /// Which bases the contact gave for which channels.
    package let consent: ConsentMarks
    private let values: GrantValues
    /// Which row of ``values`` it is.
    private let index: Int

    fileprivate init(_ head: GrantHead, values: GrantValues, index: Int) {
        self.target = head.target
        self.address = head.address
        self.domain = head.domain
        self.bars = head.bars
        self.consent = head.consent
        self.capCounts = head.capCounts
        self.values = values
        self.index = index
    }

    /// How many messages of other campaigns count for the cap with this index.
    package func messages(in cap: Int) -> Int { self.capCounts[cap] }

    /// Whether the campaign's condition with this index holds for the contact.
    package func holds(_ condition: Int) -> Bool {
        self.values.conditions[self.index * self.values.conditionCount + condition]
    }

    /// Whether the contact has no value in the field with this index.
    package func isEmpty(_ field: Int) -> Bool { self.values.range(row: self.index, field: field).isEmpty }

    /// UTF-8 of the field with this index; empty when the contact has none.
    package func value(_ field: Int) -> ArraySlice<UInt8> {
        self.values.bytes[self.values.range(row: self.index, field: field)]
    }

    /// Shows `body` the UTF-8 of the field with this index, without a copy; valid inside `body` only.
    package func withValue(_ field: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        let range = self.values.range(row: self.index, field: field)
        self.values.bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

/// What a row has of its own.
private struct GrantHead {
    let target: TargetRecord
    let address: String?
    let domain: String
    let bars: ContactBars
    let consent: ConsentMarks
    let capCounts: [Int]
}

/// Conditions and values of all rows of one reading, each in one piece: of its own, a row would need memory for each of them.
private final class GrantValues: Sendable {
    let conditionCount: Int
    let fieldCount: Int
    let conditions: [Bool]
    let bytes: [UInt8]
    private let ends: [Int]

    init(_ columns: consuming GrantColumns) {
        self.conditionCount = columns.conditionCount
        self.fieldCount = columns.fieldCount
        self.conditions = columns.conditions
        self.bytes = columns.bytes
        self.ends = columns.ends
    }

    func range(row: Int, field: Int) -> Range<Int> {
        let index = row * self.fieldCount + field
        return (index == 0 ? 0 : self.ends[index - 1])..<self.ends[index]
    }
}

/// ``GrantValues`` while they are read.
private struct GrantColumns {
    let conditionCount: Int
    let fieldCount: Int
    var conditions: [Bool] = []
    var bytes: [UInt8] = []
    /// Where each value ends in ``bytes``.
    var ends: [Int] = []

    init(conditionCount: Int, fieldCount: Int, rows: Int) {
        self.conditionCount = conditionCount
        self.fieldCount = fieldCount
        self.conditions.reserveCapacity(rows * conditionCount)
        self.ends.reserveCapacity(rows * fieldCount)
    }

    mutating func append(_ statement: any SQLStatement, from column: Int) {
        for index in 0..<self.conditionCount { self.conditions.append(statement.integer(column + index) != 0) }
        for index in 0..<self.fieldCount {
            statement.append(column + self.conditionCount + index, to: &self.bytes)
            self.ends.append(self.bytes.count)
        }
    }
}

/// Reads targets of one campaign with everything that decides about them.
package struct GrantQuery: Sendable {
    private let head: String
    private let conditionCount: Int
    private let fieldCount: Int
    private let bindings: [SQLValue]
    /// The frequency caps that are counted for each row.
    package let caps: [FrequencyCap]

    package var hasCaps: Bool { !self.caps.isEmpty }

    /// What counting for caps goes by.
    package struct CapMoment: Hashable, Sendable {
        package let now: Timestamp
        /// Older campaigns sent nothing in any cap's period.
        package let oldestCampaign: Campaign.ID

        package init(now: Timestamp, oldestCampaign: Campaign.ID) {
            self.now = now
            self.oldestCampaign = oldestCampaign
        }
    }

    /// Parameters before those of the conditions.
    package static let firstFreeParameter = 6

    /// - Parameters:
    ///   - conditions: SQL over the contact `c`, parameters from ``firstFreeParameter`` on.
    ///   - bindings: Of those parameters, in order.
    ///   - columns: SQL over the contact `c` of each value to read, as text.
    ///   - caps: What is counted of other campaigns' messages to the contact.
    package init(
        conditions: [String],
        bindings: [SQLValue],
        columns: [String],
        caps: [FrequencyCap] = []
    ) {
        self.caps = caps
        self.conditionCount = conditions.count
        self.fieldCount = columns.count
        self.bindings = bindings
        let firstCap = Self.firstFreeParameter + bindings.count
        let counts = caps.indices.map { cap in
            Self.messages(
                to: "t.contact",
                "u.campaign >= ?\(firstCap) AND u.campaign <> t.campaign",
                since: "?\(firstCap + 1 + cap)"
            )
        }
        let extras = (conditions.map { "coalesce(\($0), 0)" } + columns + counts).map { ", " + $0 }.joined()
        self.head = """
            SELECT t.position, t.contact, t.state, t.attempts, t.due, t.epoch, t.variant, t.doubted,
                c.email, c.domain, c.barred, c.consent\(extras)
            FROM target t LEFT JOIN contact c ON c.id = t.contact
            WHERE t.campaign = ?1 AND t.lane = ?2
            """
    }

    /// SQL of how many messages to a contact count for a cap: those that were accepted, or may have been.
    ///
    /// Messages in workers' hands are not in the table.
    static func messages(to contact: String, _ campaigns: String, since: String) -> String {
        let sent = "\(Outcome.accepted.rawValue), \(Outcome.inDoubt.rawValue)"
        return """
            (SELECT count(*) FROM target u INDEXED BY target_contact WHERE u.contact = \(contact)
                AND \(campaigns) AND (u.state IN (\(sent)) OR u.doubted = 1) AND u.at > \(since))
            """
    }

    /// Targets that were never granted, from `position` on, in order.
    package func fresh(
        campaign: Campaign.ID,
        lane: Int,
        from position: Int,
        limit: Int,
        caps moment: CapMoment? = nil,
        on connection: any SQLConnection
    ) throws(StoreError) -> [GrantRow] {
        let statement = try connection.prepare(
            self.head + " AND t.position >= ?3 AND t.state = 0 AND t.due IS NULL ORDER BY t.position LIMIT ?4"
        )
        return try self.rows(statement, campaign, lane, Int64(position), limit, moment)
    }

    /// Targets that came due, the longest waiting first.
    package func due(
        campaign: Campaign.ID,
        lane: Int,
        by now: Timestamp,
        limit: Int,
        caps moment: CapMoment? = nil,
        on connection: any SQLConnection
    ) throws(StoreError) -> [GrantRow] {
        let statement = try connection.prepare(
            self.head + " AND t.due IS NOT NULL AND t.due <= ?3 ORDER BY t.due, t.position LIMIT ?4"
        )
        return try self.rows(statement, campaign, lane, now.milliseconds, limit, moment)
    }

    /// Those of these targets that wait to be granted again, whenever they are due; in order of position.
    package func waiting(
        campaign: Campaign.ID,
        lane: Int,
        positions: [Int],
        caps moment: CapMoment? = nil,
        on connection: any SQLConnection
    ) throws(StoreError) -> [GrantRow] {
        let statement = try connection.prepare(self.head + " AND t.position = ?3 AND t.due IS NOT NULL LIMIT ?4")
        var rows: [GrantRow] = []
        for position in positions { rows += try self.rows(statement, campaign, lane, Int64(position), 1, moment) }
        return rows
    }

    /// Targets that a shard granted and that have no outcome under it, in order of position.
    package func leased(_ shard: ShardRecord, on connection: any SQLConnection) throws(StoreError) -> [GrantRow] {
        switch shard.contents {
        case .range(let range):
            // A target of the range that was put aside or granted again since bears a due time or an epoch.
            let statement = try connection.prepare(
                self.head
                    + " AND t.position >= ?3 AND t.position < ?5 AND t.state = 0 AND t.due IS NULL AND t.epoch = 0"
                    + " ORDER BY t.position LIMIT ?4"
            )
            statement.bind(5, range.upperBound)
            return try self.rows(statement, shard.campaign, shard.lane, Int64(range.lowerBound), range.count, nil)
        case .members(let members):
            let statement = try connection.prepare(
                self.head
                    + " AND t.position = ?3 AND t.state IN (0, \(Outcome.deferred.rawValue)) AND t.due IS NULL"
                    + " AND t.epoch = ?5 LIMIT ?4"
            )
            var rows: [GrantRow] = []
            for member in members {
                statement.bind(5, Int64(bitPattern: shard.epoch.rawValue))
                rows += try self.rows(statement, shard.campaign, shard.lane, Int64(member), 1, nil)
            }
            return rows
        }
    }

    private func rows(
        _ statement: any SQLStatement,
        _ campaign: Campaign.ID,
        _ lane: Int,
        _ third: Int64,
        _ limit: Int,
        _ moment: CapMoment?
    ) throws(StoreError) -> [GrantRow] {
        defer { statement.reset() }
        statement.bind(1, campaign.rawValue)
        statement.bind(2, lane)
        statement.bind(3, third)
        statement.bind(4, limit)
        for (index, value) in self.bindings.enumerated() { statement.bind(Self.firstFreeParameter + index, value) }
        let firstCap = Self.firstFreeParameter + self.bindings.count
        if self.hasCaps {
            // Where nobody asks for them nothing is counted: no campaign is above the highest number.
            statement.bind(firstCap, moment?.oldestCampaign.rawValue ?? .max)
            for (index, cap) in self.caps.enumerated() {
                statement.bind(firstCap + 1 + index, (moment?.now.milliseconds ?? 0) - cap.periodMilliseconds)
            }
        }
        let capColumn = 12 + self.conditionCount + self.fieldCount
        var heads: [GrantHead] = []
        heads.reserveCapacity(limit)
        var columns = GrantColumns(conditionCount: self.conditionCount, fieldCount: self.fieldCount, rows: limit)
        while try statement.step() {
            heads.append(
                GrantHead(
                    target: TargetRecord(statement),
                    address: statement.optionalText(8),
                    domain: statement.text(9),
                    bars: ContactBars(rawValue: statement.integer(10)),
                    consent: ConsentMarks(rawValue: statement.integer(11)),
                    capCounts: self.caps.indices.map { Int(statement.integer(capColumn + $0)) }
                )
            )
            columns.append(statement, from: 12)
        }
        let values = GrantValues(columns)
        return heads.enumerated().map { GrantRow($1, values: values, index: $0) }
    }
}
