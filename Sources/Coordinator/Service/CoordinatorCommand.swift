package import ArgumentParser
import Domain
import Foundation
import Logging
import NIOCore
import Telemetry
import UserFiles

/// `postrider-coordinator`: reads the settings and runs the service until it is told to stop.
package struct CoordinatorCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "postrider-coordinator",
        abstract: "Holds contacts, campaigns and the ledger, and leases work to workers.",
        discussion: "SIGTERM stops it once what is under way is written. SIGHUP reads the workers' allow-list again."
    )

    @Option(help: "The configuration file.")
    var config = "postrider.yaml"

    @Option(help: "json or text; wins over log.format.")
    var logFormat: LogSettings.Format?

    @Flag(
        help: ArgumentHelp(
            "Look at settings, keys, tokens, data and ports, say what is found as JSON, and end.",
            discussion: "`postrider doctor` asks for it. Changes nothing, and works beside a coordinator that runs."
        )
    )
    var check = false

    @Option(help: ArgumentHelp("Longest time for reading the whole database.", valueName: "n"))
    var checkSeconds = 20

    @Flag(
        help: ArgumentHelp(
            "Take the key of links to unsubscribe that is there, or a new one where none is, and end.",
            discussion: "For a key that is lost for good, or was seen. Links in messages that were sent no longer work."
        )
    )
    var newUnsubscribeKey = false

    @Flag(
        help: ArgumentHelp(
            "Stop when standard input ends: the process that started this one is gone.",
            visibility: .hidden
        )
    )
    var exitWithParent = false

    package init() {}

    package func run() async throws {
        ProcessSignals.unblock()
        let settings: Settings
        do throws(FileProblems) {
            settings = try Settings.load(path: self.config, environment: ProcessInfo.processInfo.environment)
        } catch {
            FileHandle.standardError.write(Data((error.description + "\n").utf8))
            throw ExitCode(65)
        }
        if self.check {
            let found = DataCheck(settings: settings, seconds: self.checkSeconds, now: WallClock.now()).run()
            FileHandle.standardOutput.write(Data(try JSONForm.encode(found).readableBytesView))
            throw ExitCode(found.findings.contains { $0.state == .wrong } ? 1 : 0)
        }
        if self.newUnsubscribeKey {
            do {
                print(try NewUnsubscribeKey(settings: settings, now: WallClock.now()).take())
            } catch let error as StartProblem {
                FileHandle.standardError.write(Data("postrider-coordinator: \(error.text)\n".utf8))
                throw ExitCode.failure
            }
            return
        }
        let log = ServiceLog(
            format: (self.logFormat ?? settings.log.format) == .json ? .json : .text,
            level: Logger.Level(rawValue: settings.log.level.rawValue) ?? .info
        )
        log.install()
        let logger = Logger(label: "coordinator")
        do {
            try await CoordinatorService(settings: settings, logger: logger, lostLines: { log.output.lostLines })
                .run(exitWithParent: self.exitWithParent)
        } catch let error as StartProblem {
            logger.event(.failed, level: .error, "\(error.text)")
            FileHandle.standardError.write(Data("postrider-coordinator: \(error.text)\n".utf8))
            throw ExitCode.failure
        }
    }
}

extension LogSettings.Format: ExpressibleByArgument {}
