import ArgumentParser
import Domain
import Foundation
import UserFiles

/// Runs `postrider doctor`.
struct DoctorCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks for what is wrong, or soon will be, and says what to do about it.",
        discussion: HelpText.with(
            """
            Looks at settings, keys, tokens, the data folder, the database, the clock, time zones, every relay (connects and logs in, \
            sends nothing), the coordinator and its workers. Changes nothing, and works whether the coordinator runs or not. Exits 1 when \
            something is wrong.
            """,
            examples: "postrider doctor"
        )
    )

    @Option(help: ArgumentHelp("Longest time for reading the whole database.", valueName: "n"))
    var seconds = 20

    @Flag(help: "Leave the relays alone.")
    var skipRelays = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard (1...86_400).contains(self.seconds) else {
            throw ValidationError("--seconds \(self.seconds) is not allowed; allowed: 1 to 86400.")
        }
    }

    func run(in surroundings: Surroundings) async throws {
        let findings = await self.findings(surroundings)
        let wrong = findings.count { $0.state == .wrong }
        if surroundings.isJSON {
            try surroundings.show(Report(ok: wrong == 0, findings: findings))
        } else {
            for line in Self.lines(findings, style: surroundings.style) { surroundings.terminal.line(line) }
        }
        guard wrong == 0 else {
            throw Failure(.failed, wrong == 1 ? "one thing is wrong" : "\(wrong) things are wrong")
        }
    }

    struct Report: Encodable {
        let ok: Bool
        let findings: [Finding]
    }

    private func findings(_ surroundings: Surroundings) async -> [Finding] {
        var findings: [Finding] = []
        var settings: Settings?
        var isRunning = false
        do throws(Failure) {
            let path = Found.configPath(surroundings.options, surroundings.environment)
            // A machine of an operator alone has a URL and a token.
            if path != nil || surroundings.options.url == nil {
                let read = try Found.settings(surroundings.options, surroundings.environment)
                settings = read
                findings.append(.ok("settings", "\(read.file) can be read"))
                findings += SettingsCheck.mode(of: read.file)
            }
        } catch {
            let texts = error.diagnostics.isEmpty ? [error.message] : error.diagnostics.map(\.description)
            let remedy = error.diagnostics.isEmpty ? "say --config FILE, or --url and --token-file" : "mend that line"
            findings += texts.map { Finding.wrong("settings", $0, remedy: remedy) }
        }
        if let settings {
            let local = DataCheckProgram.run(settings, seconds: self.seconds)
            isRunning = local.running
            findings += local.findings
        }
        findings += TimeZoneCheck.run()
        if let settings, !self.skipRelays { findings += await RelayCheck.run(settings.relays) }
        if settings != nil || surroundings.options.url != nil {
            findings += await CoordinatorCheck(isRunning: isRunning).run(surroundings)
        }
        return findings
    }

    /// A table, with a line below each finding that has a remedy.
    static func lines(_ findings: [Finding], style: Style) -> [String] {
        let width = findings.reduce(0) { max($0, $1.check.utf8.count) }
        return findings.flatMap { finding in
            let padding = String(repeating: " ", count: width - finding.check.utf8.count)
            let word =
                switch finding.state {
                case .ok: style.green("ok   ")
                case .note: style.yellow("note ")
                case .wrong: style.red("wrong")
                }
            let first = "\(word)  \(Printable.foreign(finding.check))\(padding)  \(Printable.foreign(finding.text))"
            guard finding.state != .ok, let remedy = finding.remedy else { return [first] }
            let indent = String(repeating: " ", count: 7 + width)
            return [first, "\(indent)  \(style.faint("→ \(Printable.foreign(remedy))"))"]
        }
    }
}

/// One thing that was looked at.
struct Finding: Codable, Hashable, Sendable {
    enum State: String, Codable, Sendable {
        case ok
        /// Nothing that keeps it from working.
        case note
        /// It does not work, or will not for long.
        case wrong
    }

    let check: String
    let state: State
    /// One sentence; no secret, no person's data.
    let text: String
    /// What to do about it.
    var remedy: String?

    static func ok(_ check: String, _ text: String) -> Finding {
        Finding(check: check, state: .ok, text: text, remedy: nil)
    }

    static func note(_ check: String, _ text: String, remedy: String) -> Finding {
        Finding(check: check, state: .note, text: text, remedy: remedy)
    }

    static func wrong(_ check: String, _ text: String, remedy: String) -> Finding {
        Finding(check: check, state: .wrong, text: text, remedy: remedy)
    }

    private enum CodingKeys: String, CodingKey { case check, state, text, remedy }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.check, forKey: .check)
        try container.encode(self.state, forKey: .state)
        try container.encode(self.text, forKey: .text)
        // Keys are always there, so that scripts need not ask.
        try container.encode(self.remedy, forKey: .remedy)
    }
}
