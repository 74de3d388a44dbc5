import Foundation
import Telemetry
import Testing

/// `docs/operations.md` explains every event and every metric, and nothing that does not exist.
@Suite("The operations guide")
struct OperationsGuideTests {
    /// First cells of the table under a heading, without their backticks.
    private func cells(under heading: String) throws -> [String] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "docs/operations.md"), encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n## ").first { $0.hasPrefix("\(heading)\n") })
        return section.split(separator: "\n").filter { $0.hasPrefix("| `") }.compactMap { line in
            line.split(separator: "`", maxSplits: 2).dropFirst().first.map(String.init)
        }
    }

    @Test("explains every log event, each once")
    func events() throws {
        #expect(try self.cells(under: "Log events").sorted() == LogEventName.allCases.map(\.rawValue).sorted())
    }

    @Test("explains every metric, each once")
    func metrics() throws {
        let told = try self.cells(under: "Metrics").filter { !$0.hasPrefix("process_") }
        #expect(told.sorted() == Metric.all.map(\.name).sorted())
    }
}
