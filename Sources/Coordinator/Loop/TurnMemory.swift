import Domain
import Engine

/// What only this process knows, as it was before a turn: when the turn fails, nothing of it happened.
struct TurnMemory {
    private let counters: LoopCounters
    private let tallies: [String: WorkerTally]
    private let processes: [String: WorkerProcess]
    private let quarantine: Quarantine
    private let pendingRecalls: [String: [UInt64]]
    private let clock: SteadyClock

    init(_ core: LoopCore) {
        self.counters = core.counters
        self.tallies = core.tallies
        self.processes = core.processes
        self.quarantine = core.quarantine
        self.pendingRecalls = core.pendingRecalls
        self.clock = core.clock
    }

    func restore(_ core: LoopCore) {
        core.counters = self.counters
        core.tallies = self.tallies
        core.processes = self.processes
        core.quarantine = self.quarantine
        core.pendingRecalls = self.pendingRecalls
        core.clock = self.clock
        core.nextClockNote = core.now
    }
}
