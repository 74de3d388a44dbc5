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

    /// People of the audience, drawn by a seed; fewer when the audience is smaller.
    func sample(_ count: Int, seed: UInt64, _ query: PreviewQuery) async throws -> [PreviewRow] {
        let bound = try await self.readers.read { connection throws(StoreError) in
            try CampaignStore(connection).highestContact()
        }
        var draw = SplitMix64(seed)
        var rows: [PreviewRow] = []
        // Of a small audience the same ones are drawn again and again.
        for _ in 0..<count * 4 where rows.count < count {
            let start = Int64(draw.number(below: Int(max(1, bound))))
            let found: PreviewRow? = try await self.readers.read { connection throws(StoreError) -> PreviewRow? in
                if let row = try query.contact(after: start, on: connection) { return row }
                return try query.contact(after: 0, on: connection)
            }
            guard let found else { break }
            if !rows.contains(where: { $0.contact == found.contact }) { rows.append(found) }
        }
        return rows
    }

    /// How many people of an audience may be written to at each site.
    func sites(
        bar: ContactBars,
        consent: ConsentMarks,
        _ audience: AudienceFold.Audience
    ) async throws -> [String: Int] {
        var fold = AudienceSiteFold(bar: bar, consent: consent, audience: audience)
        try await self.run(&fold) { fold, connection throws(StoreError) in try fold.step(on: connection) }
        var sites: [String: Int] = [:]
        for (domain, count) in fold.domains { sites[self.rollup[domain] ?? domain, default: 0] += count }
        return sites
    }
}
