package import Logging
import Synchronization

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A process's log: format, level and output, shared by all its loggers.
package final class ServiceLog: Sendable {
    package let format: LogFormat
    package let output: LineOutput
    private let levelIndex: Atomic<Int>
    private let now: @Sendable () -> Int64

    /// Lines go to `descriptor`: standard output unless a test says otherwise; `now` is in milliseconds since 1970-01-01T00:00:00Z.
    package init(
        format: LogFormat,
        level: Logger.Level,
        descriptor: Int32 = STDOUT_FILENO,
        now: @escaping @Sendable () -> Int64 = { ServiceLog.wallMilliseconds() }
    ) {
        self.format = format
        self.levelIndex = Atomic(Self.index(of: level))
        self.now = now
        self.output = LineOutput(descriptor: descriptor) { lost in
            LogLine(
                milliseconds: now(),
                level: .warning,
                message: "Log lines were lost because nobody read them fast enough",
                metadata: [
                    LogLine.eventKey: .string(LogEventName.linesDropped.rawValue),
                    LogKey.count.rawValue: .number(lost),
                ]
            ).bytes(in: format)
        }
    }

    /// The lowest level that is logged.
    ///
    /// Takes effect at once on every logger that has no level of its own.
    package var level: Logger.Level {
        get { Logger.Level.allCases[self.levelIndex.load(ordering: .relaxed)] }
        set { self.levelIndex.store(Self.index(of: newValue), ordering: .relaxed) }
    }

    /// Makes this the backend of every `Logger` of the process, and writes what is left when the process exits.
    ///
    /// Call it once, before the first logger is made. A reader of the log that goes away must not end the service, so
    /// SIGPIPE is ignored from here on.
    package func install() {
        signal(SIGPIPE, SIG_IGN)
        LoggingSystem.bootstrap { label in self.handler(label: label) }
        Self.installed.withLock { $0 = self }
        atexit { ServiceLog.installed.withLock { $0 }?.output.flush() }
    }

    /// A handler for one logger; its label becomes the field `logger`.
    package func handler(label: String) -> any LogHandler { ServiceLogHandler(log: self, label: label) }

    fileprivate func write(_ event: LogEvent, label: String, metadata: Logger.Metadata) {
        var metadata = metadata
        if let own = event.metadata { metadata.merge(own) { _, new in new } }
        if let error = event.error { metadata[LogKey.error.rawValue] = .string("\(error)") }
        if !label.isEmpty { metadata[LogKey.logger.rawValue] = .string(label) }
        let line = LogLine(
            milliseconds: self.now(),
            level: event.level,
            message: event.message.description,
            metadata: metadata
        )
        self.output.write(line.bytes(in: self.format))
    }

    private static let installed = Mutex<ServiceLog?>(nil)

    private static func index(of level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }

    /// Milliseconds since 1970, for a line's time.
    package static func wallMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// One logger's view of a ``ServiceLog``.
private struct ServiceLogHandler: LogHandler {
    let log: ServiceLog
    let label: String
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    /// `nil` follows the log's level, also when it changes.
    var ownLevel: Logger.Level?

    init(log: ServiceLog, label: String) {
        self.log = log
        self.label = label
    }

    var logLevel: Logger.Level {
        get { self.ownLevel ?? self.log.level }
        set { self.ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.MetadataValue? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var metadata = self.metadata
        if let provided = self.metadataProvider?.get() { metadata.merge(provided) { own, _ in own } }
        self.log.write(event, label: self.label, metadata: metadata)
    }
}
