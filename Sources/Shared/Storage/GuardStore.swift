/// What guards counted, and what they hold: one row a scope.
package struct GuardStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// One row.
    package struct Row: Hashable, Sendable {
        /// Names the scope.
        package let scope: String
        package let tries: Int
        package let bounced: Int
        package let complained: Int
        /// Why nothing is sent there; `nil` when it may be.
        package let hold: String?

        package init(scope: String, tries: Int, bounced: Int, complained: Int, hold: String?) {
            self.scope = scope
            self.tries = tries
            self.bounced = bounced
            self.complained = complained
            self.hold = hold
        }
    }

    /// All rows, by scope.
    package func all() throws(StoreError) -> [Row] {
        let row = try self.connection.prepare(
            "SELECT scope, tries, bounced, complained, hold FROM guard_count ORDER BY scope"
        )
        defer { row.reset() }
        var rows: [Row] = []
        while try row.step() {
            rows.append(
                Row(
                    scope: row.text(0),
                    tries: Int(row.integer(1)),
                    bounced: Int(row.integer(2)),
                    complained: Int(row.integer(3)),
                    hold: row.optionalText(4)
                )
            )
        }
        return rows
    }

    /// Keeps the counts of a scope, in place of those before.
    package func save(_ row: Row) throws(StoreError) {
        let statement = try self.connection.prepare(
            """
            INSERT INTO guard_count (scope, tries, bounced, complained, hold) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (scope) DO UPDATE SET tries = ?2, bounced = ?3, complained = ?4, hold = ?5
            """
        )
        statement.bind(1, row.scope)
        statement.bind(2, row.tries)
        statement.bind(3, row.bounced)
        statement.bind(4, row.complained)
        statement.bind(5, optional: row.hold)
        try statement.run()
    }

    /// Forgets a scope: it counts from nothing again.
    package func remove(_ scope: String) throws(StoreError) {
        let statement = try self.connection.prepare("DELETE FROM guard_count WHERE scope = ?1")
        statement.bind(1, scope)
        try statement.run()
    }
}
