import Domain
import Foundation
import Testing

@testable import TimeZones

@Suite("Time zone files and rules")
struct ZoneRulesTests {
    @Test(
        "a footer's rule is read",
        arguments: [
            ("UTC0", 0, 0), ("EST5", -18_000, -18_000), ("<+0530>-5:30", 19_800, 19_800),
            ("CET-1CEST,M3.5.0,M10.5.0/3", 3_600, 7_200), ("<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", -10_800, -7_200),
            ("IST-1GMT0,M10.5.0,M3.5.0/1", 0, 3_600), ("XXX3EDT4,0/0,J365/23", -14_400, -14_400),
            ("AEST-10AEDT,M10.1.0,M4.1.0/3", 39_600, 36_000), ("EST5EDT,J60/2:30:15,299", -18_000, -14_400),
        ]
    )
    func rule(text: String, january: Int64, july: Int64) throws {
        let rule = try #require(RecurringRule(text))
        // Noon of 15 January and 15 July 2030.
        #expect(rule.offset(at: 1_894_708_800) == january)
        #expect(rule.offset(at: 1_910_347_200) == july)
    }

    @Test(
        "what is no rule is refused",
        arguments: [
            "", "E5", "EST", "EST25", "EST5EDT", "EST5EDT,M13.1.0,M1.1.0", "EST5EDT,M3.6.0,M1.1.0", "<EST5", "EST5x",
        ]
    )
    func noRule(text: String) { #expect(RecurringRule(text) == nil) }

    @Test("a file that is damaged is refused with a reason, and never brings anybody down")
    func damage() throws {
        let file = try SystemZones.bytes(of: "America/New_York")
        for length in stride(from: 0, to: file.count, by: 7) {
            #expect(throws: TZFile.Refusal.self) { try TZFile.parse(Array(file[..<length])) }
        }
        for position in file.indices {
            for flip: UInt8 in [0x01, 0x80, 0xFF] {
                var bytes = file
                bytes[position] ^= flip
                do throws(TZFile.Refusal) {
                    let rules = try TZFile.parse(bytes)
                    _ = rules.spans(of: 1_700_000_000..<1_800_000_000)
                } catch {
                    #expect(!error.text.isEmpty)
                }
            }
        }
        #expect(throws: TZFile.Refusal(text: "is no time zone file")) { try TZFile.parse(Array("hello, world".utf8)) }
        #expect(throws: TZFile.Refusal(text: "is larger than 65536 bytes")) {
            try TZFile.parse([UInt8](repeating: 0, count: 65_537))
        }
    }

    @Test("a version 1 file is read by its 32-bit block")
    func versionOne() throws {
        var bytes = Array("TZif".utf8) + [UInt8](repeating: 0, count: 16)
        for count: UInt8 in [0, 0, 0, 1, 2, 4] { bytes += [0, 0, 0, count] }
        bytes += [0x40, 0, 0, 0, 1]
        bytes += [0, 0, 0x0E, 0x10, 0, 0, 0, 0, 0x1C, 0x20, 1, 0] + Array("ABC\0".utf8)
        let rules = try TZFile.parse(bytes)
        #expect(rules.offset(at: 0) == 3_600)
        #expect(rules.offset(at: 0x4000_0000) == 7_200)
    }

    @Test(
        "a local time is one moment: a skipped one the moment of the gap, one that comes twice the first",
        arguments: [
            ("2026-03-08T02:30", "2026-03-08T07:00:00.000Z"), ("2026-11-01T01:30", "2026-11-01T05:30:00.000Z"),
            ("2026-11-22 09:00:30", "2026-11-22T14:00:30.000Z"),
        ]
    )
    func localTime(text: String, moment: String) throws {
        let zone = try SystemZones.read("America/New_York")
        #expect(try #require(LocalTime(text)).moment(in: zone).rfc3339 == moment)
    }

    @Test(
        "what is no local time is refused",
        arguments: ["2026-02-29T09:00", "2026-13-01T09:00", "09:00", "2026-01-01T24:00"]
    )
    func noLocalTime(text: String) { #expect(LocalTime(text) == nil) }

    @Test(
        "names that could name another file are no zones",
        arguments: ["../etc/passwd", "/etc/passwd", "", "a//b", "right/UTC", "-x"]
    )
    func names(name: String) { #expect(!ZoneName.isPossible(name)) }
}
