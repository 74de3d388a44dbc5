import Foundation
import Telemetry
import Testing

/// Prometheus' own judge, when `scripts/test-peers` could fetch it or the machine has it.
@Suite("promtool")
struct PromtoolTests {
    static let program: String? = {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        return folders.map { "\($0)/promtool" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    @Test(
        "finds nothing wrong with any of our metrics",
        .enabled(if: Self.program != nil, "promtool is not there; make peers fetches it"),
        .timeLimit(.minutes(10))
    )
    func check() throws {
        let registry = MetricsRegistry()
        for metric in Metric.all {
            let values = metric.labels.map { "\($0) \"quoted\" back\\slash\nline" }
            switch metric.kind {
            case .counter: registry.counter(metric, values).increment(by: 3)
            case .gauge: registry.gauge(metric, values).set(-0.5)
            case .histogram: registry.histogram(metric, values).record(0.02)
            }
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(Self.program))
        process.arguments = ["check", "metrics"]
        let input = Pipe()
        let output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(registry.exposition()))
        try input.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(said == "")
        #expect(process.terminationStatus == 0)
    }
}
