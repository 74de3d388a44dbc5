import Dispatch
import NIOCore

/// An event loop whose time is the simulation's, run by whoever owns it.
///
/// `@unchecked`: one simulation is one thread, and nothing of it is ever used from another; that is the rule instead of a lock.
final class VirtualEventLoop: EventLoop, @unchecked Sendable {
    private var agenda = Agenda()
    private let clock: () -> Int64

    /// - Parameter clock: Milliseconds, never going back.
    init(clock: @escaping () -> Int64) { self.clock = clock }

    var now: NIODeadline { .uptimeNanoseconds(UInt64(self.clock()) * 1_000_000) }
    var inEventLoop: Bool { true }

    /// When the next task is due, by the clock.
    var nextTime: Int64? { self.agenda.nextTime }

    /// Runs all tasks that are due, and those that come due by that.
    func run() {
        while let next = self.agenda.nextTime, next <= self.clock(), let task = self.agenda.popFirst() { task.body() }
    }

    /// Forgets everything that was to be done.
    func removeAll() { self.agenda.removeAll() }

    func execute(_ task: @escaping @Sendable () -> Void) { self.agenda.add(at: self.clock(), task) }

    // swift-format-ignore: NoLeadingUnderscores
    func _executeIsolatedUnsafeUnchecked(_ task: @escaping () -> Void) { self.agenda.add(at: self.clock(), task) }

    func submit<T>(_ task: @escaping @Sendable () throws -> T) -> EventLoopFuture<T> {
        self.scheduleTask(deadline: self.now, task).futureResult
    }

    func scheduleTask<T>(deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        self._scheduleTaskIsolatedUnsafeUnchecked(deadline: deadline, task)
    }

    func scheduleTask<T>(in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        self._scheduleTaskIsolatedUnsafeUnchecked(deadline: self.now + delay, task)
    }

    // swift-format-ignore: NoLeadingUnderscores
    func _scheduleTaskIsolatedUnsafeUnchecked<T>(
        deadline: NIODeadline,
        _ task: @escaping () throws -> T
    ) -> Scheduled<T> {
        let promise = self.makePromise(of: T.self)
        // Milliseconds are the grain of time here; nothing comes before it is due.
        let milliseconds = Int64((deadline.uptimeNanoseconds + 999_999) / 1_000_000)
        let happening = Happening(
            body: {
                do { promise.assumeIsolatedUnsafeUnchecked().succeed(try task()) } catch { promise.fail(error) }
            },
            cancelled: { promise.fail(EventLoopError.cancelled) }
        )
        self.agenda.add(at: milliseconds, happening)
        // Nothing that runs here cancels what it has scheduled.
        return Scheduled(promise: promise, cancellationTask: {})
    }

    // swift-format-ignore: NoLeadingUnderscores
    func _scheduleTaskIsolatedUnsafeUnchecked<T>(
        in delay: TimeAmount,
        _ task: @escaping () throws -> T
    ) -> Scheduled<T> {
        self._scheduleTaskIsolatedUnsafeUnchecked(deadline: self.now + delay, task)
    }

    func preconditionInEventLoop(file: StaticString, line: UInt) {}
    func preconditionNotInEventLoop(file: StaticString, line: UInt) {}

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        self.removeAll()
        queue.async { callback(nil) }
    }
}
