import Domain
import Storage

extension TestStore {
    /// Writes contacts that have nothing but these addresses, and puts them on a list.
    func importing(_ addresses: [String], list: String? = nil, key: AddressKey) throws {
        try self.write { connection throws(StoreError) in
            let list = try list.map { name throws(StoreError) in try ListStore(connection).make(named: name) }
            _ = try ContactStore(connection, fields: [], policy: .merge, key: key).upsert(
                ContactChunk(
                    ContactRows([], addresses.map { [$0] }),
                    rows: (0..<UInt32(addresses.count)).map { $0 }[...]
                ),
                list: list,
                source: nil,
                at: Timestamp(milliseconds: 0)
            )
        }
    }
}
