import Foundation
import Testing

@testable import CLI

@Suite("top's screen")
struct TopScreenTests {
    /// An answer with as many lanes as wanted.
    private func top(lanes: Int) throws -> Top {
        let lane =
            #"{"campaign":"c1","relay":"main","site":"a-long-name-of-a-site.example.org","open":1200,"deferred":3,"pace":0.5}"#
        let counts =
            #"{"pending":1200,"leased":0,"deferred":3,"accepted":7,"bounced":0,"suppressed":0,"in_doubt":1,"expired":0,"cancelled":0,"failed":0}"#
        let text = """
            {"at":"2026-11-03T09:00:00.000Z","build":"0.1.0","restored":null,
            "campaigns":[{"id":"c1","name":"Zoë \\u001b[2J","state":"running","channel":"email","audience":1211,"freezing":false,
            "counts":\(counts),"sent_twice":0,"rate_per_second":12.5,"started_at":null,"finished_at":null,"problem":null,
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
