package import Domain

/// Counts the contacts that a condition selects, a window of ids at a time, so that no read lasts long.
package struct SegmentFold: Sendable {
    private let segment: SegmentSQL
    private var window = ContactWindow()
    /// Contacts counted so far.
    package private(set) var count = 0

    /// - Parameters:
    ///   - expression: What is counted.
    ///   - part: The ids to look at, above its lower bound; `nil` for all that there are.
    package init(_ expression: Expression, in part: ClosedRange<Int64>? = nil) {
        self.segment = SegmentSQL(expression, firstParameter: ContactWindow.firstFreeParameter)
        if let part { self.window = ContactWindow(part) }
    }

    /// Cuts all contacts that there are now into parts of about equal size, to be counted side by side.
    ///
    /// - Parameters:
    ///   - count: Parts, at least 1.
    ///   - connection: Of the store.
    /// - Returns: For ``init(_:in:)``; fewer when there are too few contacts to be worth it.
    /// - Throws: What the database says.
    package static func parts(
        _ count: Int,
        on connection: any SQLConnection
    ) throws(StoreError) -> [ClosedRange<Int64>] {
        let bound = try CampaignStore(connection).highestContact()
        let size = max(ContactWindow.ids, (bound + Int64(count) - 1) / Int64(count))
        return stride(from: 0, to: bound, by: Int(size)).map { $0...min(bound, $0 + size) }
    }

    /// Counts the next window.
    ///
    /// - Returns: Whether there is more.
    package mutating func step(on connection: any SQLConnection) throws(StoreError) -> Bool {
        guard let ids = try self.window.next(on: connection) else { return false }
        let row = try connection.prepare(
            "SELECT count(*) FROM contact c WHERE c.id > ?1 AND c.id <= ?2 AND (\(self.segment.condition))"
        )
        defer { row.reset() }
        row.bind(ids, self.segment.bindings)
        if try row.step() { self.count += Int(row.integer(0)) }
        return true
    }
}

/// Counts the contacts that a condition selects by site or by a field, a window of ids at a time.
package struct SegmentGroupFold: Sendable {
    /// By what contacts are counted.
    package enum Key: Hashable, Sendable {
        case site
        case field(Field)
    }

    private let segment: SegmentSQL
    private let key: Key
    private let rollup: [String: String]
    private var window = ContactWindow(size: ContactWindow.wideIDs)
    /// Contacts counted so far, by site or value; those without one by the empty text.
    package private(set) var groups: [String: Int] = [:]

    /// - Parameters:
    ///   - expression: Whom to count.
    ///   - key: By what.
    ///   - rollup: Domains that belong to a site of another name.
    package init(_ expression: Expression, by key: Key, rollup: [String: String]) {
        self.segment = SegmentSQL(expression, firstParameter: ContactWindow.firstFreeParameter)
        self.key = key
        self.rollup = rollup
    }

    /// Whether there are more than ``ReportFold/groupsMax``; the fold has ended then, and its groups are incomplete.
    package var hasTooManyGroups: Bool { self.groups.count > ReportFold.groupsMax }

    /// Counts the next window.
    ///
    /// - Returns: Whether there is more.
    package mutating func step(on connection: any SQLConnection) throws(StoreError) -> Bool {
        guard !self.hasTooManyGroups, let ids = try self.window.next(on: connection) else { return false }
        let key: String =
            switch self.key {
            case .site: "c.domain"
            case .field(let field): field.printedExpression()
            }
        let row = try connection.prepare(
            """
            SELECT \(key), count(*) FROM contact c WHERE c.id > ?1 AND c.id <= ?2 AND (\(self.segment.condition)) GROUP BY 1
            """
        )
        defer { row.reset() }
        row.bind(ids, self.segment.bindings)
        while try row.step(), !self.hasTooManyGroups {
            let text = row.text(0)
            let name = self.key == .site ? self.rollup[text] ?? text : text
            self.groups[name, default: 0] += Int(row.integer(1))
        }
        return true
    }
}

/// Says what a campaign would do with each contact of its audience: which group of variants, what is missing, who is left out.
package struct AudienceFold: Sendable {
    /// Contacts for whom the same group of variants holds.
    package struct Share: Hashable, Sendable {
        package var contacts = 0
        /// For each of the fields asked about, how many of them have no value.
        package var missing: [Int]
        /// Contacts that lack a field that must not be empty for this group.
        package var rejected = 0
        /// Of the others, those who have had as many messages as they may.
        package var capped = 0
    }

    private let sql: String
    private let bindings: [SQLValue]
    private let fieldCount: Int
    private var window = ContactWindow(size: ContactWindow.wideIDs)

    /// One for each condition, in order, and one more for those that no condition fits.
    package private(set) var shares: [Share]
    /// Contacts of the audience who must not be written to.
    package private(set) var suppressed = 0
    /// Contacts of the audience who gave no basis that the channel needs.
    package private(set) var withoutConsent = 0
    /// Contacts that the rule selects and that have no e-mail address; not part of the audience.
    package private(set) var withoutAddress = 0

    /// Contacts of the audience.
    package var audience: Int { self.suppressed + self.withoutConsent + self.shares.reduce(0) { $0 + $1.contacts } }

    /// - Parameters:
    ///   - bar: What keeps a contact from being written to.
    ///   - consent: What a contact must have one of; empty: nothing.
    ///   - audience: Whom the campaign is for.
    ///   - conditions: Of the groups of variants, tried in this order.
    ///   - fields: Whose missing values are counted.
    ///   - required: For each condition, which of `fields`, by index, must not be empty.
    ///   - caps: How many messages anybody may have.
    ///   - moment: What they are counted by; `nil`: they are not.
    package init(
        bar: ContactBars,
        consent: ConsentMarks = [],
        audience: Audience,
        conditions: [Expression],
        fields: [Field],
        required: [[Int]] = [],
        caps: [FrequencyCap] = [],
        at moment: GrantQuery.CapMoment? = nil
    ) {
        var bindings: [SQLValue] = []
        func sql(_ expression: Expression) -> String {
            let segment = SegmentSQL(expression, firstParameter: ContactWindow.firstFreeParameter + bindings.count)
            bindings += segment.bindings
            return segment.condition
        }
        let rule: String
        switch audience {
        case .expression(let expression): rule = sql(expression)
        case .list(let id):
            rule = "EXISTS (SELECT 1 FROM list_member m WHERE m.list = \(id) AND m.contact = c.id)"
        }
        let groups = conditions.enumerated().map { "WHEN \(sql($1)) THEN \($0)" }.joined(separator: " ")
        let missing = fields.enumerated().map { index, field in
            (inner: ", CASE WHEN c.\(field.column) IS NULL THEN 1 ELSE 0 END AS m\(index)", outer: ", sum(m\(index))")
        }
        let rest = conditions.count
        let lacking = required.enumerated().filter { !$0.element.isEmpty }.map { share, fields in
            "WHEN \(share) THEN \(fields.map { "m\($0)" }.joined(separator: " + ")) > 0"
        }
        let lacks = lacking.isEmpty ? "0" : "(CASE share \(lacking.joined(separator: " ")) ELSE 0 END)"
        let capped = Self.isCapped(caps, moment)
        self.sql = """
            SELECT share, count(*), sum(\(lacks)), sum(\(lacks) = 0 AND capped)\(missing.map(\.outer).joined()) FROM (
                SELECT CASE WHEN c.email IS NULL THEN \(Self.noAddress) WHEN c.barred & \(bar.rawValue) <> 0 THEN \(Self.isSuppressed)
                    \(consent.isEmpty ? "" : "WHEN c.consent & \(consent.rawValue) = 0 THEN \(Self.noConsent)")
                    \(groups.isEmpty ? "" : groups) ELSE \(rest) END AS share, \(capped) AS capped\(missing.map(\.inner).joined())
                FROM contact c
                WHERE c.id > ?1 AND c.id <= ?2 AND (\(rule))
            ) AS judged GROUP BY share
            """
        self.bindings = bindings
        self.fieldCount = fields.count
        self.shares = Array(repeating: Share(missing: Array(repeating: 0, count: fields.count)), count: rest + 1)
    }

    /// SQL of whether a contact has had as many messages as they may.
    private static func isCapped(_ caps: [FrequencyCap], _ moment: GrantQuery.CapMoment?) -> String {
        guard let moment, !caps.isEmpty else { return "0" }
        let tests = caps.map { cap in
            let since = moment.now.milliseconds - cap.periodMilliseconds
            let campaigns = "u.campaign >= \(moment.oldestCampaign.rawValue)"
            return "\(GrantQuery.messages(to: "c.id", campaigns, since: "\(since)")) >= \(cap.count)"
        }
        return "(\(tests.joined(separator: " OR ")))"
    }

    /// Whom a campaign is for, with its names looked up.
    package enum Audience: Hashable, Sendable {
        case expression(Expression)
        /// A list's row id.
        case list(Int64)
    }

    private static let noAddress = -1
    private static let isSuppressed = -2
    private static let noConsent = -3

    /// Judges the next window.
    ///
    /// - Returns: Whether there is more.
    package mutating func step(on connection: any SQLConnection) throws(StoreError) -> Bool {
        guard let ids = try self.window.next(on: connection) else { return false }
        let row = try connection.prepare(self.sql)
        defer { row.reset() }
        row.bind(ids, self.bindings)
        while try row.step() {
            let count = Int(row.integer(1))
            switch Int(row.integer(0)) {
            case Self.noAddress: self.withoutAddress += count
            case Self.isSuppressed: self.suppressed += count
            case Self.noConsent: self.withoutConsent += count
            case let share:
                self.shares[share].contacts += count
                self.shares[share].rejected += Int(row.integer(2))
                self.shares[share].capped += Int(row.integer(3))
                for field in 0..<self.fieldCount { self.shares[share].missing[field] += Int(row.integer(4 + field)) }
            }
        }
        return true
    }
}

/// Goes through all contacts by windows of ids.
struct ContactWindow: Sendable {
    /// Ids of one window: some tens of milliseconds when the pages are in memory, and a window costs next to nothing.
    static let ids: Int64 = 200_000
    /// Ids of one window where many columns of each contact are looked at: some tens of milliseconds, too.
    static let wideIDs: Int64 = 20_000

    private let size: Int64
    /// Parameters before those of the condition.
    static let firstFreeParameter = 3

    private var lower: Int64 = 0
    /// The highest id when the first window was asked for; contacts that come later are not looked at.
    private var bound: Int64?

    init(size: Int64 = ids) { self.size = size }

    /// Goes through a part of the ids, above its lower bound.
    init(_ part: ClosedRange<Int64>) {
        self.size = Self.ids
        self.lower = part.lowerBound
        self.bound = part.upperBound
    }

    /// The next ids, `lower < id ≤ upper`; `nil` at the end.
    mutating func next(on connection: any SQLConnection) throws(StoreError) -> ClosedRange<Int64>? {
        if self.bound == nil { self.bound = try CampaignStore(connection).highestContact() }
        guard let bound = self.bound, self.lower < bound else { return nil }
        let start = self.lower
        self.lower = min(bound, start + self.size)
        return start...self.lower
    }
}

extension SQLStatement {
    func bind(_ window: ClosedRange<Int64>, _ bindings: [SQLValue]) {
        self.bind(1, window.lowerBound)
        self.bind(2, window.upperBound)
        for (index, value) in bindings.enumerated() { self.bind(ContactWindow.firstFreeParameter + index, value) }
    }
}
