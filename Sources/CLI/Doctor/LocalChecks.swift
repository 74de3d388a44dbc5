import Foundation
import UserFiles

/// Who may change the settings.
enum SettingsCheck {
    static func mode(of path: String) -> [Finding] {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & 0o022 != 0 else { return [] }
        let text = "others may change \(path), and with it where messages go"
        return [.wrong("settings", text, remedy: "chmod go-w \(path)")]
    }
}

/// What the coordinator's own program says of keys, tokens, data and ports: it reads them as it would to start.
enum DataCheckProgram {
    struct Answer: Decodable {
        var running: Bool
        var findings: [Finding]
    }

    static func run(_ settings: Settings, seconds: Int) -> Answer {
        let process = Process()
        let output = Pipe()
        do {
            let folder = try Programs.folder()
            process.executableURL = URL(fileURLWithPath: "\(folder)/postrider-coordinator")
            process.arguments = ["--config", settings.file, "--check", "--check-seconds", "\(seconds)"]
            process.standardInput = FileHandle.nullDevice
            process.standardOutput = output
            process.standardError = FileHandle.nullDevice
            try process.run()
            let bytes = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return try JSONDecoder().decode(Answer.self, from: bytes)
        } catch {
            let text = (error as? Failure)?.message ?? "postrider-coordinator --check did not answer"
            let remedy = "install the three programs of one version side by side"
            return Answer(running: false, findings: [.wrong("data", text, remedy: remedy)])
        }
    }
}

/// Whether the machine knows time zones, and how old its knowledge is.
enum TimeZoneCheck {
    private static let folder = "/usr/share/zoneinfo"
    /// Governments change clocks at short notice; systems bring new files several times a year.
    private static let yearsMax = 2

    static func run(folder: String = Self.folder, year: Int = Self.currentYear) -> [Finding] {
        let remedy = "install or update the system's package tzdata"
        guard FileManager.default.fileExists(atPath: "\(folder)/America/New_York") else {
            return [
                .wrong("time_zones", "\(folder) has no time zones, so hours of contacts are not known", remedy: remedy)
            ]
        }
        guard let release = self.release(folder) else {
            return [.note("time_zones", "there are time zones in \(folder), of an unknown year", remedy: remedy)]
        }
        let text = "the time zones are those of release \(release)"
        guard let made = Int(release.prefix(4)), year - made <= Self.yearsMax else {
            return [
                .note(
                    "time_zones",
                    "\(text): hours of contacts may be wrong where clocks were changed since",
                    remedy: remedy
                )
            ]
        }
        return [.ok("time_zones", text)]
    }

    /// The release, such as `2026b`; `nil` when the files do not say.
    private static func release(_ folder: String) -> String? {
        guard let handle = FileHandle(forReadingAtPath: "\(folder)/tzdata.zi") else { return nil }
        defer { try? handle.close() }
        let head = try? handle.read(upToCount: 64)
        let words = String(decoding: head ?? Data(), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        guard words.count > 2, words[0] == "#", words[1] == "version" else { return nil }
        return String(words[2])
    }

    private static var currentYear: Int { Calendar(identifier: .gregorian).component(.year, from: Date()) }
}
