import Domain

/// What came of one seed.
package struct SimulationResult: Sendable {
    package let seed: UInt64
    /// The first law that was broken; `nil` when all held.
    package let violation: String?
    /// Events until the end, or until then.
    package let steps: Int
    /// Virtual time at the end.
    package let milliseconds: Int64
    /// Everything that happened, folded.
    package let hash: UInt64
    /// Messages that relays took.
    package let taken: Int
    /// What happened in words, when it was asked for.
    package let lines: [String]
}

/// Runs seeds.
package enum Simulation {
    /// Runs one seed.
    ///
    /// - Parameters:
    ///   - seed: Decides everything.
    ///   - sabotage: A rule to be taken away.
    ///   - keepsTrace: Whether the trace is kept in words.
    /// - Returns: The same for the same seed, always and everywhere.
    package static func run(
        seed: UInt64,
        sabotage: Sabotage = .none,
        keepsTrace: Bool = false
    ) -> SimulationResult {
        let world: World
        do {
            world = try World(seed: seed, sabotage: sabotage, keepsTrace: keepsTrace)
        } catch {
            return SimulationResult(
                seed: seed,
                violation: "the simulation cannot begin: \(error)",
                steps: 0,
                milliseconds: 0,
                hash: 0,
                taken: 0,
                lines: []
            )
        }
        world.run()
        return SimulationResult(
            seed: seed,
            violation: world.laws.violation,
            steps: world.steps,
            milliseconds: world.now,
            hash: world.trace.hash,
            taken: world.laws.taken.values.reduce(0, +),
            lines: world.trace.lines
        )
    }

    /// One number for many seeds, whatever the order in which they ran.
    package static func combine(_ results: some Sequence<(seed: UInt64, hash: UInt64)>) -> UInt64 {
        results.reduce(0) { $0 &+ SplitMix64.mix($1.hash ^ SplitMix64.mix($1.seed)) }
    }
}
