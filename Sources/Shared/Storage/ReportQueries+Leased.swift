import Domain

/// Which targets of a window are in a worker's hands.
///
/// An open shard says what it granted; a target of it is leased as long as neither an outcome nor a return was recorded:
///
/// | shard | target |
/// |---|---|
/// | range (first attempts) | pending, never due, epoch 0 |
/// | members (retries) | pending or deferred, not due, epoch of the shard |
struct LeasedPositions {
    private(set) var all: Set<Int> = []

    var sorted: [Int] { self.all.sorted() }

    func contains(_ position: Int) -> Bool { self.all.contains(position) }

    /// Reads them; belongs into the transaction that reads the targets.
    init(_ lane: LaneRecord, _ positions: Range<Int>, on connection: any SQLConnection) throws(StoreError) {
        for shard in try ShardStore(connection).open() where shard.campaign == lane.campaign && shard.lane == lane.lane
        {
            switch shard.contents {
            case .range(let range): try self.addRange(range.clamped(to: positions), of: lane, on: connection)
            case .members(let members):
                let row = try connection.prepare(
                    """
                    SELECT t.state FROM target t
                    WHERE t.campaign = ?1 AND t.lane = ?2 AND t.position >= ?3 AND t.position < ?4
                        AND t.state IN (0, \(Outcome.deferred.rawValue)) AND t.due IS NULL AND t.epoch = ?5
                    """
                )
                row.bind(5, Int64(bitPattern: shard.epoch.rawValue))
                for member in members where positions.contains(member) {
                    defer { row.reset() }
                    row.bind(member..<member + 1, of: lane)
                    if try row.step() { self.all.insert(member) }
                }
            }
        }
    }

    private mutating func addRange(
        _ range: Range<Int>,
        of lane: LaneRecord,
        on connection: any SQLConnection
    ) throws(StoreError) {
        let row = try connection.prepare(
            """
            SELECT t.position FROM target t
            WHERE t.campaign = ?1 AND t.lane = ?2 AND t.position >= ?3 AND t.position < ?4
                AND t.state = 0 AND t.due IS NULL AND t.epoch = 0
            """
        )
        defer { row.reset() }
        row.bind(range, of: lane)
        while try row.step() { self.all.insert(Int(row.integer(0))) }
    }
}
