import Domain
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import Telemetry
import Transport
import UnixSignals

/// Reads the allow-list again on SIGHUP.
struct HangupService: Service {
    let admission: WorkerAdmission
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            do throws(TransportError) {
                try self.admission.reload()
                self.logger.event(.configuration, "The workers' allow-list was read again")
            } catch {
                self.logger.event(.configuration, level: .error, "The allow-list stays as it was: \(error.message)")
            }
        }
    }
}

/// Ends when standard input does: the parent that held its other end is gone.
struct ParentWatch: Service {
    func run() async throws {
        let ended = AsyncStream<Void> { continuation in
            let thread = Thread {
                ParentProcess.waitForEnd()
                continuation.finish()
            }
            thread.start()
        }
        for await _ in ended.cancelOnGracefulShutdown() {}
    }
}

/// Copies the loop's counts into the metrics once a second.
struct MetricsPublisher: Service {
    let loop: CoordinatorLoop
    let metrics: MetricsRegistry
    /// Log lines dropped since the start.
    let lostLines: @Sendable () -> Int

    private static let interval = Duration.seconds(1)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var published = LoopCounters()
            var lost = 0
            while !Task.isCancelled {
                let snapshot = self.loop.snapshot.withLock { $0 }
                self.publish(snapshot, after: published)
                published = snapshot.counters
                let lostNow = self.lostLines()
                self.metrics.counter(.logLinesLost).increment(by: lostNow - lost)
                lost = lostNow
                await self.publishOpenTargets()
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Asked of the loop, since it needs every lane of every running campaign: too much for each turn.
    private func publishOpenTargets() async {
        // A loop that is stopping says nothing more.
        guard let open = try? await self.loop.ask({ $0.openTargets }) else { return }
        self.metrics.gauge(.targetsOpen, "pending").set(open.pending)
        self.metrics.gauge(.targetsOpen, "leased").set(open.leased)
        self.metrics.gauge(.targetsOpen, "deferred").set(open.deferred)
    }

    private func publish(_ snapshot: LoopSnapshot, after last: LoopCounters) {
        let counters = snapshot.counters
        for outcome in Outcome.allCases {
            let rise = (counters.outcomes[outcome] ?? 0) - (last.outcomes[outcome] ?? 0)
            self.metrics.counter(.targets, outcome.name).increment(by: rise)
        }
        self.metrics.counter(.grants).increment(by: counters.grants - last.grants)
        self.metrics.counter(.targetsGranted).increment(by: counters.granted - last.granted)
        self.metrics.counter(.leasesExpired).increment(by: counters.expiredLeases - last.expiredLeases)
        self.metrics.counter(.sentTwice).increment(by: counters.sentTwice - last.sentTwice)
        self.metrics.counter(.reportsRefused, "not_held").increment(by: counters.refusedReports - last.refusedReports)
        for rule in GuardRules.Rule.allCases {
            let rise = (counters.guardTrips[rule] ?? 0) - (last.guardTrips[rule] ?? 0)
            self.metrics.counter(.guardTrips, rule.rawValue).increment(by: rise)
        }
        self.metrics.gauge(.workersConnected).set(snapshot.sessions)
        self.metrics.gauge(.restored).set(snapshot.restored == nil ? 0 : 1)
        for state in CampaignState.allCases {
            self.metrics.gauge(.campaigns, state.rawValue).set(snapshot.campaigns[state] ?? 0)
        }
        for (relay, count) in snapshot.relayProblems { self.metrics.gauge(.relayProblems, relay).set(count) }
    }
}
