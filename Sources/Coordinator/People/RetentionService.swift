import Domain
import Logging
import ServiceLifecycle
import Storage
import Telemetry
import UserFiles

/// Forgets, once a day, what is older than `retention` keeps it.
struct RetentionService: Service {
    let settings: RetentionSettings
    let erasures: ErasureService
    let logger: Logger
    /// The wall clock.
    let now: @Sendable () -> Timestamp

    private static let dayMilliseconds: Int64 = 86_400_000
    /// How often it is looked whether a day is over, and a run that failed is tried again.
    private static let look = Duration.seconds(600)

    func run() async throws {
        guard self.settings != .keep else {
            try? await gracefulShutdown()
            return
        }
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.runIfDue()
                try? await Task.sleep(for: Self.look)
            }
        }
    }

    /// Forgets what is due, unless a day has not passed since the last run that came to its end, by whichever process.
    func runIfDue() async {
        let now = self.now()
        do {
            let last = try await self.erasures.reads.readers.read { connection throws(StoreError) in
                try RetentionQueries(connection).lastRun()
            }
            // A clock that was set back must not put it off for years.
            if let last, last <= now, now < last.advanced(byMilliseconds: Self.dayMilliseconds) { return }
            let tally = try await RetentionRun(settings: self.settings, erasures: self.erasures, now: now).run()
            guard !tally.isEmpty else { return }
            self.logger.event(.storage, "What was kept long enough was forgotten: \(tally.text)")
        } catch is CancellationError {
            // The coordinator stops; the next one goes on.
        } catch {
            self.logger.event(
                .storage,
                level: .warning,
                "What was kept long enough could not be forgotten; it is tried again",
                [.error: .string("\(error)")]
            )
        }
    }
}
