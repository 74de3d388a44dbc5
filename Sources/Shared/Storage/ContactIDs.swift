/// Gives contacts their numbers: one that was ever used is not used again, since campaigns know people by them.
///
/// Only whoever was removed and comes back at the address where messages went has the old one again.
package struct ContactIDs {
    private let connection: any SQLConnection
    private static let floorKey = "contact_floor"

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// The number that the next new contact gets.
    package func next() throws(StoreError) -> Int64 { max(try self.highest(), try self.floor()) + 1 }

    /// Gives no number below this one.
    func begin(at id: Int64) throws(StoreError) { try self.note(id - 1) }

    /// To be called before contacts are deleted, in the same transaction.
    package func keep() throws(StoreError) { try self.note(max(try self.highest(), try self.floor())) }

    private func note(_ floor: Int64) throws(StoreError) {
        let statement = try self.connection.prepare(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2"
        )
        statement.bind(1, Self.floorKey)
        statement.bind(2, String(floor))
        try statement.run()
    }

    private func highest() throws(StoreError) -> Int64 {
        let row = try self.connection.prepare("SELECT max(id) FROM contact")
        defer { row.reset() }
        return try row.step() ? row.integer(0) : 0
    }

    private func floor() throws(StoreError) -> Int64 {
        let row = try self.connection.prepare("SELECT value FROM meta WHERE key = ?1")
        defer { row.reset() }
        row.bind(1, Self.floorKey)
        return try row.step() ? Int64(row.text(0)) ?? 0 : 0
    }
}
