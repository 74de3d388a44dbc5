import Domain
import Intake
import Storage

/// Somebody of whom a file says that they must not be written to.
struct ImportOptOut: Hashable, Sendable {
    let channel: SuppressionChannel
    /// In canonical form.
    let address: String
    let reason: SuppressionReason
    /// The file's line and column; no address.
    let evidence: String
}

/// What a file's columns say of people who must not be written to: gathered while it is read, counted by column.
struct ImportOptOuts: Sendable {
    private let file: String
    /// Met since the last window.
    private var waiting: [ImportOptOut] = []
    private var rows: [Key: Int] = [:]

    private struct Key: Hashable {
        let column: Int
        let reason: SuppressionReason
    }

    /// Addresses of one turn of the loop: some milliseconds.
    static let chunkCount = 500

    init(file: String) { self.file = file }

    /// Takes what the rows of a batch say; whoever has no address for a channel needs no suppression there.
    mutating func take(_ batch: DecodedRows, _ headers: [String]) {
        for found in batch.optOuts {
            let column = found.column.column
            let evidence = "\(self.file.prefix(200)):\(batch.lines[found.row]) \(headers[column].prefix(80))"
            let orders = found.channels.compactMap { channel in
                Self.address(batch, found.row, channel).map {
                    ImportOptOut(channel: channel, address: $0, reason: found.reason, evidence: evidence)
                }
            }
            guard !orders.isEmpty else { continue }
            self.waiting += orders
            self.rows[Key(column: column, reason: found.reason), default: 0] += 1
        }
    }

    private static func address(_ batch: DecodedRows, _ row: Int, _ channel: SuppressionChannel) -> String? {
        switch channel {
        case .email: batch.emailAddress(row: row)?.key
        case .sms: batch.telephone(row: row).map { String(decoding: PhoneKey.of($0), as: UTF8.self) }
        }
    }

    /// Hands over what waits.
    mutating func drain() -> [ImportOptOut] {
        defer { self.waiting.removeAll() }
        return self.waiting
    }

    /// The counts, in the order of the columns.
    func uses(_ headers: [String]) -> [ImportAnswer.OptOutUse] {
        self.rows.sorted { ($0.key.column, $0.key.reason) < ($1.key.column, $1.key.reason) }.map { key, rows in
            ImportAnswer.OptOutUse(column: headers[key.column], reason: key.reason.rawValue, rows: rows)
        }
    }
}

extension ImportLoop {
    func suppress(
        _ orders: [ImportOptOut],
        by who: String,
        key: AddressKey,
        at: Timestamp
    ) async throws {
        try await self.write { connection throws(StoreError) in
            let store = SuppressionStore(connection, key: key)
            for order in orders {
                let record = SuppressionRecord(
                    channel: order.channel,
                    address: key.hash(order.address, on: order.channel),
                    reason: order.reason,
                    at: at,
                    evidence: order.evidence,
                    who: who
                )
                _ = try store.add(record, address: order.address)
            }
        }
    }
}
