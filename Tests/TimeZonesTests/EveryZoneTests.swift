import Domain
import Foundation
import Testing
import TimeZones

/// Python's `zoneinfo` on the same files says what clocks show; the windows must agree with it everywhere and at every hour.
@Suite("Every time zone, every hour")
struct EveryZoneTests {
    /// A zone as Python sees it: hours of the year at which the offset changes, and to what.
    private struct Witness {
        let zone: String
        let steps: [(hour: Int64, offset: Int64)]
    }

    private static let year: Int64 = 2026
    /// Seconds since 1970 at its start, and its hours.
    private static let start: Int64 = 1_767_225_600
    private static let hours: Int64 = 8_760

    private static func witnesses() throws -> [Witness]? {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
            "zone_offsets.py"
        )
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script.path, SystemZones.folder, "\(Self.year)"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { return nil }
        return text.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            let steps = words.dropFirst().compactMap { word -> (hour: Int64, offset: Int64)? in
                let sides = word.split(separator: ":")
                guard sides.count == 2, let hour = Int64(sides[0]), let offset = Int64(sides[1]) else { return nil }
                return (hour, offset)
            }
            return Witness(zone: String(words[0]), steps: steps)
        }
    }

    @Test("a window is open when Python's clocks are inside it, in every zone at every hour of a year")
    func everyHour() throws {
        guard let witnesses = try Self.witnesses() else {
            print("skipped: comparing time zones with Python, no python3 with zoneinfo and tz data")
            return
        }
        try #require(witnesses.count > 300)
        let windows = try ["09:00-20:00", "20:00-02:30", "02:00-03:00"].map { try #require(DailyWindow($0)) }
        var differences: [String] = []
        var compared = 0
        for witness in witnesses {
            let rules = try SystemZones.read(witness.zone)
            let range = Self.start - 86_400..<Self.start + (Self.hours + 48) * 3_600
            let tables = windows.map { OpeningTimes($0, in: rules, over: range) }
            var next = 0
            var offset: Int64 = 0
            for hour in 0..<Self.hours {
                if next < witness.steps.count, witness.steps[next].hour == hour {
                    offset = witness.steps[next].offset
                    next += 1
                }
                let moment = Self.start + hour * 3_600
                // A long loop in an unoptimised build: nothing is called here but what is tested.
                let secondsOfDay = (moment + offset) % 86_400
                let window = Int(hour) % windows.count
                var isOpen = false
                if case .open = tables[window].answer(at: Timestamp(milliseconds: moment * 1_000)) { isOpen = true }
                if isOpen != windows[window].contains(secondsOfDay: secondsOfDay) {
                    differences.append("\(witness.zone) hour \(hour) \(windows[window].text)")
                }
                compared += 1
            }
        }
        print("time zones: \(witnesses.count) zones, \(compared) hours compared with Python's zoneinfo")
        #expect(differences.prefix(10) == [])
    }

    @Test("the year of the comparison has changes of clocks, so that it would show them")
    func hasChanges() throws {
        let spans = try SystemZones.read("America/New_York").spans(
            of: Self.start..<Self.start + Self.hours * 3_600
        )
        #expect(spans.map(\.offset) == [-18_000, -14_400, -18_000])
    }
}
