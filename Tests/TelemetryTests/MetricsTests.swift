import Telemetry
import Testing

@Suite("Metrics")
struct MetricsTests {
    /// The exposition's lines of one family.
    private func lines(_ registry: MetricsRegistry, of name: String) -> [String] {
        String(decoding: registry.exposition(), as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.contains(name) }
    }

    @Test("a counter, a gauge and a histogram in Prometheus' text")
    func exposition() {
        let registry = MetricsRegistry()
        registry.counter(.targets, "bounced").increment(by: 3)
        registry.counter(.targets, "accepted").increment()
        registry.gauge(.workersConnected).set(2)
        let seconds = Metric("postrider_x_seconds", .histogram(upperBounds: [0.5, 1]), help: "X.")
        for value in [0.25, 0.5, 0.75, 7] { registry.histogram(seconds).record(value) }
        #expect(
            self.lines(registry, of: "postrider_") == [
                "# HELP postrider_targets_total Outcomes recorded in the ledger.",
                "# TYPE postrider_targets_total counter",
                "postrider_targets_total{outcome=\"accepted\"} 1",
                "postrider_targets_total{outcome=\"bounced\"} 3",
                "# HELP postrider_workers_connected Workers admitted and connected.",
                "# TYPE postrider_workers_connected gauge",
                "postrider_workers_connected 2",
                "# HELP postrider_x_seconds X.",
                "# TYPE postrider_x_seconds histogram",
                "postrider_x_seconds_bucket{le=\"0.5\"} 2",
                "postrider_x_seconds_bucket{le=\"1\"} 3",
                "postrider_x_seconds_bucket{le=\"+Inf\"} 4",
                "postrider_x_seconds_sum 8.5",
                "postrider_x_seconds_count 4",
            ]
        )
    }

    @Test("label values and help are escaped")
    func escaping() {
        let registry = MetricsRegistry()
        let metric = Metric("postrider_y", .gauge, labels: ["a"], help: "One\ntwo \\ \"three\".")
        registry.gauge(metric, "q\"b\\n\né").set(-1.5)
        #expect(
            self.lines(registry, of: "postrider_y") == [
                #"# HELP postrider_y One\ntwo \\ "three"."#, "# TYPE postrider_y gauge",
                #"postrider_y{a="q\"b\\n\né"} -1.5"#,
            ]
        )
    }

    @Test(
        "values that are no number or infinite",
        arguments: [
            (Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (1e21, "1e+21"), (-0.0, "0"), (0.1, "0.1"),
        ]
    )
    func values(value: Double, text: String) {
        let registry = MetricsRegistry()
        registry.gauge(.workersConnected).set(value)
        #expect(self.lines(registry, of: "postrider_").last == "postrider_workers_connected \(text)")
    }

    @Test("the same labels give the same handle, and a counter never falls")
    func handles() {
        let registry = MetricsRegistry()
        let counter = registry.counter(.targets, "accepted")
        #expect(counter === registry.counter(.targets, ["accepted"]))
        #expect(counter !== registry.counter(.targets, "bounced"))
        counter.increment(by: 5)
        counter.increment(by: -3)
        #expect(counter.current == 5)
    }

    @Test("updates of many threads are all counted")
    func threads() async {
        let registry = MetricsRegistry()
        await withTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        registry.counter(.grants).increment()
                        registry.gauge(.workersConnected).increment(by: 0.5)
                        registry.histogram(.turnSeconds).record(0.002)
                    }
                }
            }
        }
        #expect(registry.counter(.grants).current == 8_000)
        #expect(registry.gauge(.workersConnected).current == 4_000)
        let (counts, sum) = registry.histogram(.turnSeconds).current
        #expect(counts.reduce(0, +) == 8_000)
        #expect(abs(sum - 16) < 1e-6)
    }

    @Test("labels from outside cannot fill the memory")
    func seriesBound() {
        let registry = MetricsRegistry()
        let metric = Metric("postrider_z", .counter, labels: ["n"], help: "Z.")
        for number in 0..<(MetricsRegistry.seriesMax + 50) { registry.counter(metric, "\(number)").increment() }
        #expect(self.lines(registry, of: "postrider_z{").count == MetricsRegistry.seriesMax)
    }

    @Test("names follow Prometheus' rules and are used once")
    func names() {
        #expect(Set(Metric.all.map(\.name)).count == Metric.all.count)
        for metric in Metric.all {
            #expect(metric.name.hasPrefix("postrider_"))
            #expect(metric.name.hasSuffix("_total") == (metric.kind == .counter), "\(metric.name)")
            #expect(metric.help.hasSuffix("."))
        }
    }

    @Test("the process says what it uses")
    func process() throws {
        let line = try #require(self.lines(MetricsRegistry(), of: "process_resident_memory_bytes ").last)
        let bytes = try #require(line.split(separator: " ").last.flatMap { Int($0) })
        #expect(bytes > 1 << 20)
    }
}
