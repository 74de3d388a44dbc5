import Domain
import Storage
import StorageSQLite
import Transport

/// The secrets that have to do with recipients, from the keys folder.
struct RecipientKeys: Sendable {
    /// Turns addresses into what the list of suppressed ones has of them.
    let addresses: AddressKey
    /// Makes the tokens of links to unsubscribe; with another one the links in messages that were sent do not work.
    let unsubscribe: UnsubscribeKey

    static let suppressionFile = "suppression.key"
    static let unsubscribeFile = "unsubscribe.key"

    /// Reads the keys, and makes those that are missing on a new installation.
    ///
    /// - Parameters:
    ///   - folder: The keys folder.
    ///   - store: Knows which key its list was made with.
    /// - Throws: ``TransportError/Code/file`` when a key is unusable, or lost, or is not that of this database: with another one
    ///   everybody who is on the list could be written to.
    init(folder: String, store: SQLiteDatabase) throws(TransportError) {
        let path = "\(folder)/\(Self.suppressionFile)"
        let known = try Self.fingerprint(in: store)
        guard known == nil || SecretFile.exists(path) else {
            throw TransportError(
                .file,
                "\(path) is missing: without it nobody can tell who must not be written to; put it back from a backup"
            )
        }
        _ = try SecretFile.make(
            path,
            comment: "Turns addresses into hashes. Without it the list of suppressed addresses is lost: keep a copy."
        )
        let linkPath = "\(folder)/\(Self.unsubscribeFile)"
        _ = try SecretFile.make(
            linkPath,
            comment: "Signs links to unsubscribe. With another one the links in messages that were sent do not work."
        )
        self.unsubscribe = UnsubscribeKey(try SecretFile.read(linkPath))
        self.addresses = AddressKey(try SecretFile.read(path))
        if let known {
            guard known == self.addresses.fingerprint else {
                throw TransportError(
                    .file,
                    "\(path) is not the key that this database's suppressed addresses were hashed with; put that one back"
                )
            }
        } else {
            try Self.note(self.addresses.fingerprint, in: store)
        }
    }

    private static func fingerprint(in store: SQLiteDatabase) throws(TransportError) -> String? {
        do throws(StoreError) {
            return try store.access { connection throws(StoreError) in
                try ClusterStore(connection).meta(MetaKey.addressKey)
            }
        } catch {
            throw TransportError(.file, error.text)
        }
    }

    private static func note(_ fingerprint: String, in store: SQLiteDatabase) throws(TransportError) {
        do throws(StoreError) {
            try store.access { connection throws(StoreError) in
                try ClusterStore(connection).setMeta(MetaKey.addressKey, fingerprint)
            }
        } catch {
            throw TransportError(.file, error.text)
        }
    }
}
