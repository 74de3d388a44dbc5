/// When a deferred target is tried again.
package struct RetryPolicy: Hashable, Sendable {
    /// Milliseconds to wait after the first, second … deferral; the last one repeats.
    package let delays: [Int64]
    /// Share of a delay by which it may be longer, 0 to 1.
    package let jitter: Double

    /// What providers expect of bulk mail: quickly once (greylisting), then ever more slowly.
    package static let standard = RetryPolicy(
        delays: [300_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000],
        jitter: 0.2
    )

    /// A relay that names a longer time than four hours is asked again after four.
    package static let retryAfterMaxMilliseconds: Int64 = 14_400_000

    /// - Parameters:
    ///   - delays: Milliseconds, at least one, each positive.
    ///   - jitter: 0 to 1.
    package init(delays: [Int64], jitter: Double) {
        precondition(!delays.isEmpty && delays.allSatisfy { $0 > 0 } && (0...1).contains(jitter))
        self.delays = delays
        self.jitter = jitter
    }

    /// How long to wait after a deferral.
    ///
    /// | attempts | standard, without jitter |
    /// |---------:|-------------------------:|
    /// |        1 |                    5 min |
    /// |        2 |                   15 min |
    /// |  6 and on|                      4 h |
    ///
    /// - Parameters:
    ///   - attempts: Attempts made so far, the deferred one included; at least 1.
    ///   - random: Uniform in `0..<1`.
    ///   - retryAfterMilliseconds: What the relay's reply named, if anything; honoured when it is longer.
    /// - Returns: Milliseconds.
    package func delay(afterAttempts attempts: Int, random: Double, retryAfterMilliseconds: Int64? = nil) -> Int64 {
        precondition(attempts >= 1 && (0..<1).contains(random))
        let base = self.delays[min(attempts, self.delays.count) - 1]
        let jittered = base + Int64(Double(base) * self.jitter * random)
        guard let asked = retryAfterMilliseconds, asked > 0 else { return jittered }
        return max(jittered, min(asked, Self.retryAfterMaxMilliseconds))
    }
}
