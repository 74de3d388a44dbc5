import Domain
import Engine
import Storage
import StorageSQLite

/// What the coordinator's database says, asked directly.
struct LedgerBooks {
    /// How a target stands.
    struct Standing: Hashable {
        let outcome: Outcome?
        let isDoubted: Bool

        var name: String { self.outcome?.name ?? "pending" }

        /// What is known of it: never less later, except by the rule for doubts.
        var rank: Int {
            switch self.outcome {
            case nil: 0
            case .deferred: 1
            case .suppressed, .cancelled, .expired: 2
            case .inDoubt: 3
            case .bounced, .failed: 4
            case .accepted: 5
            }
        }
    }

    private let database: SQLiteDatabase

    init(_ database: SQLiteDatabase) { self.database = database }

    /// Rows of a query, as a function of the statement makes them.
    func rows<Row>(
        _ sql: String,
        _ values: [Int64] = [],
        _ make: (any SQLStatement) -> Row
    ) -> [Row] {
        self.read { connection throws(StoreError) in
            let statement = try connection.prepare(sql)
            defer { statement.reset() }
            for (index, value) in values.enumerated() { statement.bind(index + 1, value) }
            var rows: [Row] = []
            while try statement.step() { rows.append(make(statement)) }
            return rows
        }
    }

    /// A question that cannot be asked is a mistake of the simulator: with no answer in its place laws would hold that do not.
    private func read<Value>(_ body: (any SQLConnection) throws(StoreError) -> Value) -> Value {
        do throws(StoreError) {
            return try self.database.access { connection throws(StoreError) in try body(connection) }
        } catch {
            preconditionFailure("the books cannot be read: \(error.text)")
        }
    }

    func standing(of key: TargetKey) -> Standing? {
        self.rows(
            "SELECT state, doubted FROM target WHERE campaign = ?1 AND lane = ?2 AND position = ?3",
            [key.campaign.rawValue, Int64(key.lane), Int64(key.position)]
        ) { Standing(outcome: Outcome(rawValue: Int($0.integer(0))), isDoubted: $0.integer(1) != 0) }.first
    }

    func recorded(_ key: TargetKey, epoch: Epoch) -> Outcome? {
        self.rows(
            "SELECT outcome FROM ledger WHERE campaign = ?1 AND lane = ?2 AND position = ?3 AND epoch = ?4",
            [key.campaign.rawValue, Int64(key.lane), Int64(key.position), Int64(bitPattern: epoch.rawValue)]
        ) { Outcome(rawValue: Int($0.integer(0))) }.first ?? nil
    }

    /// All targets, in order.
    func standings() -> [(key: TargetKey, standing: Standing)] {
        self.rows("SELECT campaign, lane, position, state, doubted FROM target ORDER BY campaign, lane, position") {
            (
                TargetKey(campaign: Campaign.ID($0.integer(0)), lane: Int($0.integer(1)), position: Int($0.integer(2))),
                Standing(outcome: Outcome(rawValue: Int($0.integer(3))), isDoubted: $0.integer(4) != 0)
            )
        }
    }

    func audience(of campaign: Campaign.ID) -> [(contact: Int64, standing: Standing)] {
        self.rows(
            "SELECT contact, state, doubted FROM target WHERE campaign = ?1 ORDER BY contact",
            [campaign.rawValue]
        ) {
            (
                $0.integer(0),
                Standing(outcome: Outcome(rawValue: Int($0.integer(1))), isDoubted: $0.integer(2) != 0)
            )
        }
    }

    /// Contacts of targets that ended for a reason.
    func contacts(reason: Reason) -> [Int64] {
        self.rows("SELECT contact FROM target WHERE reason = '\(reason.rawValue)' ORDER BY contact") { $0.integer(0) }
    }

    func isStarted(_ campaign: Campaign.ID) -> Bool {
        !self.rows("SELECT 1 FROM campaign WHERE id = ?1 AND started_at IS NOT NULL", [campaign.rawValue]) { _ in true }
            .isEmpty
    }

    /// Campaigns by name, with their states.
    func campaigns() -> [(id: Campaign.ID, name: String, state: CampaignState?)] {
        self.rows("SELECT id, name, state FROM campaign ORDER BY id") {
            (Campaign.ID($0.integer(0)), $0.text(1), CampaignState(rawValue: $0.text(2)))
        }
    }

    /// Where kept counts differ from targets.
    func differences() -> [String] {
        let ids = self.campaigns().map(\.id)
        return self.read { connection throws(StoreError) in
            var all: [String] = []
            for id in ids { all += try CountQueries(connection).differences(id).map { "\(id.publicID): \($0)" } }
            return all
        }
    }

    /// Everything the ledger says, for the trace.
    func fold(into trace: inout Trace) {
        let rows = self.rows(
            "SELECT campaign, lane, position, epoch, outcome, at FROM ledger ORDER BY campaign, lane, position, epoch"
        ) { row in (0..<6).map { row.integer($0) } }
        for row in rows { for value in row { trace.fold(value) } }
    }
}
