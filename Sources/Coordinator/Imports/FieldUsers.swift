import Domain
import Engine
import Storage
import UserFiles

/// What could not be read any more if the fields that an import brought were taken away, and those whose types it settled had none again:
/// campaigns that wait, run or are paused, and segments.
struct FieldUsers: Hashable, Sendable {
    /// The fields, by name.
    let fields: [String]
    /// `c3 'caucus' (running)` and `segment 'young'`: campaigns first, oldest first, then segments by name.
    let users: [String]

    /// Users that are named; the first ones say enough.
    static let namedMax = 5

    /// Looks for them; `nil` when nobody uses any of the fields.
    ///
    /// - Parameters:
    ///   - importID: The import that brought the fields.
    ///   - now: What `today` goes by.
    ///   - connection: Read only.
    /// - Throws: What the store throws.
    init?(ofImport importID: Int64, at now: Timestamp, on connection: any SQLConnection) throws(StoreError) {
        let brought = try FieldStore(connection).fields(broughtBy: importID)
        let settled = try FieldStore(connection).fields(settledBy: importID)
        let fields = brought + settled
        guard !fields.isEmpty else { return nil }
        let names = try NameStore(connection).names(today: CalendarDay.of(now)).knowingSpellings
        let loss = FieldLoss(brought: brought, settled: settled, names: names)
        var users: [String] = []
        for record in try CampaignStore(connection).unfinished() where loss.breaks(record) {
            users.append("\(record.id.publicID) '\(record.name)' (\(record.state.rawValue))")
        }
        for segment in try SegmentStore(connection).all() where loss.breaks(segment) {
            users.append("segment '\(segment.name)'")
        }
        guard !users.isEmpty else { return nil }
        self.fields = fields
        self.users = users
    }

    /// Why the import is not undone, and what to do.
    func text(undoing name: String) -> String {
        let rest = self.users.count - Self.namedMax
        let users = self.users.prefix(Self.namedMax).joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
        let fields = self.fields.map { "'\($0)'" }.joined(separator: ", ")
        return
            "\(name) brought, or settled the type of, \(self.fields.count == 1 ? "the field" : "fields") \(fields), in use by \(users); end or replace those "
            + "campaigns and define those segments anew without it, then undo \(name)"
    }
}

/// Which fields are to go, and what that does to those who may name them.
private struct FieldLoss {
    private let fields: [String]
    private let before: ExpressionNames
    private let after: ExpressionNames

    init(brought: [String], settled: [String], names: ExpressionNames) {
        self.fields = brought + settled
        self.before = names
        var after = names
        after.fields.removeAll { brought.contains($0.name) }
        after.fields = after.fields.map { field in
            settled.contains(field.name) ? Field(name: field.name, type: .text, isOpen: true) : field
        }
        self.after = after
    }

    /// Whether a campaign can be read now, and could not be without the fields.
    func breaks(_ record: CampaignRecord) -> Bool {
        guard self.mayName(record) else { return false }
        return self.isRead(record, self.before) && !self.isRead(record, self.after)
    }

    func breaks(_ segment: SegmentRecord) -> Bool {
        self.isRead(segment, self.before) && !self.isRead(segment, self.after)
    }

    /// Most name none of them, and reading is what takes long.
    private func mayName(_ record: CampaignRecord) -> Bool {
        // An escape may hide a name.
        if record.content.contains("\\") { return true }
        return [record.content, record.files].contains { text in
            let text = text.lowercased()
            return self.fields.contains { text.contains($0) }
        }
    }

    private func isRead(_ record: CampaignRecord, _ names: ExpressionNames) -> Bool {
        (try? CampaignPlan(record, names: names)) != nil
    }

    private func isRead(_ segment: SegmentRecord, _ names: ExpressionNames) -> Bool {
        guard case .success = ExpressionParser.parse(segment.expression, names: names) else { return false }
        return true
    }
}
