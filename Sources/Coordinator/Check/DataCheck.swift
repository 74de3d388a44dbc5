import Domain
import Foundation
import Storage
import StorageSQLite
import Transport
import UserFiles

/// Looks at settings, keys, tokens and the data folder as the coordinator reads them, and changes nothing.
///
/// Works while a coordinator does: the database is read beside it.
struct DataCheck {
    let settings: Settings
    /// Bound of the time for each of the checks that read the whole database.
    let seconds: Int
    let now: Timestamp

    /// Free space below which a coordinator may stop at any moment, and below which it is time to make room.
    static let diskBytesMin = 200_000_000
    static let diskBytesWanted = 2_000_000_000

    func run() -> Findings {
        let holder = self.holder()
        let problems =
            StartConditions(settings: self.settings).problems(isRunning: holder != nil)
            + RecipientKeys.problems(self.settings, self.notedKeys())
        var findings = problems.map { Finding($0) } + self.publicKey() + FolderCheck.secrets(self.settings)
        findings += self.operatorToken()
        let wrong = Set(findings.filter { $0.state == .wrong }.map(\.check))
        findings += self.inOrder(isRunning: holder != nil).filter { !wrong.contains($0.check) }
        findings += self.workers() + FolderCheck.data(self.settings)
        if let holder {
            findings.append(.ok("data", "a coordinator works on \(self.settings.dataFolder): \(holder)"))
        }
        findings += self.disk()
        findings += DatabaseCheck(folder: self.settings.dataFolder, seconds: self.seconds, now: self.now).run()
        return Findings(running: holder != nil, findings: findings)
    }

    /// What is said of each of these when nothing is wrong with it.
    private func inOrder(isRunning: Bool) -> [Finding] {
        var findings: [Finding] = [
            .ok("keys", "the coordinator's keys fit together and to the database, and are private"),
            .ok("tokens", "every token is readable, private and different"),
        ]
        if !isRunning {
            let ports = ListenPlaces.wanted(self.settings).map { String($0.port) }
            findings.append(
                .ok("ports", "ports \(ports.dropLast().joined(separator: ", ")) and \(ports.last ?? "") are free")
            )
        }
        return findings
    }

    /// What the database knows of the keys; a database that cannot be read is another check's.
    private func notedKeys() -> NotedKeys {
        let path = "\(self.settings.dataFolder)/postrider.sqlite"
        guard FileManager.default.fileExists(atPath: path) else { return NotedKeys() }
        do throws(StoreError) {
            let database = try SQLiteDatabase(path: path, profile: .reader, applicationID: Schema.ledgerID)
            let known = try database.access { connection throws(StoreError) in try NotedKeys(connection) }
            try database.close()
            return known
        } catch {
            return NotedKeys()
        }
    }

    /// The coordinator itself does not need it; whoever adds workers does.
    private func publicKey() -> [Finding] {
        let path = "\(self.settings.keysFolder)/coordinator.pub"
        let initialise = "`postrider init --dir \(self.settings.folder)`"
        do throws(TransportError) {
            let publicKey = try KeyFile.readPublic(path)
            // A secret key that cannot be read is a problem by itself.
            guard let keys = try? KeyFile.read("\(self.settings.keysFolder)/coordinator.key"),
                keys.publicKey != publicKey
            else { return [] }
            let text = "\(path) does not belong to coordinator.key: new workers would not find us"
            return [.wrong("keys", text, remedy: "rm \(path), then \(initialise), which makes it again")]
        } catch {
            let remedy = KeyFault.remedy(
                for: path,
                isSecret: false,
                missing: "\(initialise) makes it again",
                content: "rm \(path), then \(initialise), which makes it again"
            )
            return [.wrong("keys", error.message, remedy: remedy)]
        }
    }

    private func workers() -> [Finding] {
        // One that cannot be read is among the start's problems.
        guard let count = try? AllowList.read("\(self.settings.keysFolder)/workers.allow").count else { return [] }
        let text = "\(count) worker\(count == 1 ? "" : "s") may connect"
        let remedy = "`postrider worker add NAME` admits one; `postrider up` does it by itself"
        return [count == 0 ? .note("keys", text, remedy: remedy) : .ok("keys", text)]
    }

    /// The token that commands take when they are told of no other.
    private func operatorToken() -> [Finding] {
        let folder = self.settings.tokensFolder
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder),
            !names.contains("operator.token")
        else { return [] }
        let text = "there is no \(folder)/operator.token, which commands take unless --token-file names another"
        let remedy = "`postrider init --dir \(self.settings.folder)` makes it; the coordinator knows it after a restart"
        // Who has given each operator a token by name has done so on purpose.
        let isMeant = names.contains { $0.hasPrefix("operator-") && $0.hasSuffix(".token") }
        return [isMeant ? .note("tokens", text, remedy: remedy) : .wrong("tokens", text, remedy: remedy)]
    }

    private func disk() -> [Finding] {
        let folder = self.settings.dataFolder
        var system = statvfs()
        guard statvfs(folder, &system) == 0 else { return [] }
        let free = Int(clamping: system.f_bavail) * Int(clamping: system.f_frsize)
        let text = "\(free / 1_000_000) MB are free for \(folder)"
        let remedy = "make room: nothing is granted or imported on a full disk"
        if free < Self.diskBytesMin { return [.wrong("disk", text, remedy: remedy)] }
        return [free < Self.diskBytesWanted ? .note("disk", text, remedy: remedy) : .ok("disk", text)]
    }

    /// Who holds the folder's lock; `nil` when nobody does.
    ///
    /// The lock itself is not tried: a coordinator that starts at that moment would find it taken.
    private func holder() -> String? {
        guard let facts = FileFacts("\(self.settings.dataFolder)/coordinator.lock") else { return nil }
        for _ in 0..<Self.locksReadMax {
            if let holder = Self.holder(of: facts.number) { return holder }
        }
        return nil
    }

    /// The kernel gives the list in pieces, and one that moves between two of them is not in any: readers of the database take and
    /// leave locks all the time.
    private static let locksReadMax = 5

    private static func holder(of file: Int) -> String? {
        guard let locks = FileManager.default.contents(atPath: "/proc/locks") else { return nil }
        let suffix = ":\(file)"
        for line in String(decoding: locks, as: UTF8.self).split(separator: "\n") where line.contains("FLOCK") {
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(where: { $0.hasSuffix(suffix) }), place > 0 else { continue }
            return "process \(words[place - 1])"
        }
        return nil
    }
}
