import Domain
import Engine
import Testing

@Suite("Retry policy")
struct RetryPolicyTests {
    @Test(
        "the standard delays",
        arguments: [(1, 5), (2, 15), (3, 30), (4, 60), (5, 120), (6, 240), (7, 240), (1_000, 240)]
    )
    func standard(attempts: Int, minutes: Int64) {
        #expect(RetryPolicy.standard.delay(afterAttempts: attempts, random: 0) == minutes * 60_000)
    }

    @Test("jitter only ever makes a delay longer, by its share at most", arguments: 1...7)
    func jitter(attempts: Int) {
        var random = SplitMix64(UInt64(attempts))
        let least = RetryPolicy.standard.delay(afterAttempts: attempts, random: 0)
        for _ in 0..<1_000 {
            let part = Double.random(in: 0..<1, using: &random)
            let delay = RetryPolicy.standard.delay(afterAttempts: attempts, random: part)
            #expect(delay >= least && Double(delay) <= Double(least) * 1.2)
        }
    }

    @Test(
        "a longer time that the relay names is honoured, up to four hours",
        arguments: [
            (Int64?.none, Int64(60_000)), (0, 60_000), (-5, 60_000), (59_999, 60_000), (90_000, 90_000),
            (14_400_000, 14_400_000), (14_400_001, 14_400_000), (.max, 14_400_000),
        ]
    )
    func named(asked: Int64?, expected: Int64) {
        let policy = RetryPolicy(delays: [60_000], jitter: 0)
        #expect(policy.delay(afterAttempts: 1, random: 0.5, retryAfterMilliseconds: asked) == expected)
    }
}
