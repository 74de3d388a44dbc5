import Domain
import Engine
import Storage

/// Questions about segments.
extension Reads {
    /// All that a condition may name now.
    func names() async throws -> ExpressionNames {
        let today = CalendarDay.of(WallClock.now())
        return try await self.readers.read { connection throws(StoreError) in
            try NameStore(connection).names(today: today).knowingSpellings
        }
    }

    func segments() async throws -> [SegmentDefinition] {
        try await self.readers.read { connection throws(StoreError) in
            try SegmentStore(connection).all().map(SegmentDefinition.init)
        }
    }

    /// Counts the contacts that a condition selects.
    ///
    /// - Parameters:
    ///   - text: The condition.
    ///   - grouping: `site` or the name of a field: one row for each value as well.
    /// - Returns: The count, and the rows.
    /// - Throws: ``OperationError/invalid(_:)`` with places in the condition, or when there is no such field, or it has too
    ///   many values.
    func countSegment(_ text: String, by grouping: String? = nil) async throws -> SegmentCount {
        let names = try await self.names()
        let expression: Expression
        switch ExpressionParser.parse(text, names: names) {
        case .success(let parsed): expression = parsed.expression
        case .failure(let problems): throw OperationError.invalid(problems.diagnostics)
        }
        guard let grouping else {
            return SegmentCount(count: try await self.count(expression), by: nil)
        }
        let key = try Self.key(grouping, among: names.fields)
        var fold = SegmentGroupFold(expression, by: key, rollup: self.rollup)
        try await self.run(&fold) { fold, connection throws(StoreError) in try fold.step(on: connection) }
        guard !fold.hasTooManyGroups else {
            throw OperationError.invalid([
                Diagnostic(.error, "'\(grouping)' has more than \(ReportFold.groupsMax) values: too many for a table")
            ])
        }
        let rows = fold.groups.map { SegmentCount.Row(key: $0, count: $1) }
        return SegmentCount(
            count: fold.groups.values.reduce(0, +),
            by: grouping,
            rows: rows.sorted { $0.count != $1.count ? $0.count > $1.count : $0.key < $1.key }
        )
    }

    /// Counts side by side, each reader a part; others' questions come in between windows.
    private func count(_ expression: Expression) async throws -> Int {
        let parts = try await self.readers.read { connection throws(StoreError) in
            try SegmentFold.parts(ReaderPool.readersMax, on: connection)
        }
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for part in parts {
                group.addTask {
                    var fold = SegmentFold(expression, in: part)
                    try await self.run(&fold) { fold, connection throws(StoreError) in try fold.step(on: connection) }
                    return fold.count
                }
            }
            return try await group.reduce(0, +)
        }
    }

    private static func key(_ grouping: String, among fields: [Field]) throws(OperationError) -> SegmentGroupFold.Key {
        if let field = fields.first(where: { $0.name == grouping }) { return .field(field) }
        if grouping == "site" { return .site }
        let near = nearestName(to: grouping, in: fields.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
        throw OperationError.invalid([
            Diagnostic(.error, "there is no field '\(grouping.prefix(80))'\(near) A count is by site or by a field")
        ])
    }
}

extension SegmentDefinition {
    init(_ record: SegmentRecord) {
        self.init(
            name: record.name,
            expression: record.expression,
            definedBy: record.definedBy,
            definedAt: record.definedAt
        )
    }
}
