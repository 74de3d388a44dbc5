package import ArgumentParser
import Dispatch
import Domain
import Foundation
import Logging
import Relay
import Storage
import Synchronization
import Telemetry
import Transport
import UserFiles

/// `postrider-worker`: sends what the coordinator grants.
package struct WorkerCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "postrider-worker",
        abstract: "Sends the messages that the coordinator grants to this worker."
    )

    @Option(help: "The settings file, postrider.yaml.")
    var config: String

    @Option(help: "The worker's name, as on the coordinator's allow-list; wins over worker.name.")
    var name: String?

    @Option(name: .customLong("log-format"), help: "json or text; wins over log.format.")
    var logFormat: LogSettings.Format?

    @Flag(help: "Drain and end when standard input ends, that is, when the parent process is gone.")
    var exitWithParent = false

    package init() {}

    package func run() throws {
        ProcessSignals.unblock()
        let settings: Settings
        do throws(FileProblems) {
            settings = try Settings.load(path: self.config, environment: ProcessInfo.processInfo.environment)
        } catch {
            FileHandle.standardError.write(Data((error.description + "\n").utf8))
            // Bad input data, as of every program: a restart does not cure it.
            Foundation.exit(65)
        }
        let log = self.startLog(settings.log)
        do {
            let configuration = try WorkerSetup.configuration(settings, name: self.name)
            log.event(.starting, "Worker \(configuration.name)", [.worker: .string(configuration.name)])
            let service = try WorkerService(configuration, log: log.with(.worker, .string(configuration.name)))
            // Kept until the process ends, or the signals would have no effect.
            let endings = Endings(service: service, watchesParent: self.exitWithParent, log: log)
            let code = service.wait()
            log.event(.stopped, "Stopped")
            withExtendedLifetime(endings) { Foundation.exit(code) }
        } catch let error as StoreError {
            Self.fail(error.text, log)
        } catch let error as TransportError {
            Self.fail(error.message, log)
        } catch let error as Diagnostic {
            Self.fail(error.message, log)
        }
    }

    private func startLog(_ settings: LogSettings) -> Logger {
        let format: LogFormat = (self.logFormat ?? settings.format) == .json ? .json : .text
        ServiceLog(format: format, level: Logger.Level(rawValue: settings.level.rawValue) ?? .info).install()
        return Logger(label: "worker")
    }

    private static func fail(_ problem: String, _ log: Logger) -> Never {
        log.event(.failed, level: .critical, "The worker cannot start", [.problem: .string(problem)])
        Foundation.exit(1)
    }
}

extension LogSettings.Format: ExpressibleByArgument {}

/// Settings to what a worker needs, with the keys read.
enum WorkerSetup {
    /// - Parameters:
    ///   - settings: Read already.
    ///   - name: From the command line.
    /// - Returns: All that a worker needs.
    /// - Throws: ``TransportError`` for key files, ``Diagnostic`` for a missing name.
    static func configuration(_ settings: Settings, name: String?) throws -> WorkerConfiguration {
        guard let name = name ?? settings.worker.name else {
            throw Diagnostic(.error, "the worker has no name: give --name or set worker.name")
        }
        guard AllowList.isName(name) else {
            throw Diagnostic(
                .error,
                "\"\(name)\" is no worker name; allowed: 1 to \(AllowList.nameCharactersMax) of a-z, 0-9 and -"
            )
        }
        let coordinator: PublicKey =
            switch settings.worker.coordinatorKey {
            case .text(let text): try PublicKey(text: text)
            case .file(let path): try KeyFile.readPublic(path)
            }
        let keyFile = settings.worker.keyFile(for: name, keysFolder: settings.keysFolder)
        return WorkerConfiguration(
            name: name,
            dataFolder: settings.dataFolder,
            address: .init(
                endpoint: try Transport.Endpoint(settings.worker.coordinator.description),
                keys: try KeyFile.read(keyFile),
                coordinator: coordinator
            ),
            connections: settings.worker.connections,
            journalIsPowerSafe: settings.journalSync == .power,
            hostName: HelloName.ofThisMachine,
            build: "postrider-worker \(Build.version)"
        )
    }
}

/// What makes the process end: signals, and the parent's death.
final class Endings {
    private var sources: [any DispatchSourceSignal] = []

    init(service: WorkerService, watchesParent: Bool, log: Logger) {
        let queue = DispatchQueue(label: "signals")
        let state = SignalCount()
        for number in [SIGTERM, SIGINT] {
            // The default action would end the process before the source sees the signal.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                // The second one means it: whatever is open is in doubt at the next start.
                guard state.isFirst() else { Foundation.exit(128 + number) }
                service.drain()
            }
            source.resume()
            self.sources.append(source)
        }
        guard watchesParent else { return }
        let watcher = try? SystemThread.start(name: "parent") {
            ParentProcess.waitForEnd()
            log.event(.draining, "The parent process is gone")
            service.drain()
        }
        if watcher == nil { log.event(.failed, level: .error, "Cannot watch the parent process") }
    }
}

/// Counts signals; used on one queue alone.
private final class SignalCount: Sendable {
    private let seen = Mutex(false)

    func isFirst() -> Bool {
        self.seen.withLock { seen in
            defer { seen = true }
            return !seen
        }
    }
}
