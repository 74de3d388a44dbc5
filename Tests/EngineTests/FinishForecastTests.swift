import Domain
import Engine
import Testing

@Suite("Forecasts")
struct FinishForecastTests {
    private func forecast(
        _ queues: [FinishForecast.Queue],
        shared: [FinishForecast.Bucket] = [],
        connections: Int = 100,
        latency: Double = 0.01,
        groups: [FinishForecast.Group] = [FinishForecast.always]
    ) -> FinishForecast.Answer {
        FinishForecast(
            queues: queues,
            shared: shared,
            connections: connections,
            latencySeconds: latency,
            messagesPerSecondMax: 20_000,
            groups: groups
        ).answer()
    }

    private func bucket(_ name: String, _ text: String) throws -> FinishForecast.Bucket {
        FinishForecast.Bucket(name: name, limit: try #require(Limit(text)))
    }

    private func isNear(_ seconds: Double, _ expected: Double) -> Bool {
        abs(seconds - expected) <= expected * 0.05 + 0.5
    }

    @Test("a limit lets its burst out at once and the rest by its rate")
    func limits() throws {
        let queue = FinishForecast.Queue(
            name: "a",
            messages: 10_100,
            slots: 1_000,
            buckets: [try self.bucket("site a", "100/s")]
        )
        let answer = self.forecast([queue])
        #expect(self.isNear(answer.seconds, 100))
        #expect(answer.bottleneck == .limit("site a: 100/s"))
    }

    @Test("the slowest of what all share decides, whatever the queues allow")
    func shared() throws {
        let queues = ["a", "b"].map { FinishForecast.Queue(name: $0, messages: 5_000, slots: 1_000, buckets: []) }
        let answer = self.forecast(
            queues,
            shared: [try self.bucket("cluster", "1000/s"), try self.bucket("relay main", "200/s")]
        )
        #expect(self.isNear(answer.seconds, 49))
        #expect(answer.bottleneck == .limit("relay main: 200/s"))
    }

    @Test("connections and slots are busy for as long as the relay takes")
    func latency() {
        let queues = ["a", "b"].map { FinishForecast.Queue(name: $0, messages: 1_000, slots: 20, buckets: []) }
        let byConnections = self.forecast(queues, connections: 32, latency: 0.5)
        #expect(self.isNear(byConnections.seconds, 2_000 / 64))
        #expect(byConnections.bottleneck == .connections)
        let bySlots = self.forecast(queues, connections: 1_000, latency: 0.5)
        #expect(self.isNear(bySlots.seconds, 1_000 / 40))
        #expect([.slots("a"), .slots("b")].contains(bySlots.bottleneck))
    }

    @Test("a slow queue goes on when the others are done, and has its share until then")
    func mixed() throws {
        let small = FinishForecast.Queue(
            name: "small",
            messages: 1_000,
            slots: 100,
            buckets: [try self.bucket("site small", "10/s")]
        )
        let others = (0..<9).map { FinishForecast.Queue(name: "q\($0)", messages: 2_000, slots: 100, buckets: []) }
        let answer = self.forecast([small] + others, shared: [try self.bucket("relay main", "1000/s")])
        #expect(self.isNear(answer.seconds, 99))
        #expect(answer.bottleneck == .limit("site small: 10/s"))
        // Without a limit of its own it ends with the others.
        let even = self.forecast(others, shared: [try self.bucket("relay main", "1000/s")])
        #expect(self.isNear(even.seconds, 17))
    }

    @Test("a bucket of one turns over once for each message under way")
    func tiny() throws {
        let queue = FinishForecast.Queue(
            name: "a",
            messages: 100,
            slots: 10,
            buckets: [try self.bucket("site a", "10/s,burst=1")]
        )
        let answer = self.forecast([queue], latency: 0.1)
        #expect(answer.seconds > 25)
    }

    @Test("nobody is written to at once")
    func nothing() {
        #expect(self.forecast([]).seconds == 0)
        #expect(self.forecast([]).bottleneck == .nothing)
    }

    @Test("any set of limits comes to an end", arguments: 1...20)
    func ends(seed: Int) throws {
        let limits = ["1/s", "7/s,burst=3", "1000000/day", "60/min,burst=1", "500/5s", "20000/s"]
        let queues = try (0..<40).map { index in
            FinishForecast.Queue(
                name: "q\(index)",
                messages: (index * seed * 37) % 900,
                slots: 1 + index % 7,
                buckets: [try self.bucket("site \(index)", limits[(index * seed) % limits.count])]
            )
        }
        let answer = self.forecast(queues, shared: [try self.bucket("relay", limits[seed % limits.count])])
        #expect(answer.seconds.isFinite && answer.seconds > 0)
        let total = queues.reduce(0) { $0 + $1.messages }
        let rate = Double(limits[seed % limits.count] == "1/s" ? 1 : 0)
        if rate > 0 { #expect(answer.seconds >= total - 1) }
    }

    @Test("whoever may be written to later is waited for, and those who may be now do not wait for them")
    func later() throws {
        let queue = FinishForecast.Queue(
            name: "a",
            messages: 20_000,
            slots: 1_000,
            buckets: [try self.bucket("site a", "100/s")]
        )
        let now = FinishForecast.Group(share: 0.5, times: [0..<100_000])
        let soon = FinishForecast.Group(share: 0.5, times: [50..<100_000])
        let later = FinishForecast.Group(share: 0.5, times: [3_600..<7_200, 90_000..<93_600])
        // Half of them take 100 s, and the others are ready by then.
        #expect(self.isNear(self.forecast([queue], groups: [now, soon]).seconds, 200))
        let waiting = self.forecast([queue], groups: [now, later])
        #expect(self.isNear(waiting.seconds, 3_700))
        #expect(waiting.bottleneck == .hours)
        #expect(waiting.unsent == 0)
    }

    @Test("what one day's window is too short for goes on in the next")
    func days() throws {
        let queue = FinishForecast.Queue(
            name: "a",
            messages: 1_000_000,
            slots: 1_000,
            buckets: [try self.bucket("site a", "100/s")]
        )
        let days = (0..<4).map { Double($0) * 86_400..<Double($0) * 86_400 + 3_600 }
        let answer = self.forecast([queue], groups: [.init(share: 1, times: days)])
        #expect(self.isNear(answer.seconds, 2 * 86_400 + 2_800))
        #expect(answer.unsent == 0)
    }

    @Test("what has no time left is counted, and does not make it take longer")
    func unsent() throws {
        let queue = FinishForecast.Queue(
            name: "a",
            messages: 10_000,
            slots: 1_000,
            buckets: [try self.bucket("site a", "100/s")]
        )
        let never = FinishForecast.Group(share: 0.25, times: [])
        let now = FinishForecast.Group(share: 0.75, times: [0..<86_400])
        let some = self.forecast([queue], groups: [now, never])
        #expect(self.isNear(some.seconds, 75))
        #expect(abs(some.unsent - 2_500) < 1)
        let tooShort = self.forecast([queue], groups: [.init(share: 1, times: [0..<50])])
        #expect(self.isNear(tooShort.seconds, 50))
        #expect(abs(tooShort.unsent - 4_900) < 100)
    }
}
