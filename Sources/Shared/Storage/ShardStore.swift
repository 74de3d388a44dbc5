package import Domain

/// One grant, as it is stored for ever.
package struct ShardRecord: Hashable, Sendable {
    package let epoch: Epoch
    package let campaign: Campaign.ID
    package let lane: Int
    package let contents: Contents
    package let holder: String

    /// Which targets it has.
    package enum Contents: Hashable, Sendable {
        /// First attempts: pending targets of this range of positions.
        case range(Range<Int>)
        /// Retries: these positions, ascending.
        case members([Int])

        /// Whether a target with this position is in the shard.
        package func contains(_ position: Int) -> Bool {
            switch self {
            case .range(let range): range.contains(position)
            case .members(let members): members.contains(position)
            }
        }
    }

    package init(epoch: Epoch, campaign: Campaign.ID, lane: Int, contents: Contents, holder: String) {
        self.epoch = epoch
        self.campaign = campaign
        self.lane = lane
        self.contents = contents
        self.holder = holder
    }
}

/// Shards: who holds what, and who held it.
package final class ShardStore {
    private let insertStatement: any SQLStatement
    private let closeStatement: any SQLStatement
    private let closeAllStatement: any SQLStatement
    private let readStatement: any SQLStatement
    private let timeStatement: any SQLStatement
    private let openStatement: any SQLStatement

    package init(_ connection: any SQLConnection) throws(StoreError) {
        self.insertStatement = try connection.prepare(
            """
            INSERT INTO shard (epoch, campaign, lane, lo, hi, members, holder, granted_at)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            """
        )
        self.closeStatement = try connection.prepare("UPDATE shard SET open = 0 WHERE epoch = ?1")
        self.closeAllStatement = try connection.prepare("UPDATE shard SET open = 0 WHERE open = 1")
        self.readStatement = try connection.prepare(
            "SELECT epoch, campaign, lane, lo, hi, members, holder FROM shard WHERE epoch = ?1"
        )
        self.timeStatement = try connection.prepare("SELECT granted_at FROM shard WHERE epoch = ?1")
        self.openStatement = try connection.prepare(
            "SELECT epoch, campaign, lane, lo, hi, members, holder FROM shard WHERE open = 1 ORDER BY epoch"
        )
    }

    /// Records a grant; its epoch must be new.
    package func insert(_ shard: ShardRecord, at: Timestamp) throws(StoreError) {
        let statement = self.insertStatement
        statement.bind(1, Int64(bitPattern: shard.epoch.rawValue))
        statement.bind(2, shard.campaign.rawValue)
        statement.bind(3, shard.lane)
        switch shard.contents {
        case .range(let range):
            statement.bind(4, range.lowerBound)
            statement.bind(5, range.upperBound)
            statement.bindNull(6)
        case .members(let members):
            statement.bind(4, members.first ?? 0)
            statement.bind(5, (members.last ?? 0) + 1)
            statement.bind(6, bytes: Self.pack(members))
        }
        statement.bind(7, shard.holder)
        statement.bind(8, at.milliseconds)
        try statement.run()
    }

    /// Every target of it has an outcome, or is pending again.
    package func close(_ epoch: Epoch) throws(StoreError) {
        self.closeStatement.bind(1, Int64(bitPattern: epoch.rawValue))
        try self.closeStatement.run()
    }

    /// Ends all leases at once: nobody's word about what happens next counts under them any more.
    package func closeAll() throws(StoreError) { try self.closeAllStatement.run() }

    /// What was granted in this epoch; `nil` when nothing was.
    package func shard(_ epoch: Epoch) throws(StoreError) -> ShardRecord? {
        let row = self.readStatement
        defer { row.reset() }
        row.bind(1, Int64(bitPattern: epoch.rawValue))
        return try row.step() ? Self.record(row) : nil
    }

    /// When it was granted.
    package func grantedAt(_ epoch: Epoch) throws(StoreError) -> Timestamp? {
        let row = self.timeStatement
        defer { row.reset() }
        row.bind(1, Int64(bitPattern: epoch.rawValue))
        return try row.step() ? Timestamp(milliseconds: row.integer(0)) : nil
    }

    /// Shards with targets that have no outcome yet, oldest first.
    package func open() throws(StoreError) -> [ShardRecord] {
        let row = self.openStatement
        defer { row.reset() }
        var shards: [ShardRecord] = []
        while try row.step() { shards.append(Self.record(row)) }
        return shards
    }

    private static func record(_ row: any SQLStatement) -> ShardRecord {
        let contents: ShardRecord.Contents =
            row.isNull(5)
            ? .range(Int(row.integer(3))..<max(Int(row.integer(3)), Int(row.integer(4))))
            : .members(Self.unpack(row.bytes(5)))
        return ShardRecord(
            epoch: Epoch(UInt64(bitPattern: row.integer(0))),
            campaign: Campaign.ID(row.integer(1)),
            lane: Int(row.integer(2)),
            contents: contents,
            holder: row.text(6)
        )
    }

    /// Big-endian u32 each.
    private static func pack(_ members: [Int]) -> [UInt8] {
        members.flatMap { member in
            let value = UInt32(member)
            return (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        }
    }

    private static func unpack(_ bytes: [UInt8]) -> [Int] {
        stride(from: 0, to: bytes.count - bytes.count % 4, by: 4).map { start in
            bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
        }
    }
}
