import Domain

/// Reads the list of who must not be written to, page by page, in the order of the hashes.
package struct SuppressionPages: Sendable {
    /// Rows of one page.
    package static let rowsMax = 1_000

    private let key: AddressKey
    private var channel = ""
    private var after: [UInt8] = []

    /// - Parameter key: Of the addresses on the list.
    package init(key: AddressKey) { self.key = key }

    /// The next page; `nil` after the last.
    package mutating func next(on connection: any SQLConnection) throws(StoreError) -> [SuppressionRecord]? {
        let row = try connection.prepare(
            """
            SELECT s.channel, s.address_hash, s.reason, s.at, s.evidence, s.who, c.id, c.phone
            FROM suppression s LEFT JOIN contact c ON c.id = s.contact AND (c.email IS NOT NULL OR s.channel <> 'email')
            WHERE (s.channel, s.address_hash) > (?1, ?2) ORDER BY s.channel, s.address_hash LIMIT ?3
            """
        )
        defer { row.reset() }
        row.bind(1, self.channel)
        row.bind(2, bytes: self.after)
        row.bind(3, Self.rowsMax)
        var records: [SuppressionRecord] = []
        while try row.step() {
            self.channel = row.text(0)
            self.after = row.bytes(1)
            let channel = SuppressionChannel(rawValue: self.channel) ?? .email
            let hash = AddressHash(bytes: self.after)
            // Numbers change without a word to the list.
            let isTheirs = channel == .email || self.hash(ofNumber: row.bytes(7)) == hash
            records.append(
                SuppressionRecord(
                    channel: channel,
                    address: hash,
                    reason: SuppressionReason(rawValue: row.text(2)) ?? .asked,
                    at: Timestamp(milliseconds: row.integer(3)),
                    evidence: row.text(4),
                    who: row.text(5),
                    contact: isTheirs ? row.optionalInteger(6).map { Contact.ID($0) } : nil
                )
            )
        }
        return records.isEmpty ? nil : records
    }

    private func hash(ofNumber number: [UInt8]) -> AddressHash? {
        number.isEmpty ? nil : self.key.hash(String(decoding: PhoneKey.of(number), as: UTF8.self), on: .sms)
    }
}
