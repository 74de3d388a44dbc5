import Logging
import Synchronization
import Telemetry

/// Counts what came back, and tells of what was refused.
final class ReturnRecord: Sendable {
    /// Between two log lines about refusals: somebody who sends forged ones must not fill the disk.
    private static let interval = Duration.seconds(60)

    private struct Refusals {
        var since = 0
        var last: ContinuousClock.Instant?
    }

    private let metrics: MetricsRegistry
    private let logger: Logger
    private let refusals = Mutex<[String: Refusals]>([:])

    init(metrics: MetricsRegistry, logger: Logger) {
        self.metrics = metrics
        self.logger = logger
    }

    func count(_ result: String) { self.metrics.counter(.returned, result).increment() }

    func count(_ effect: ReturnEffect, _ what: ReturnReport.What) {
        switch what {
        case _ where effect == .repeated: self.count("repeated")
        case _ where effect == .unknown: self.count("unknown")
        case .bounced: self.count("bounced")
        case .complained: self.count("complained")
        case .unsubscribed: self.count("unsubscribed")
        case .delivered: self.count("delivered")
        case .opened: self.count("opened")
        case .clicked: self.count("clicked")
        }
        if effect == .suppressed { self.count("suppressed") }
    }

    /// Tells that something was refused, at most once a minute for each problem.
    ///
    /// - Parameters:
    ///   - problem: One of few texts, never one that a stranger chose.
    ///   - more: Of the first one in that minute.
    func refused(_ problem: String, _ more: [LogKey: Logger.MetadataValue] = [:]) {
        self.count("refused")
        self.tell(.returnRefused, "What came back was refused", problem, more)
    }

    /// Tells of something that somebody should see to, at most once a minute for each problem.
    ///
    /// - Parameters:
    ///   - problem: One of few texts.
    ///   - more: Of the first one in that minute.
    ///   - isNew: It is another one than those that were told of before.
    /// - Returns: Whether this one stands in the log.
    @discardableResult
    func trouble(_ problem: String, _ more: [LogKey: Logger.MetadataValue] = [:], isNew: Bool = true) -> Bool {
        self.tell(.returnTrouble, "What came back cannot be taken", problem, more, isNew: isNew)
    }

    @discardableResult
    private func tell(
        _ event: LogEventName,
        _ text: String,
        _ problem: String,
        _ more: [LogKey: Logger.MetadataValue],
        isNew: Bool = true
    ) -> Bool {
        let count = self.refusals.withLock { refusals -> Int? in
            let now = ContinuousClock.now
            var one = refusals[problem] ?? Refusals()
            defer { refusals[problem] = one }
            if isNew { one.since += 1 }
            if let last = one.last, now - last < Self.interval { return nil }
            one.last = now
            defer { one.since = 0 }
            return one.since
        }
        guard let count else { return false }
        self.logger.event(
            event,
            level: .warning,
            "\(text)",
            more.merging([.problem: .string(problem), .count: .number(count)]) { _, new in new }
        )
        return true
    }
}
