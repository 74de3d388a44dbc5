import Domain
import Foundation
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
        var findings = self.keys() + self.tokens() + self.folder(holder) + self.ports(isRunning: holder != nil)
        findings += DatabaseCheck(folder: self.settings.dataFolder, seconds: self.seconds, now: self.now).run()
        return Findings(running: holder != nil, findings: findings)
    }

    private func keys() -> [Finding] {
        let folder = self.settings.keysFolder
        var findings: [Finding] = []
        do throws(TransportError) {
            let keys = try KeyFile.read("\(folder)/coordinator.key")
            let publicKey = try KeyFile.readPublic("\(folder)/coordinator.pub")
            guard keys.publicKey == publicKey else {
                return [
                    .wrong(
                        "keys",
                        "\(folder)/coordinator.pub does not belong to coordinator.key: new workers would not find us",
                        remedy: "remove coordinator.pub and run `postrider init` there, which makes it again"
                    )
                ]
            }
            findings.append(.ok("keys", "the coordinator's keys fit together and are private"))
        } catch {
            let remedy = "run `postrider init` in \(self.settings.folder), or chmod 600 the file"
            findings.append(.wrong("keys", error.message, remedy: remedy))
        }
        do throws(TransportError) {
            let count = try AllowList.read("\(folder)/workers.allow").count
            let text = "\(count) worker\(count == 1 ? "" : "s") may connect"
            let remedy = "`postrider worker add NAME` admits one; `postrider up` does it by itself"
            findings.append(count == 0 ? .note("keys", text, remedy: remedy) : .ok("keys", text))
        } catch {
            findings.append(.wrong("keys", error.message, remedy: "mend or remove that line, or chmod 600 the file"))
        }
        return findings
    }

    private func tokens() -> [Finding] {
        do throws(InvalidTokens) {
            _ = try Tokens(folder: self.settings.tokensFolder)
            return [.ok("tokens", "every token is readable, private and different")]
        } catch {
            let remedy =
                "mend or remove that file; `postrider init` in \(self.settings.folder) makes those that are missing"
            return error.diagnostics.map { .wrong("tokens", $0.description, remedy: remedy) }
        }
    }

    private func folder(_ holder: String?) -> [Finding] {
        let folder = self.settings.dataFolder
        var status = stat()
        guard stat(folder, &status) == 0 else {
            let remedy = "the coordinator makes it at its first start; see data_dir in the settings"
            return [.note("data", "there is no data folder \(folder)", remedy: remedy)]
        }
        var findings: [Finding] = []
        if status.st_mode & 0o077 != 0 {
            let text = "others may look into \(folder), where people's data are"
            findings.append(.note("data", text, remedy: "chmod 700 \(folder)"))
        }
        if access(folder, W_OK | X_OK) != 0 {
            let remedy = "run this as the user that the coordinator runs as, or give the folder to it with chown"
            findings.append(.wrong("data", "\(folder) cannot be written by this user", remedy: remedy))
        }
        if let holder { findings.append(.ok("data", "a coordinator works on \(folder): \(holder)")) }
        return findings + self.disk()
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
        var status = stat()
        guard stat("\(self.settings.dataFolder)/coordinator.lock", &status) == 0 else { return nil }
        for _ in 0..<Self.locksReadMax {
            if let holder = Self.holder(of: status.st_ino) { return holder }
        }
        return nil
    }

    /// The kernel gives the list in pieces, and one that moves between two of them is not in any: readers of the database take and
    /// leave locks all the time.
    private static let locksReadMax = 5

    private static func holder(of file: ino_t) -> String? {
        guard let locks = FileManager.default.contents(atPath: "/proc/locks") else { return nil }
        let suffix = ":\(file)"
        for line in String(decoding: locks, as: UTF8.self).split(separator: "\n") where line.contains("FLOCK") {
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(where: { $0.hasSuffix(suffix) }), place > 0 else { continue }
            return "process \(words[place - 1])"
        }
        return nil
    }

    /// Whether somebody else has the ports that the coordinator wants; nothing to say while it has them itself.
    private func ports(isRunning: Bool) -> [Finding] {
        guard !isRunning else { return [] }
        let wanted = ListenPlaces.wanted(self.settings)
        let taken: [Finding] = wanted.compactMap { place in
            guard place.port != 0, Self.answers(host: place.host, port: place.port) else { return nil }
            let remedy = "`ss -ltnp 'sport = :\(place.port)'` names it; end it, or change \(place.key)"
            return .wrong(
                "ports",
                "another program listens on port \(place.port), which \(place.key) wants",
                remedy: remedy
            )
        }
        guard taken.isEmpty else { return taken }
        let ports = wanted.map { String($0.port) }
        return [.ok("ports", "ports \(ports.dropLast().joined(separator: ", ")) and \(ports.last ?? "") are free")]
    }

    /// Whether something on this machine takes connections there.
    private static func answers(host: String, port: Int) -> Bool {
        let isEverywhere = ["*", "0.0.0.0", "localhost"].contains(host)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        // Names and IPv6 are left to the coordinator's own start.
        guard inet_pton(AF_INET, isEverywhere ? "127.0.0.1" : host, &address.sin_addr) == 1 else { return false }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
