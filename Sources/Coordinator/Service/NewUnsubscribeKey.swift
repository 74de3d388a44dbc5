import Domain
import Storage
import StorageSQLite
import Transport
import UserFiles

/// `--new-unsubscribe-key`: an operator gives up the links to unsubscribe that were sent, since their key is lost or was seen.
struct NewUnsubscribeKey {
    let settings: Settings
    let now: Timestamp

    /// Takes the key that is there in place of the one that was used, or makes one where none is.
    ///
    /// The change is a row of the audit.
    ///
    /// - Returns: What was done, for the operator.
    /// - Throws: ``StartProblem`` when a coordinator works on the data, the key is unusable, or it is the one that was used.
    func take() throws -> String {
        let path = RecipientSecret.unsubscribe.path(self.settings)
        let database = "\(self.settings.dataFolder)/postrider.sqlite"
        guard SecretFile.exists(database) else {
            throw StartProblem(
                "keys",
                "there is no database \(database) yet, so no key was used",
                remedy: "start the coordinator, which makes what is missing"
            )
        }
        let lock = try DataLock(folder: self.settings.dataFolder)
        defer { lock.release() }
        do {
            let store = try SQLiteDatabase(path: database, profile: .ledger, applicationID: Schema.ledgerID)
            try store.access { connection throws(StoreError) in try Schema.migrate(connection) }
            let known = try store.access { connection throws(StoreError) in try NotedKeys(connection) }
            let secret = RecipientSecret.unsubscribe
            let fingerprint = secret.fingerprint(try secret.make(self.settings))
            guard known.fingerprints[secret.metaKey] != fingerprint else {
                throw StartProblem(
                    "keys",
                    "\(path) is the key that links were made with all along",
                    remedy: "to begin anew, move it away first"
                )
            }
            try store.access { connection throws(StoreError) in
                try connection.transaction { () throws(StoreError) in
                    try ClusterStore(connection).setMeta(secret.metaKey, fingerprint)
                    try AuditStore(connection).append(self.entry(fingerprint))
                }
            }
            try store.close()
        } catch let error as StoreError {
            throw StartProblem(text: error.text)
        }
        return """
            \(path) makes the links to unsubscribe from now on. Those in messages that were sent before do not work any more: \
            whoever uses one must be suppressed by hand.
            """
    }

    private func entry(_ fingerprint: String) -> AuditEntry {
        AuditEntry(
            at: self.now,
            who: "coordinator",
            act: "new_unsubscribe_key",
            subject: RecipientSecret.unsubscribe.file,
            digest: fingerprint,
            origin: ""
        )
    }
}
