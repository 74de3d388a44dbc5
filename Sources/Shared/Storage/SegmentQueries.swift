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
