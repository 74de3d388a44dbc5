package import Domain

/// Campaigns that were started for those whom another one, their origin, had not reached.
///
/// So nobody whom one of them wrote to, or may write to, is left of the origin any more (``SegmentSQL``), and the origin is not tried again.
package struct SequelStore {
    private let connection: any SQLConnection

    package init(_ connection: any SQLConnection) { self.connection = connection }

    /// The sequels of a campaign that were started, in order.
    package func sequels(of origin: Campaign.ID) throws(StoreError) -> [Campaign.ID] {
        try self.list("SELECT sequel FROM campaign_sequel WHERE origin = ?1 ORDER BY sequel", origin)
    }

    /// What a campaign is a sequel of, in order.
    package func origins(of sequel: Campaign.ID) throws(StoreError) -> [Campaign.ID] {
        try self.list("SELECT origin FROM campaign_sequel WHERE sequel = ?1 ORDER BY origin", sequel)
    }

    /// Notes that a campaign starts for those whom others had not reached.
    ///
    /// - Parameters:
    ///   - sequel: The campaign.
    ///   - named: Those that its audience names. What they are sequels of, and what was started for the same people before it, are its origins, too:
    ///     it has their people.
    /// - Throws: What the store throws.
    package func add(_ sequel: Campaign.ID, of named: [Campaign.ID]) throws(StoreError) {
        var origins = Set(named)
        for origin in named {
            origins.formUnion(try self.origins(of: origin))
            origins.formUnion(try self.sequels(of: origin))
        }
        origins.remove(sequel)
        let statement = try self.connection.prepare(
            "INSERT INTO campaign_sequel (origin, sequel) VALUES (?1, ?2) ON CONFLICT (origin, sequel) DO NOTHING"
        )
        for origin in origins.sorted() {
            statement.bind(1, origin.rawValue)
            statement.bind(2, sequel.rawValue)
            try statement.run()
        }
    }

    private func list(_ sql: String, _ id: Campaign.ID) throws(StoreError) -> [Campaign.ID] {
        let row = try self.connection.prepare(sql)
        defer { row.reset() }
        row.bind(1, id.rawValue)
        var found: [Campaign.ID] = []
        while try row.step() { found.append(Campaign.ID(row.integer(0))) }
        return found
    }
}
