import Domain
import Storage
import StorageSQLite
import Transport
import UserFiles

/// The secrets that have to do with recipients, from the keys folder.
struct RecipientKeys: Sendable {
    /// Turns addresses into what the list of suppressed ones has of them.
    let addresses: AddressKey
    /// Makes the tokens of links to unsubscribe; with another one the links in messages that were sent do not work.
    let unsubscribe: UnsubscribeKey

    /// Reads the keys, and makes those that are missing on a new installation.
    ///
    /// - Parameters:
    ///   - settings: Where they are.
    ///   - store: Knows which keys it was used with; notes those that it meets first.
    /// - Throws: ``StartProblem`` when a key is unusable, or lost, or is not that of this database: everybody who does not want to be
    ///   written to could be, or could not say so any more.
    init(_ settings: Settings, store: SQLiteDatabase) throws {
        do {
            let known = try store.access { connection throws(StoreError) in try NotedKeys(connection) }
            let suppression = try RecipientSecret.suppression.readOrMake(settings, known)
            let unsubscribe = try RecipientSecret.unsubscribe.readOrMake(settings, known)
            try store.access { connection throws(StoreError) in
                try connection.transaction { () throws(StoreError) in
                    try RecipientSecret.suppression.note(suppression, on: connection, known)
                    try RecipientSecret.unsubscribe.note(unsubscribe, on: connection, known)
                }
            }
            self.addresses = AddressKey(suppression)
            self.unsubscribe = UnsubscribeKey(unsubscribe)
        } catch let error as StoreError {
            throw StartProblem(text: error.text)
        }
    }

    /// What the start would refuse with; changes nothing.
    static func problems(_ settings: Settings, _ known: NotedKeys) -> [StartProblem] {
        RecipientSecret.all.compactMap { secret in
            do throws(StartProblem) {
                _ = try secret.read(settings, known)
                return nil
            } catch {
                return error
            }
        }
    }
}

/// What a database knows of the keys that it was used with.
struct NotedKeys: Hashable, Sendable {
    /// Fingerprints by key of `meta`.
    private(set) var fingerprints: [String: String] = [:]
    /// A campaign was started, so that links may be on their way.
    private(set) var hasSent = false

    /// Of a database that is not there yet.
    init() {}

    init(_ connection: any SQLConnection) throws(StoreError) {
        let cluster = try ClusterStore(connection)
        for secret in RecipientSecret.all { self.fingerprints[secret.metaKey] = try cluster.meta(secret.metaKey) }
        let started = "SELECT 1 FROM campaign WHERE started_at IS NOT NULL LIMIT 1"
        self.hasSent = try connection.firstInteger(started) != nil
    }
}

/// One of these secrets: where it lies, and what its loss means.
struct RecipientSecret: Sendable {
    /// In the keys folder.
    let file: String
    /// First line of the file.
    let comment: String
    /// Where the database has its fingerprint.
    let metaKey: String
    /// Says why another one will not do.
    let loss: String
    /// What helps when it is lost for good, by the settings' file; `nil` when nothing does.
    let anew: (@Sendable (String) -> String)?
    let fingerprint: @Sendable ([UInt8]) -> String

    static let all = [Self.suppression, Self.unsubscribe]

    static let suppression = Self(
        file: "suppression.key",
        comment: "Turns addresses into hashes. Without it the list of suppressed addresses is lost: keep a copy.",
        metaKey: MetaKey.addressKey,
        loss: "with another one nobody can tell who must not be written to",
        anew: nil,
        fingerprint: { AddressKey($0).fingerprint }
    )

    static let unsubscribe = Self(
        file: "unsubscribe.key",
        comment: "Signs links to unsubscribe. With another one the links in messages that were sent do not work.",
        metaKey: MetaKey.unsubscribeKey,
        loss: "with another one no link to unsubscribe works that is in messages which were sent",
        anew: { "give these links up with `postrider-coordinator --config \($0) --new-unsubscribe-key`" },
        fingerprint: { UnsubscribeKey($0).fingerprint }
    )

    func path(_ settings: Settings) -> String { "\(settings.keysFolder)/\(self.file)" }

    /// Reads the secret, and compares it with what the database knows.
    ///
    /// - Returns: `nil` when there is none, and none was ever used.
    /// - Throws: ``StartProblem`` when it cannot be read, is another one, or is lost.
    func read(_ settings: Settings, _ known: NotedKeys) throws(StartProblem) -> [UInt8]? {
        let path = self.path(settings)
        let noted = known.fingerprints[self.metaKey]
        let wasUsed = noted != nil || known.hasSent
        if !SecretFile.exists(path) {
            guard wasUsed else { return nil }
            throw StartProblem("keys", "\(path) is missing: \(self.loss)", remedy: self.remedy(settings))
        }
        let secret: [UInt8]
        do throws(TransportError) { secret = try SecretFile.read(path) } catch {
            let content = wasUsed ? self.remedy(settings) : "remove it; the coordinator makes one at its first start"
            let remedy = KeyFault.remedy(for: path, missing: content, content: content)
            throw StartProblem("keys", error.message, remedy: remedy)
        }
        guard noted == nil || noted == self.fingerprint(secret) else {
            let text = "\(path) is not the key that this database was used with: \(self.loss)"
            throw StartProblem("keys", text, remedy: self.remedy(settings))
        }
        return secret
    }

    private func remedy(_ settings: Settings) -> String {
        let back = "put it back from a backup"
        guard let anew = self.anew else { return back }
        return "\(back); if there is none, \(anew(settings.file))"
    }

    fileprivate func readOrMake(_ settings: Settings, _ known: NotedKeys) throws -> [UInt8] {
        if let secret = try self.read(settings, known) { return secret }
        return try self.make(settings)
    }

    /// Makes a new one where none is.
    func make(_ settings: Settings) throws(StartProblem) -> [UInt8] {
        let path = self.path(settings)
        do throws(TransportError) {
            _ = try SecretFile.make(path, comment: self.comment)
            return try SecretFile.read(path)
        } catch {
            let remedy = KeyFault.remedy(
                for: path,
                missing: "let the coordinator's user write to \(settings.keysFolder)",
                content: "remove that file, and try again"
            )
            throw StartProblem("keys", error.message, remedy: remedy)
        }
    }

    fileprivate func note(_ secret: [UInt8], on connection: any SQLConnection, _ known: NotedKeys) throws(StoreError) {
        guard known.fingerprints[self.metaKey] == nil else { return }
        try ClusterStore(connection).setMeta(self.metaKey, self.fingerprint(secret))
    }
}
