/// Lists: named static membership.
package struct ListStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// The list's row id; `nil` when there is no such list.
    package func id(named name: String) throws(StoreError) -> Int64? {
        let row = try self.connection.prepare("SELECT id FROM list WHERE name = ?1")
        defer { row.reset() }
        row.bind(1, name)
        return try row.step() ? row.integer(0) : nil
    }

    /// The list's row id; makes the list when it is new.
    package func make(named name: String) throws(StoreError) -> Int64 {
        if let known = try self.id(named: name) { return known }
        let statement = try self.connection.prepare("INSERT INTO list (name) VALUES (?1)")
        statement.bind(1, name)
        try statement.run()
        return self.connection.lastInsertID
    }

    /// Contacts in a list.
    package func memberCount(_ list: Int64) throws(StoreError) -> Int {
        let row = try self.connection.prepare("SELECT count(*) FROM list_member WHERE list = ?1")
        defer { row.reset() }
        row.bind(1, list)
        return try row.step() ? Int(row.integer(0)) : 0
    }
}
