import Domain
import Foundation
import Storage
import StorageSQLite

/// The journal's file: opened, or moved aside and begun anew when it cannot be believed.
struct JournalFile {
    let database: SQLiteDatabase
    let store: JournalStore
    let restored: JournalStore.Restored
    /// Where a damaged journal was moved to; the coordinator learns of it by the new identity.
    let movedAside: String?
    /// What was wrong with it.
    let damage: String?
    /// How far the journal had come, told beside it.
    let mark: JournalMark?

    /// Commits a group, and notes how far the journal has come.
    ///
    /// - Throws: Whatever keeps the group from being written; nothing changed then.
    func commit(_ batch: JournalBatch) throws(StoreError) -> [JournalStore.CommittedRow] {
        let rows = try self.database.access { connection throws(StoreError) in
            try self.store.commit(
                connection,
                intents: batch.intents,
                facts: batch.facts,
                acknowledged: batch.acknowledged
            )
        }
        self.mark?.note(self.store.lastNumber, of: self.store.identity)
        return rows
    }

    /// Opens `journal-NAME.sqlite` in `folder`, which is made when it is missing.
    ///
    /// - Throws: ``StoreError/busy(_:)`` when another process has it, and whatever keeps a file from being made.
    static func open(
        folder: String,
        worker: String,
        powerSafe: Bool,
        at now: Timestamp
    ) throws(StoreError) -> JournalFile {
        // A worker on a machine of its own starts with nothing but its settings and key. What fails here shows when the file is made.
        try? FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        let path = "\(folder)/journal-\(worker).sqlite"
        do throws(StoreError) {
            return try Self.open(path: path, powerSafe: powerSafe, at: now)
        } catch .corrupt(let damage) {
            let aside = try Self.moveAside(path, at: now)
            return try Self.open(path: path, powerSafe: powerSafe, movedAside: aside, damage: damage, at: now)
        }
    }

    private static func open(
        path: String,
        powerSafe: Bool,
        movedAside: String? = nil,
        damage: String? = nil,
        at now: Timestamp
    ) throws(StoreError) -> JournalFile {
        let database = try SQLiteDatabase(
            path: path,
            profile: .journal(powerSafe: powerSafe),
            applicationID: Schema.journalID
        )
        do throws(StoreError) {
            var generator = SystemRandomNumberGenerator()
            func identity() -> [UInt8] { (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) } }
            let mark = JournalMark(path: path + "-mark")
            let parts = try database.access { connection throws(StoreError) in
                let store = try JournalStore(connection, newIdentity: identity())
                let restored = try store.restore(connection, atLeast: mark.last(of: store.identity), at: now)
                // That it is not safe must not be lost with the power either.
                try connection.execute("PRAGMA synchronous=FULL")
                try store.note(connection, isPowerSafe: powerSafe, newIdentity: identity())
                if !powerSafe { try connection.execute("PRAGMA synchronous=NORMAL") }
                return (store, restored)
            }
            mark.note(parts.0.lastNumber, of: parts.0.identity)
            return JournalFile(
                database: database,
                store: parts.0,
                restored: parts.1,
                movedAside: movedAside,
                damage: damage,
                mark: mark
            )
        } catch {
            try? database.close()
            throw error
        }
    }

    /// Renames the file and what SQLite keeps beside it; nothing is deleted, so that a person can look.
    private static func moveAside(_ path: String, at now: Timestamp) throws(StoreError) -> String {
        let aside = "\(path).damaged-\(now.milliseconds)"
        let files = FileManager.default
        do {
            for suffix in ["", "-wal", "-shm", "-mark"] where files.fileExists(atPath: path + suffix) {
                try files.moveItem(atPath: path + suffix, toPath: aside + suffix)
            }
        } catch {
            throw .io("\(path) is damaged and cannot be moved aside: \(error.localizedDescription)")
        }
        return aside
    }
}
