package import Domain

/// A campaign as it is stored.
package struct CampaignRecord: Hashable, Sendable {
    package var id: Campaign.ID
    package var name: String
    package var state: CampaignState
    package var channel: String
    package var relay: String
    /// Name of the campaign file, as the submitter called it.
    package var file: String
    /// The campaign file's text.
    package var content: String
    /// The files it names, as a JSON object of texts.
    package var files: String
    /// Of content, audience rule and limits; an approval is bound to it.
    package var digest: String
    /// Rises when the content is replaced.
    package var revision: Int
    package var submittedBy: String
    package var submittedAt: Timestamp
    package var approvedBy: String?
    package var approvedAt: Timestamp?
    package var approvedDigest: String?
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    /// Nothing is granted from then on.
    package var expiresAt: Timestamp?
    /// The highest contact id of the audience; `nil` before the start.
    package var freezeBound: Int64?
    /// Contacts up to this id have been looked at.
    package var freezeCursor: Int64?
    /// Every target stands in the table.
    package var isFrozen: Bool
    /// Cancelled or expired: what is not settled is being settled.
    package var isCancelling: Bool
    /// What is being done with its targets, chunk by chunk; `nil` when nothing is.
    package var sweep: CampaignSweep?

    package init(
        id: Campaign.ID,
        name: String,
        state: CampaignState,
        channel: String,
        relay: String,
        file: String,
        content: String,
        files: String,
        digest: String,
        submittedBy: String,
        submittedAt: Timestamp
    ) {
        self.id = id
        self.name = name
        self.state = state
        self.channel = channel
        self.relay = relay
        self.file = file
        self.content = content
        self.files = files
        self.digest = digest
        self.revision = 1
        self.submittedBy = submittedBy
        self.submittedAt = submittedAt
        self.isFrozen = false
        self.isCancelling = false
    }
}

/// A pass over all targets of a campaign, a chunk at a time.
package struct CampaignSweep: Hashable, Sendable {
    /// What a pass does to the targets it finds.
    package enum Act: Hashable, Sendable {
        /// After a restored backup: what is not settled may have been sent, so it is in doubt.
        case doubt
        /// Doubts are sent again.
        case resend
        /// Doubts are decided: they stay as they are.
        case skip
        /// Targets with this outcome are tried again.
        case retry(Outcome)

        /// As it is stored.
        package var text: String {
            switch self {
            case .doubt: "doubt"
            case .resend: "resend"
            case .skip: "skip"
            case .retry(let outcome): "retry \(outcome.name)"
            }
        }

        package init?(_ text: String) {
            switch text {
            case "doubt": self = .doubt
            case "resend": self = .resend
            case "skip": self = .skip
            default:
                guard text.hasPrefix("retry "), let outcome = Outcome(name: text.dropFirst(6)) else { return nil }
                self = .retry(outcome)
            }
        }
    }

    package let act: Act
    /// Where it goes on.
    package var lane = 0
    package var position = 0

    package init(_ act: Act) { self.act = act }
}

/// Campaigns as they are stored.
package struct CampaignStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    private static let columns = """
        id, name, state, channel, relay, file, content, files, digest, revision, submitted_by, submitted_at, approved_by, \
        approved_at, approved_digest, started_at, finished_at, expires_at, freeze_bound, freeze_cursor, frozen, cancelling, \
        sweep, sweep_lane, sweep_position
        """

    /// The id for the next campaign.
    package func nextID() throws(StoreError) -> Campaign.ID {
        let statement = try self.connection.prepare("SELECT coalesce(max(id), 0) + 1 FROM campaign")
        defer { statement.reset() }
        return Campaign.ID(try statement.step() ? statement.integer(0) : 1)
    }

    /// Writes a campaign whole, whether it is new or not.
    package func save(_ record: CampaignRecord) throws(StoreError) {
        let marks = (1...25).map { "?\($0)" }.joined(separator: ", ")
        let updates = Self.columns.split(separator: ", ").dropFirst().map { "\($0) = excluded.\($0)" }
        let statement = try self.connection.prepare(
            "INSERT INTO campaign (\(Self.columns)) VALUES (\(marks)) ON CONFLICT (id) DO UPDATE SET "
                + updates.joined(separator: ", ")
        )
        statement.bind(1, record.id.rawValue)
        statement.bind(2, record.name)
        statement.bind(3, record.state.rawValue)
        statement.bind(4, record.channel)
        statement.bind(5, record.relay)
        statement.bind(6, record.file)
        statement.bind(7, record.content)
        statement.bind(8, record.files)
        statement.bind(9, record.digest)
        statement.bind(10, record.revision)
        statement.bind(11, record.submittedBy)
        statement.bind(12, record.submittedAt.milliseconds)
        statement.bind(13, optional: record.approvedBy)
        statement.bind(14, optional: record.approvedAt?.milliseconds)
        statement.bind(15, optional: record.approvedDigest)
        statement.bind(16, optional: record.startedAt?.milliseconds)
        statement.bind(17, optional: record.finishedAt?.milliseconds)
        statement.bind(18, optional: record.expiresAt?.milliseconds)
        statement.bind(19, optional: record.freezeBound)
        statement.bind(20, optional: record.freezeCursor)
        statement.bind(21, record.isFrozen ? 1 : 0)
        statement.bind(22, record.isCancelling ? 1 : 0)
        statement.bind(23, optional: record.sweep?.act.text)
        statement.bind(24, record.sweep?.lane ?? 0)
        statement.bind(25, record.sweep?.position ?? 0)
        try statement.run()
    }

    /// The campaign with this number; `nil` when there is none.
    package func campaign(_ id: Campaign.ID) throws(StoreError) -> CampaignRecord? {
        let statement = try self.connection.prepare("SELECT \(Self.columns) FROM campaign WHERE id = ?1")
        defer { statement.reset() }
        statement.bind(1, id.rawValue)
        return try statement.step() ? Self.record(statement) : nil
    }

    /// All campaigns, newest first.
    package func all() throws(StoreError) -> [CampaignRecord] {
        try self.list("SELECT \(Self.columns) FROM campaign ORDER BY id DESC")
    }

    /// Campaigns older than one, newest first.
    ///
    /// - Parameters:
    ///   - id: `nil` begins at the newest.
    ///   - count: At most so many.
    /// - Returns: Empty at the end.
    /// - Throws: What the database says.
    package func page(before id: Campaign.ID?, count: Int) throws(StoreError) -> [CampaignRecord] {
        let statement = try self.connection.prepare(
            "SELECT \(Self.columns) FROM campaign WHERE id < ?1 ORDER BY id DESC LIMIT ?2"
        )
        defer { statement.reset() }
        statement.bind(1, id?.rawValue ?? Int64.max)
        statement.bind(2, count)
        var records: [CampaignRecord] = []
        while try statement.step() { records.append(try Self.record(statement)) }
        return records
    }

    /// Campaigns with work to do: running, paused, being cancelled, or with a pass over their targets under way.
    package func active() throws(StoreError) -> [CampaignRecord] {
        try self.list(
            "SELECT \(Self.columns) FROM campaign "
                + "WHERE state IN ('running', 'paused') OR cancelling = 1 OR sweep IS NOT NULL ORDER BY id"
        )
    }

    /// Campaigns that were approved and have not started.
    package func approved() throws(StoreError) -> [CampaignRecord] {
        try self.list("SELECT \(Self.columns) FROM campaign WHERE state = 'approved' ORDER BY id")
    }

    /// Campaigns that were handed in and may still write to somebody, in order.
    package func unfinished() throws(StoreError) -> [CampaignRecord] {
        try self.list(
            "SELECT \(Self.columns) FROM campaign WHERE state IN ('submitted', 'approved', 'running', 'paused') ORDER BY id"
        )
    }

    /// Campaigns that were started, in order.
    package func started() throws(StoreError) -> [Campaign.ID] {
        let statement = try self.connection.prepare("SELECT id FROM campaign WHERE started_at IS NOT NULL ORDER BY id")
        defer { statement.reset() }
        var ids: [Campaign.ID] = []
        while try statement.step() { ids.append(Campaign.ID(statement.integer(0))) }
        return ids
    }

    /// The oldest campaign that was at work after a moment; `nil` when none was.
    package func oldest(endedAfter moment: Timestamp) throws(StoreError) -> Campaign.ID? {
        let statement = try self.connection.prepare(
            "SELECT min(id) FROM campaign WHERE started_at IS NOT NULL AND (finished_at IS NULL OR finished_at > ?1)"
        )
        defer { statement.reset() }
        statement.bind(1, moment.milliseconds)
        return try statement.step() ? statement.optionalInteger(0).map { Campaign.ID($0) } : nil
    }

    /// The highest contact id there is; 0 without contacts.
    package func highestContact() throws(StoreError) -> Int64 {
        let statement = try self.connection.prepare("SELECT coalesce(max(id), 0) FROM contact")
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : 0
    }

    private func list(_ sql: String) throws(StoreError) -> [CampaignRecord] {
        let statement = try self.connection.prepare(sql)
        defer { statement.reset() }
        var records: [CampaignRecord] = []
        while try statement.step() { records.append(try Self.record(statement)) }
        return records
    }

    private static func record(_ row: any SQLStatement) throws(StoreError) -> CampaignRecord {
        guard let state = CampaignState(rawValue: row.text(2)) else {
            throw StoreError.corrupt("campaign \(row.integer(0)) has the unknown state '\(row.text(2))'")
        }
        var record = CampaignRecord(
            id: Campaign.ID(row.integer(0)),
            name: row.text(1),
            state: state,
            channel: row.text(3),
            relay: row.text(4),
            file: row.text(5),
            content: row.text(6),
            files: row.text(7),
            digest: row.text(8),
            submittedBy: row.text(10),
            submittedAt: Timestamp(milliseconds: row.integer(11))
        )
        record.revision = Int(row.integer(9))
        record.approvedBy = row.optionalText(12)
        record.approvedAt = row.optionalInteger(13).map { Timestamp(milliseconds: $0) }
        record.approvedDigest = row.optionalText(14)
        record.startedAt = row.optionalInteger(15).map { Timestamp(milliseconds: $0) }
        record.finishedAt = row.optionalInteger(16).map { Timestamp(milliseconds: $0) }
        record.expiresAt = row.optionalInteger(17).map { Timestamp(milliseconds: $0) }
        record.freezeBound = row.optionalInteger(18)
        record.freezeCursor = row.optionalInteger(19)
        record.isFrozen = row.integer(20) != 0
        record.isCancelling = row.integer(21) != 0
        if let text = row.optionalText(22) {
            guard let act = CampaignSweep.Act(text) else {
                throw StoreError.corrupt("campaign \(row.integer(0)) has the unknown sweep '\(text)'")
            }
            record.sweep = CampaignSweep(act)
            record.sweep?.lane = Int(row.integer(23))
            record.sweep?.position = Int(row.integer(24))
        }
        return record
    }
}
