import Dispatch
import Domain
import Engine
import Foundation
import Storage
import StorageSQLite

/// Looks at the database with a connection that only reads.
struct DatabaseCheck {
    let folder: String
    let seconds: Int
    let now: Timestamp

    /// A log that grew so far was not taken into the database for long: a reader that never ends, or a writer under full load.
    static let logBytesMax = 256 << 20
    /// Problems that are told of; the first ones say enough.
    static let problemsMax = 5
    /// Clocks of one machine agree with themselves better than this.
    private static let clockSlack: Int64 = 60_000
    /// 2026: no machine whose clock is right runs this program before.
    private static let clockMin: Int64 = 1_767_225_600_000

    private var path: String { "\(self.folder)/postrider.sqlite" }

    func run() -> [Finding] {
        guard FileManager.default.fileExists(atPath: self.path) else {
            let finding = Finding.note("database", "there is no database yet", remedy: "the coordinator makes it")
            return self.clock(seen: nil) + [finding]
        }
        do throws(StoreError) {
            let database = try SQLiteDatabase(path: self.path, profile: .reader, applicationID: Schema.ledgerID)
            var findings = try database.access { connection throws(StoreError) -> [Finding] in
                var findings = try self.version(connection)
                findings += try self.place(connection)
                return findings + self.clock(seen: try self.latest(connection))
            }
            findings += self.log()
            // A newer program's tables may mean anything.
            if !findings.contains(where: { $0.check == "database" && $0.state == .wrong }) {
                findings += self.limited(database, "database", "whether the file is whole", self.integrity)
                findings += self.limited(
                    database,
                    "counts",
                    "whether the counts are those of the ledger",
                    self.counts
                )
            }
            try database.close()
            return findings
        } catch {
            return [.wrong("database", "\(self.path): \(error.text)", remedy: Self.remedy(error))]
        }
    }

    private static func remedy(_ error: StoreError) -> String {
        switch error {
        case .corrupt: "stop the coordinator, keep a copy of the folder, and restore a backup: docs/operations.md"
        case .full: "make room on the disk"
        default: "run this as the user that the coordinator runs as, and look at the file's owner and mode"
        }
    }

    private func version(_ connection: any SQLConnection) throws(StoreError) -> [Finding] {
        let found = Int(try connection.firstInteger("SELECT version FROM schema_version") ?? 0)
        if found > Schema.version {
            return [
                .wrong(
                    "database",
                    "a newer program made it: version \(found), and this one knows \(Schema.version)",
                    remedy: "install the newer program, or restore the backup that was made before the upgrade"
                )
            ]
        }
        let text = "version \(found) of the tables"
        if found == Schema.version { return [.ok("database", text)] }
        return [.note("database", "\(text); this program brings them to \(Schema.version) when the coordinator starts")]
    }

    /// Whether the folder is where, and as far as, it was when it last sent.
    private func place(_ connection: any SQLConnection) throws(StoreError) -> [Finding] {
        let cluster = try ClusterStore(connection)
        let remedy = """
            when no other coordinator works on newer data: postrider accept-restore; \
            what may have been sent since is in doubt then
            """
        if let reason = try cluster.meta(MetaKey.restored) {
            return [.wrong("data", "\(reason); nothing is sent", remedy: remedy)]
        }
        let hasStarted = try cluster.meta(MetaKey.incarnation) != nil
        let found = try DataPlace(folder: self.folder).found
        guard
            case .restored(let reason) = PlaceCheck.finding(
                stored: try PlaceCheck.Stored(cluster, hasStarted: hasStarted),
                found: found
            )
        else { return [.ok("data", "the database is in its own folder, and no copy is older than what was sent")] }
        return [.wrong("data", "\(reason); nothing will be sent", remedy: remedy)]
    }

    /// The latest time that the database knows of.
    private func latest(_ connection: any SQLConnection) throws(StoreError) -> Timestamp? {
        try connection.firstInteger("SELECT max(at) FROM audit").map { Timestamp(milliseconds: $0) }
    }

    private func clock(seen: Timestamp?) -> [Finding] {
        let remedy = "set it right, and let NTP (chrony, systemd-timesyncd) keep it so"
        if self.now.milliseconds < Self.clockMin {
            return [
                .wrong("clock", "this machine's clock says \(self.now.rfc3339), which is long past", remedy: remedy)
            ]
        }
        guard let seen, seen.milliseconds > self.now.milliseconds + Self.clockSlack else {
            return [.ok("clock", "this machine's clock is not behind what the database has seen")]
        }
        let seconds = (seen.milliseconds - self.now.milliseconds) / 1_000
        return [
            .wrong("clock", "this machine's clock was set back: the database saw it \(seconds) s later", remedy: remedy)
        ]
    }

    private func log() -> [Finding] {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(self.path)-wal")
        guard let size = attributes?[.size] as? Int, size > Self.logBytesMax else { return [] }
        let remedy = "it shrinks when nothing reads for long; a restart of the coordinator shrinks it, too"
        return [.note("database", "\(self.path)-wal has \(size / 1_000_000) MB", remedy: remedy)]
    }

    private func integrity(_ connection: any SQLConnection) throws(StoreError) -> [Finding] {
        let statement = try connection.prepare("PRAGMA quick_check(\(Self.problemsMax))")
        defer { statement.reset() }
        var problems: [String] = []
        while try statement.step() { problems.append(statement.text(0)) }
        if problems == ["ok"] { return [.ok("database", "the file is whole")] }
        let remedy = "stop the coordinator, keep a copy of the folder, and restore a backup: docs/operations.md"
        return problems.map { .wrong("database", "damaged: \($0)", remedy: remedy) }
    }

    /// Compares what is kept with what the ledger has, in one transaction: the coordinator may be writing.
    private func counts(_ connection: any SQLConnection) throws(StoreError) -> [Finding] {
        try connection.execute("BEGIN")
        defer { try? connection.execute("ROLLBACK") }
        let queries = CountQueries(connection)
        var problems: [String] = []
        var campaigns = 0
        for id in try self.campaigns(connection) {
            campaigns += 1
            for problem in try queries.differences(id) { problems.append("\(id.publicID): \(problem)") }
            let without = try queries.targetsWithoutLedger(id)
            if without > 0 { problems.append("\(id.publicID): \(without) outcomes of targets are not in the ledger") }
            if problems.count >= Self.problemsMax { break }
        }
        guard !problems.isEmpty else {
            return [.ok("counts", "the counts of \(campaigns) campaigns are those of their ledgers")]
        }
        let remedy = "this must not be: keep a copy of the folder and the logs, and report it"
        return problems.prefix(Self.problemsMax).map { .wrong("counts", $0, remedy: remedy) }
    }

    private func campaigns(_ connection: any SQLConnection) throws(StoreError) -> [Campaign.ID] {
        let statement = try connection.prepare("SELECT id FROM campaign ORDER BY id DESC")
        defer { statement.reset() }
        var ids: [Campaign.ID] = []
        while try statement.step() { ids.append(Campaign.ID(statement.integer(0))) }
        return ids
    }

    /// Runs a check that reads everything, and ends it when it takes too long.
    private func limited(
        _ database: SQLiteDatabase,
        _ check: String,
        _ what: String,
        _ body: (any SQLConnection) throws(StoreError) -> [Finding]
    ) -> [Finding] {
        let alarm = DispatchSource.makeTimerSource(queue: .global())
        alarm.schedule(deadline: .now() + .seconds(self.seconds))
        alarm.setEventHandler { database.interrupt() }
        alarm.activate()
        defer { alarm.cancel() }
        do throws(StoreError) {
            return try database.access(body)
        } catch {
            if case .interrupted = error {
                let remedy = "postrider doctor --seconds 600"
                return [.note(check, "\(what) was not known after \(self.seconds) s", remedy: remedy)]
            }
            return [.wrong(check, error.text, remedy: Self.remedy(error))]
        }
    }
}
