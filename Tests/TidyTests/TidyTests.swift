import Foundation
import Testing

/// What the compiler does not check: each rule names every place that breaks it.
@Suite("Tidiness")
struct TidyTests {
    @Test("the sources are found at all")
    func found() {
        #expect(SourceTree.swift("Sources").count > 20)
        #expect(SourceTree.all.contains { $0.path == "Makefile" })
    }

    @Test("a file has at most 500 lines")
    func length() {
        let long = SourceTree.swift("Sources", "Tests").filter { !$0.isGenerated && $0.lines.count > 501 }
        #expect(long.map { "\($0.path): \($0.lines.count - 1) lines" } == [])
    }

    /// What the modules without I/O may import.
    ///
    /// Wire's Foundation is the part that has bytes and no files.
    static let importsOfPureModules: [String: Set<String>] = [
        "Domain": [], "Bounces": [], "Engine": ["Domain"], "Mail": ["Domain", "Crypto"],
        "Wire": ["Domain", "SwiftProtobuf", "FoundationEssentials", "Foundation"],
    ]

    @Test(
        "Bounces, Domain, Engine, Mail and Wire import nothing that could do I/O",
        arguments: Self.importsOfPureModules.keys.sorted()
    )
    func pureModules(module: String) {
        let allowed = Self.importsOfPureModules[module] ?? []
        let wrong = SourceTree.swift("Sources/Shared/\(module)").filter { !$0.isGenerated }.flatMap { file in
            file.imports.filter { !allowed.contains($0) }.map { "\(file.path) imports \($0)" }
        }
        #expect(wrong == [])
    }

    @Test(
        "Domain, Engine and Mail know no clock, chance, thread or lock",
        arguments: [
            #"\b(ContinuousClock|SuspendingClock|SystemRandomNumberGenerator|Mutex|Atomic)\b|\bTask[ .({]"#,
            #"\b(async|await)\b(?!["'])|\bactor [A-Z]"#,
            #"(^|[=;{])\s*(print|readLine|debugPrint)\(|\.(random|randomElement|shuffled|shuffle)\("#,
            // Swift seeds its hashes by chance in every process.
            #"\.hashValue\b|\bHasher\(\)"#,
        ]
    )
    func pureWords(pattern: String) {
        let files = SourceTree.swift("Sources/Shared/Domain", "Sources/Shared/Engine", "Sources/Shared/Mail")
        #expect(files.flatMap { $0.places(of: pattern) } == [])
    }

    /// Who may import a heavy dependency.
    static let importers: [String: Set<String>] = [
        "GRDB": ["StorageSQLite"], "NIOSSL": ["Relay"], "CZeroMQ": ["Transport"], "Yams": ["UserFiles"],
        "CCSV": ["Intake"], "CIDN": ["Intake"], "SwiftProtobuf": ["Wire"], "Hummingbird": ["Coordinator"],
        "AsyncHTTPClient": ["CLI"], "CoreMetrics": ["Telemetry"], "ArgumentParser": ["Coordinator", "Worker", "CLI"],
    ]

    @Test("a heavy dependency has one importer", arguments: Self.importers.keys.sorted())
    func oneImporter(dependency: String) {
        let allowed = Self.importers[dependency] ?? []
        let wrong = SourceTree.swift("Sources").filter {
            $0.imports.contains(dependency) && !allowed.contains($0.module)
        }
        #expect(wrong.map(\.path) == [])
    }

    /// Patterns that no source may have, by what they stand for.
    static let forbiddenPatterns: [(rule: String, pattern: String)] = [
        ("nothing is public or open", #"^\s*(@\w+\s+)*(public|open)(\(set\))?\s+\w+"#),
        (
            "names say something",
            #"\b(struct|class|enum|actor|protocol|typealias)\s+\w*(Manager|Helper|Utils?|Data|Infos?)\b"#
        ),
        ("bad input never traps", #"\bfatalError\(|\btry!|\bas!\s"#),
    ]

    @Test("no source has what none may have", arguments: Self.forbiddenPatterns)
    func forbidden(rule: String, pattern: String) {
        #expect(SourceTree.swift("Sources").flatMap { $0.places(of: pattern) } == [], "\(rule)")
    }

    @Test("log fields are named by LogKey, never by a string")
    func logKeys() {
        let files = SourceTree.swift("Sources").filter { $0.module != "Telemetry" }
        #expect(files.flatMap { $0.places(of: #"metadata:\s*\[\s*"|metadataKey:\s*""#) } == [])
    }

    @Test("every metric that is declared is counted somewhere")
    func metricsAreUsed() throws {
        let text = SourceTree.swift("Sources/Shared/Telemetry").first { $0.path.hasSuffix("/Metric.swift") }?.text ?? ""
        let names = text.split(separator: "\n").compactMap { line in
            line.hasPrefix("    package static let ") && line.hasSuffix(" = Self(")
                ? line.dropFirst(23).dropLast(8) : nil
        }
        #expect(names.count > 10)
        let sources = SourceTree.swift("Sources")
        let unused = names.filter { name in
            sources.allSatisfy { $0.places(of: #"(counter|gauge|histogram)\(\."# + name + #"\b"#).isEmpty }
        }
        #expect(unused == [])
    }

    @Test("every event that is declared is logged somewhere")
    func eventsAreUsed() throws {
        let text = SourceTree.swift("Sources/Shared/Telemetry").first { $0.path.hasSuffix("/LogKey.swift") }?.text ?? ""
        let names = text.components(separatedBy: "enum LogEventName").last?.split(separator: "\n").compactMap { line in
            line.hasPrefix("    case ") ? line.dropFirst(9).prefix { $0.isLetter || $0.isNumber } : nil
        }
        let sources = SourceTree.swift("Sources").filter { !$0.path.hasSuffix("Telemetry/LogKey.swift") }
        // `postrider up` has no Telemetry, and names its events by their text.
        let unused = (names ?? []).filter { name in
            let words = name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
            let pattern = #"\."# + name + #"\b|"[a-z]+", ""# + words + #"""#
            return sources.allSatisfy { $0.places(of: pattern).isEmpty }
        }
        #expect((names ?? []).count > 20)
        #expect(unused == [])
    }

    @Test("nothing is left for later")
    func leftovers() {
        let pattern = #"//.*\b(TO"# + #"DO|FIX"# + #"ME|XX"# + #"X)\b"#
        #expect(SourceTree.swift("Sources", "Tests").flatMap { $0.places(of: pattern, inComments: true) } == [])
    }

    @Test("every unchecked Sendable says which lock or rule makes it one")
    func uncheckedSendable() {
        let wrong = SourceTree.swift("Sources").flatMap { file in
            let lines = file.lines
            return lines.indices.filter { index in
                guard lines[index].contains("@unchecked Sendable") else { return false }
                return !lines[max(0, index - 8)...index].contains { $0.contains("//") }
            }.map { "\(file.path):\($0 + 1)" }
        }
        #expect(wrong == [])
    }

    @Test("no path of one particular machine")
    func machinePaths() {
        let pattern = #"(?<![\w.$)}])/(home|root|Users|work|opt/swift|tmp/h)/\w"#
        #expect(SourceTree.all.flatMap { $0.places(of: pattern, inComments: true) } == [])
    }

    @Test("no script ends early as if all were well")
    func earlyExit() {
        let scripts = SourceTree.all.filter { file in
            ["Makefile", ".ci/run"].contains(file.path)
                || ["scripts/", "deploy/"].contains { file.path.hasPrefix($0) }
        }
        let pattern = #"\bexit 0\b|\|\|\s*(true|:)\b"#
        #expect(scripts.flatMap { $0.places(of: pattern, inComments: true) } == [])
    }
}
