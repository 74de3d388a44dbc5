import Foundation
import Testing

@testable import CLI

@Suite("top's screen")
struct TopScreenTests {
    /// An answer with as many lanes as wanted.
    private func top(lanes: Int, problem: String? = nil) throws -> Top {
        let lane =
            #"{"campaign":"c1","relay":"main","site":"a-long-name-of-a-site.example.org","open":1200,"deferred":3,"pace":0.5}"#
        let counts =
            #"{"pending":1200,"leased":0,"deferred":3,"accepted":7,"bounced":0,"suppressed":0,"in_doubt":1,"expired":0,"cancelled":0,"failed":0}"#
        let text = """
            {"at":"2026-11-03T09:00:00.000Z","build":"0.1.0","restored":null,
            "campaigns":[{"id":"c1","name":"Zoë \\u001b[2J","state":"running","channel":"email","audience":1211,"freezing":false,
            "counts":\(counts),"sent_twice":0,"rate_per_second":12.5,"started_at":null,"finished_at":null,"problem":\(problem.map { "\"\($0)\"" } ?? "null"),
            "deferred_per_second":0.4,"tightest":{"scope":"relay main","limit":"50/s"},"seconds_left":96.2}],
            "lanes":[\(Array(repeating: lane, count: lanes).joined(separator: ","))],
            "relays":[{"name":"main","accepted_per_second":12.5,"open":1203,"workers_in_trouble":0,"problem":null}],
            "workers":[{"name":"w1","state":"connected","leased":0,"accepted":7,"accepted_per_second":12.5,"last_seen":null,
            "build":"postrider-worker 0.1","relays":[]}]}
            """
        return try JSONDecoder().decode(Top.self, from: Data(text.utf8))
    }

    @Test("shows what a person asks for")
    func content() throws {
        let lines = TopScreen(style: .plain, size: nil).lines(try self.top(lanes: 2), from: "http://127.0.0.1:7701")
        let text = lines.joined(separator: "\n")
        for wanted in ["c1", "1,203", "1 min 37 s", "50/s of relay main", "50 %", "connected"] {
            #expect(text.contains(wanted), "\(wanted)")
        }
        // A campaign's name cannot act on the terminal.
        #expect(!text.contains("\u{1B}"))
    }

    @Test(
        "never is larger than the window, coloured or not",
        arguments: [(20, 5), (40, 12), (80, 24), (200, 60), (1, 1)]
    )
    func fits(columns: Int, rows: Int) throws {
        for isEnabled in [false, true] {
            let screen = TopScreen(style: Style(isEnabled: isEnabled), size: (columns, rows))
            let lines = screen.lines(try self.top(lanes: 100), from: "http://127.0.0.1:7701")
            #expect(lines.count <= rows)
            #expect(lines.allSatisfy { TextWidth.of($0) <= columns })
        }
    }

    @Test(
        "what people watch for stays on a narrow window; what is needed less goes first",
        arguments: [
            (40, ["CAMPAIGN", "PER S", "LEFT"], ["DEFERRED/S", "NAME", "OPEN"]),
            (60, ["CAMPAIGN", "PER S", "DEFERRED/S", "LEFT", "TIGHTEST LIMIT"], ["NAME", "IN DOUBT"]),
            (
                80, ["STATE", "OPEN", "PER S", "DEFERRED/S", "LEFT", "TIGHTEST LIMIT"],
                ["NAME", "IN DOUBT", "DEFERRED "]
            ),
            (100, ["NAME", "STATE", "DONE", "OPEN", "PER S", "DEFERRED/S", "LEFT", "TIGHTEST LIMIT"], ["DEFERRED "]),
            (160, ["NAME", "OPEN", "PER S", "LEFT", "TIGHTEST LIMIT", "DEFERRED ", "IN DOUBT"], []),
        ] as [(Int, [String], [String])]
    )
    func narrow(columns: Int, shown: [String], gone: [String]) throws {
        let screen = TopScreen(style: .plain, size: (columns, 40))
        let lines = screen.lines(try self.top(lanes: 1), from: "x")
        let heading = try #require(lines.first { $0.hasPrefix("CAMPAIGN") })
        for title in shown { #expect("\(heading) ".contains(title), "\(title) in \(heading)") }
        for title in gone { #expect(!"\(heading) ".contains(title), "\(title) in \(heading)") }
        if columns >= 80 {
            let row = try #require(lines.first { $0.hasPrefix("c1") })
            for value in ["1,203", "0.4", "1 min 37 s", "50/s of relay"] { #expect(row.contains(value), "\(row)") }
        }
    }

    @Test("a problem is told to its end, however narrow the window", arguments: [20, 40, 80, 160])
    func problem(columns: Int) throws {
        let problem =
            "relay main: nothing goes out since 09:00, since connection refused; the campaign waits, and postrider doctor says more"
        let screen = TopScreen(style: .plain, size: (columns, 60))
        let lines = screen.lines(try self.top(lanes: 1, problem: problem), from: "x")
        #expect(lines.joined(separator: " ").contains(problem))
        #expect(lines.allSatisfy { TextWidth.of($0) <= columns })
    }

    @Test("columns shrink before one goes, those of least worth first")
    func columns() {
        let needs = [
            ColumnFit.Need(width: 4, least: 4, worth: .max), .init(width: 20, least: 8, worth: 1),
            .init(width: 10, least: 10, worth: 3), .init(width: 20, least: 14, worth: 2),
        ]
        let cases: [(Int, kept: [Int], widths: [Int])] = [
            (60, [0, 1, 2, 3], [4, 20, 10, 20]), (59, [0, 1, 2, 3], [4, 19, 10, 20]),
            (48, [0, 1, 2, 3], [4, 8, 10, 20]), (42, [0, 1, 2, 3], [4, 8, 10, 14]), (41, [0, 2, 3], [4, 10, 20]),
            (31, [0, 2], [4, 10]), (15, [0], [4]), (1, [0], [4]),
        ]
        for (columns, kept, widths) in cases {
            let fit = ColumnFit(needs, columns: columns)
            #expect(fit.kept == kept, "\(columns)")
            #expect(fit.widths == widths, "\(columns)")
        }
        #expect(ColumnFit([], columns: 10).kept.isEmpty)
    }

    @Test(
        "a text that is cut says so",
        arguments: [
            ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("abcd", 1, "…"), ("abcd", 0, ""), ("日本語", 4, "日…"), ("日本", 4, "日本"),
            ("\u{1B}[31mabcd\u{1B}[0m", 3, "\u{1B}[31mab…\u{1B}[0m"),
            ("\u{1B}[31mabc\u{1B}[0m", 3, "\u{1B}[31mabc\u{1B}[0m"),
        ]
    )
    func shortened(text: String, columns: Int, expected: String) {
        #expect(TextWidth.shortened(text, to: columns) == expected)
    }

    @Test(
        "a sentence is broken at blanks, and inside a word only when it is wider than the screen",
        arguments: [
            ("one two three", 20, ["one two three"]), ("one two three", 8, ["one two", "three"]),
            ("one two three", 4, ["one", "two", "thre", "e"]), ("one", 0, ["one"]), ("日本", 1, []),
        ] as [(String, Int, [String])]
    )
    func wrapped(text: String, columns: Int, expected: [String]) {
        #expect(TextWidth.wrapped(text, to: columns) == expected)
    }

    @Test("says how many lines there was no room for")
    func more() throws {
        let lines = TopScreen(style: .plain, size: (100, 24)).lines(try self.top(lanes: 50), from: "x")
        #expect(lines.count == 24)
        #expect(lines.last?.hasPrefix("… and ") == true)
    }
}

@Suite("doctor: time zones")
struct TimeZoneCheckTests {
    /// A folder with a zone and, maybe, the file that names the release.
    private func run(release: String?, hasZones: Bool = true) throws -> Finding.State? {
        let folder = FileManager.default.temporaryDirectory.appending(path: "postrider-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(
            at: folder.appending(path: "America"),
            withIntermediateDirectories: true
        )
        if hasZones { try Data().write(to: folder.appending(path: "America/New_York")) }
        if let release { try Data("# version \(release)\n".utf8).write(to: folder.appending(path: "tzdata.zi")) }
        return TimeZoneCheck.run(folder: folder.path, year: 2026).first?.state
    }

    @Test("new zones are well, old or unknown ones a note, none is wrong")
    func states() throws {
        #expect(try self.run(release: "2026b") == .ok)
        #expect(try self.run(release: "2021a") == .note)
        #expect(try self.run(release: nil) == .note)
        #expect(try self.run(release: "2026b", hasZones: false) == .wrong)
    }
}
