import Domain
import NIOCore
import Relay
import Wire

/// One relay's side of the runner: what its pool asks goes on with the relay's number.
///
/// Belongs to the event loop. The pool keeps it alive; it keeps the pool until the relay is configured anew.
final class RelayDesk: MessageSource {
    let number: Int
    let name: String
    private unowned let runner: ShardRunner
    var pool: RelayPool?
    /// The pool was told that there is nothing to send, and waits for a wake.
    var isDry = true
    /// Why the relay cannot be used; `nil` when it can.
    var problem: String?

    init(number: Int, name: String, runner: ShardRunner) {
        self.number = number
        self.name = name
        self.runner = runner
    }

    func nextJob() -> RelayJob? {
        let job = self.runner.nextJob(relay: self.number)
        self.isDry = job == nil
        return job
    }

    func body(of job: RelayJob) -> ByteBuffer? { self.runner.body(of: job) }

    func intend(_ job: RelayJob, proceed: @escaping (Bool) -> Void) { self.runner.intend(job, proceed: proceed) }

    func resolved(_ job: RelayJob, _ result: RelayResult) { self.runner.resolved(job, result) }

    func relayChanged(problem: String?) {
        self.problem = problem
        self.runner.relayChanged(self)
    }

    /// How long the relay took over its messages since this was last asked; `nil` when there were none.
    func takeTiming() -> WireRelayTiming? {
        guard let timing = self.pool?.takeTiming(), timing.messages > 0 else { return nil }
        var message = WireRelayTiming()
        message.relay = self.name
        message.messages = UInt32(clamping: timing.messages)
        message.microseconds = UInt64(clamping: timing.microseconds)
        return message
    }

    func wake() {
        self.isDry = false
        self.pool?.wake()
    }
}
