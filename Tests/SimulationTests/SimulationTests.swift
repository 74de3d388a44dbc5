import Simulation
import Testing

@Suite("The simulator")
struct SimulationTests {
    @Test("all laws hold, whatever goes wrong", arguments: UInt64(1)...12)
    func laws(seed: UInt64) {
        let result = Simulation.run(seed: seed)
        #expect(result.violation == nil, "make simulate SEEDS=1 FIRST=\(seed) TRACE=1")
        #expect(result.steps > 100)
    }

    @Test(
        "what a plan predicts is within 15 % of what happens, whatever holds the campaign up",
        arguments: ForecastRun.Bottleneck.allCases,
        [UInt64(1), 2]
    )
    func forecasts(bottleneck: ForecastRun.Bottleneck, seed: UInt64) throws {
        let outcome = try ForecastRun.run(bottleneck, seed: seed)
        #expect(outcome.violation == nil)
        let deviation = abs(outcome.predicted - outcome.actual) / outcome.actual
        #expect(deviation <= 0.15, "predicted \(outcome.predicted) s, took \(outcome.actual) s: \(outcome.tightest)")
        let named: [ForecastRun.Bottleneck: String] = [
            .siteLimit: "site s0.example: 10/s", .relayLimit: "relay main: 20/s",
            .slowRelay: "the workers' 8 connections", .window: "the hours in which people may be written to",
        ]
        #expect(outcome.tightest.hasPrefix(named[bottleneck] ?? "?"), "\(outcome.tightest)")
    }

    @Test("messages are sent in it")
    func sends() {
        #expect((UInt64(1)...6).reduce(0) { $0 + Simulation.run(seed: $1).taken } > 100)
    }

    @Test("the same seed goes the same way", arguments: UInt64(1)...3)
    func replays(seed: UInt64) {
        let first = Simulation.run(seed: seed)
        let second = Simulation.run(seed: seed, keepsTrace: true)
        #expect(first.hash == second.hash)
        #expect(first.steps == second.steps)
        #expect(!second.lines.isEmpty)
    }

    @Test("the order in which seeds ran does not show in their common number")
    func order() {
        let results: [(seed: UInt64, hash: UInt64)] = [(1, 7), (2, 8), (3, 9)]
        #expect(Simulation.combine(results) == Simulation.combine(results.reversed()))
        let swapped: [(seed: UInt64, hash: UInt64)] = [(1, 8), (2, 7), (3, 9)]
        #expect(Simulation.combine(results) != Simulation.combine(swapped))
    }

    @Test("a rule that is taken away is missed", arguments: Sabotage.allCases.filter { $0 != .none })
    func sabotage(kind: Sabotage) {
        let found = (UInt64(1)...Self.sabotagedSeeds).first {
            // A seed that fails anyway would show nothing.
            Simulation.run(seed: $0, sabotage: kind).violation != nil && Simulation.run(seed: $0).violation == nil
        }
        #expect(found != nil)
    }

    /// Seeds within which every sabotage shows.
    private static let sabotagedSeeds: UInt64 = 60
}
