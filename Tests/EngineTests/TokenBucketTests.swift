import Domain
import Engine
import Testing

@Suite("Token bucket")
struct TokenBucketTests {
    private let start = Instant(milliseconds: 5_000_000)

    /// A message that was granted and will leave, or come back.
    private struct Permit {
        let at: Instant
        let isReturned: Bool
    }

    /// What a run did.
    private struct Run {
        var departures: [Instant] = []
        var end = Instant(milliseconds: 0)

        func most(in period: Int64) -> Int {
            var most = 0
            var first = 0
            for last in self.departures.indices {
                while self.departures[last].milliseconds(since: self.departures[first]) >= period { first += 1 }
                most = max(most, last - first + 1)
            }
            return most
        }
    }

    /// Grants as a loop does, to holders that send after a while, hand some back, and to coordinators that are started again.
    private func run(
        _ limit: Limit,
        milliseconds: Int64,
        delay: ClosedRange<Int64>,
        returns: Int,
        restarts: Int,
        seed: UInt64
    ) -> Run {
        var random = SplitMix64(seed)
        var now = self.start
        let end = now.advanced(byMilliseconds: milliseconds)
        var bucket = TokenBucket(limit: limit, level: Double(limit.burst), at: now)
        var permits = TimerHeap<Permit>()
        var run = Run(end: end)
        while now < end {
            while let first = permits.first, first.time <= now {
                permits.removeFirst()
                // It left when its time came; the coordinator hears of it now.
                if first.value.isReturned {
                    bucket.returned(1)
                } else {
                    run.departures.append(first.value.at)
                    bucket.used(1)
                }
            }
            bucket.fill(at: now)
            if Int.random(in: 0..<100_000, using: &random) < restarts {
                bucket = TokenBucket(limit: limit, level: bucket.level, outstanding: bucket.outstanding, at: now)
            }
            let wanted = bucket.quantum(wanted: 256)
            let wait = bucket.wait(for: wanted)
            if wait == 0 {
                let count = min(256, bucket.available)
                bucket.debit(count)
                for _ in 0..<count {
                    let leaves = now.advanced(byMilliseconds: Int64.random(in: delay, using: &random))
                    let permit = Permit(at: leaves, isReturned: Int.random(in: 0..<100, using: &random) < returns)
                    permits.insert(permit, at: leaves.advanced(byMilliseconds: 5))
                }
                continue
            }
            let next = now.advanced(byMilliseconds: wait)
            now = permits.first.map { min($0.time, next) } ?? next
        }
        run.departures.sort()
        return run
    }

    @Test(
        "in every window of one period at most quantity + burst leave, however late each one is",
        arguments: [
            "200/s", "50/s,burst=10", "3/s,burst=1", "60/min", "600/min,burst=100", "5000/h", "7/10ms,burst=20",
            "1/s,burst=500",
        ],
        [UInt64(1), 2]
    )
    func exact(text: String, seed: UInt64) throws {
        let limit = try #require(Limit(text))
        let length = min(12_000_000, limit.periodMilliseconds * 30)
        for delay in [0...0, 0...300, 0...(limit.periodMilliseconds * 3)] as [ClosedRange<Int64>] {
            let run = self.run(limit, milliseconds: length, delay: delay, returns: 10, restarts: 20, seed: seed)
            #expect(run.most(in: limit.periodMilliseconds) <= limit.quantity + limit.burst)
            #expect(!run.departures.isEmpty)
        }
    }

    @Test(
        "with high demand and ordinary delays at least 85 % of the rate is used",
        arguments: ["200/s", "1000/s", "2000/min,burst=60", "100000/h", "1000000/day"]
    )
    func used(text: String) throws {
        let limit = try #require(Limit(text))
        let length: Int64 = 240_000
        let run = self.run(limit, milliseconds: length, delay: 20...250, returns: 0, restarts: 0, seed: 4)
        let allowed = Double(limit.quantity) * Double(length) / Double(limit.periodMilliseconds)
        let share = Double(run.departures.count) / allowed
        #expect(share >= 0.85, "\(text): \(share)")
    }

    @Test("a clock that goes back adds nothing, and a slowed bucket fills at its share")
    func filling() {
        let limit = Limit(quantity: 10, periodMilliseconds: 1_000, burst: 10)
        var bucket = TokenBucket(limit: limit, level: 0, at: self.start)
        bucket.fill(at: self.start.advanced(byMilliseconds: -5_000))
        #expect(bucket.level == 0)
        bucket.fill(at: self.start.advanced(byMilliseconds: 400), factor: 0.5)
        #expect(bucket.level == 2)
        bucket.fill(at: self.start.advanced(byMilliseconds: 60_000))
        #expect(bucket.level == 10 && bucket.isFull)
    }

    @Test("what is outstanding keeps its place", arguments: [0, 1, 4, 9, 10])
    func outstanding(count: Int) {
        let limit = Limit(quantity: 10, periodMilliseconds: 1_000, burst: 10)
        var bucket = TokenBucket(limit: limit, level: 10, outstanding: count, at: self.start)
        bucket.fill(at: self.start.advanced(byMilliseconds: 60_000))
        #expect(bucket.available == 10 - count)
        bucket.used(count)
        #expect(bucket.available == 10 - count)
        bucket.fill(at: self.start.advanced(byMilliseconds: 120_000))
        #expect(bucket.available == 10)
    }

    @Test(
        "a grant waits for a quarter of the bucket and at most half a shard, whoever asks, or for nothing",
        arguments: [(1, 256, 1), (3, 256, 1), (40, 256, 10), (40, 4, 10), (100_000, 256, 128), (100_000, 1, 128)]
    )
    func quantum(burst: Int, wanted: Int, expected: Int) {
        let limit = Limit(quantity: 10, periodMilliseconds: 1_000, burst: burst)
        let bucket = TokenBucket(limit: limit, level: 0, at: self.start)
        #expect(bucket.quantum(wanted: wanted) == expected)
        let full = TokenBucket(limit: limit, level: Double(burst), at: self.start)
        #expect(full.quantum(wanted: burst) == 0)
    }

    @Test("the wait is rounded up, and after it the permits are there", arguments: 1...20)
    func waits(count: Int) {
        let limit = Limit(quantity: 7, periodMilliseconds: 1_000, burst: 20)
        var bucket = TokenBucket(limit: limit, level: 0.25, at: self.start)
        let wait = bucket.wait(for: count)
        bucket.fill(at: self.start.advanced(byMilliseconds: wait - 1))
        #expect(bucket.available < count)
        bucket.fill(at: self.start.advanced(byMilliseconds: wait))
        #expect(bucket.available >= count)
        #expect(bucket.wait(for: count) == 0)
    }
}
