import Dispatch
import Foundation
import Simulation
import Synchronization

/// Runs the simulator over a range of seeds: `SEEDS=n FIRST=k JOBS=j TRACE=1 SABOTAGE=name postrider-simulate`.
@main
enum Simulate {
    /// Lines of the trace that are shown of a seed that failed.
    private static let linesShown = 40
    /// Failed seeds that are shown in full; of others only the law.
    private static let failuresShown = 5

    private struct Tally: Sendable {
        var next: UInt64
        var done: [(seed: UInt64, hash: UInt64)] = []
        var failed: [SimulationResult] = []
        var taken = 0
        var steps = 0
    }

    static func main() {
        let environment = ProcessInfo.processInfo.environment
        func number(_ name: String, _ standard: UInt64) -> UInt64 {
            guard let text = environment[name], !text.isEmpty else { return standard }
            guard let value = UInt64(text) else {
                FileHandle.standardError.write(Data("\(name) is \"\(text)\"; allowed: a whole number\n".utf8))
                exit(64)
            }
            return value
        }
        let first = number("FIRST", 1)
        let count = number("SEEDS", 300)
        let jobs = max(1, Int(number("JOBS", UInt64(ProcessInfo.processInfo.activeProcessorCount))))
        let sabotage = environment["SABOTAGE"].flatMap { Sabotage(rawValue: $0) } ?? .none
        let tally = Mutex(Tally(next: first))
        DispatchQueue.concurrentPerform(iterations: jobs) { _ in
            while let seed = Self.nextSeed(tally, below: first + count) {
                let result = Simulation.run(seed: seed, sabotage: sabotage)
                tally.withLock {
                    $0.done.append((seed, result.hash))
                    $0.taken += result.taken
                    $0.steps += result.steps
                    if result.violation != nil { $0.failed.append(result) }
                }
            }
        }
        let end = tally.withLock { $0 }
        for (index, failure) in end.failed.sorted(by: { $0.seed < $1.seed }).enumerated() {
            Self.show(failure, sabotage: sabotage, inFull: index < Self.failuresShown)
        }
        if number("TRACE", 0) != 0 { Self.trace(first, sabotage: sabotage) }
        let digits = String(Simulation.combine(end.done), radix: 16)
        print("\(end.steps) events, \(end.taken) messages taken by relays")
        print(
            "simulate: \(count) seeds, \(end.failed.count) failed, trace "
                + String(repeating: "0", count: 16 - digits.count) + digits
        )
        exit(end.failed.isEmpty ? 0 : 1)
    }

    private static func nextSeed(_ tally: borrowing Mutex<Tally>, below end: UInt64) -> UInt64? {
        tally.withLock { state in
            guard state.next < end else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    /// Runs a failed seed again, which goes the same way, to tell what happened.
    private static func show(_ failure: SimulationResult, sabotage: Sabotage, inFull: Bool) {
        print("seed \(failure.seed), step \(failure.steps): \(failure.violation ?? "")")
        guard inFull else { return }
        let again = Simulation.run(seed: failure.seed, sabotage: sabotage, keepsTrace: true)
        if again.hash != failure.hash { print("  and it did not go the same way again") }
        for line in again.lines.suffix(Self.linesShown) { print("  \(line)") }
        print("  again: make simulate SEEDS=1 FIRST=\(failure.seed) TRACE=1")
    }

    private static func trace(_ seed: UInt64, sabotage: Sabotage) {
        for line in Simulation.run(seed: seed, sabotage: sabotage, keepsTrace: true).lines { print(line) }
    }
}
