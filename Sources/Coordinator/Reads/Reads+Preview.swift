import Domain
import Storage

/// Questions about single contacts of a campaign's audience.
extension Reads {
    /// The contact with an address.
    func contact(_ key: String, _ query: PreviewQuery) async throws -> PreviewRow? {
        try await self.readers.read { connection throws(StoreError) in
            try query.contact(withKey: key, on: connection)
        }
    }

    /// People of the audience, each as likely to be drawn as any other; all when it is not larger.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - seed: The same one draws the same people of the same audience.
    ///   - audience: Whom the campaign is for.
    ///   - query: Of the same audience.
    /// - Returns: In no order.
    /// - Throws: What the database says.
    func sample(
        _ count: Int,
        seed: UInt64,
        of audience: Audience,
        _ query: PreviewQuery
    ) async throws -> [PreviewRow] {
        var fold = AudienceSampleFold(count, seed: seed, of: audience)
        try await self.run(&fold) { fold, connection throws(StoreError) in try fold.step(on: connection) }
        var rows: [PreviewRow] = []
        for contact in fold.contacts {
            let row = try await self.readers.read { connection throws(StoreError) in
                try query.contact(contact, on: connection)
            }
            // Whoever was removed in between is not shown.
            if let row { rows.append(row) }
        }
        return rows
    }

    /// How many people of an audience may be written to at each site.
    func sites(
        bar: ContactBars,
        consent: ConsentMarks,
        _ audience: Audience
    ) async throws -> [String: Int] {
        var fold = AudienceSiteFold(bar: bar, consent: consent, audience: audience)
        try await self.run(&fold) { fold, connection throws(StoreError) in try fold.step(on: connection) }
        var sites: [String: Int] = [:]
        for (domain, count) in fold.domains { sites[self.rollup[domain] ?? domain, default: 0] += count }
        return sites
    }
}
