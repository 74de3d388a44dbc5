import Domain
import Engine
import Testing
import TimeZones
import UserFiles

@testable import CoordinatorCore

/// A campaign that starts on 2027-01-15 at 08:00 UTC.
@Suite("When a planned campaign's people may be written to")
struct PlanHoursTests {
    private static let start = LoopBench.start
    private static let hour: Int64 = 3_600_000

    private func hours(
        _ clocks: RecipientHours.Clocks,
        expiresAfter hours: Int64,
        window: String? = "09:00-20:00"
    ) throws -> PlanHours {
        let window = try window.map { try #require(DailyWindow($0)) }
        return PlanHours(
            start: Self.start,
            expiresAfterMilliseconds: hours * Self.hour,
            hours: window.map {
                RecipientHours(window: $0, clocks: clocks, home: "Europe/Paris", source: ZoneFolder.system)
            }
        )
    }

    private func place(_ zone: String) -> RecipientPlace {
        RecipientPlace(timezone: zone, phone: "", postalCode: "", state: "", country: "")
    }

    @Test(
        "a start that has passed is told",
        arguments: [
            ("start: 2026-01-15T08:00, timezone: UTC", "2026-01-15T08:00:00.000Z was 365 days ago"),
            ("start: 2027-01-14T07:00, timezone: UTC", "was 1 day ago"),
            ("start: 2027-01-15T08:30, timezone: Europe/Paris", "was 30 minutes ago"),
            ("start: 2027-01-15T07:59:59, timezone: UTC", "was 1 second ago"),
            ("start: 2027-01-15T08:00, timezone: UTC", nil), ("start: 2028-01-15T08:00, timezone: UTC", nil),
            ("timezone: UTC", nil),
        ] as [(String, String?)]
    )
    func pastStart(schedule: String, expected: String?) throws {
        let source = LoopBench.campaign("schedule: {\(schedule)}")
        let file = try UserFiles.CampaignFile.parse(source, fileName: "c.yaml", files: [:])
        let warning = file.startWarning(at: Self.start, ZoneFolder.system, home: "Europe/Paris")
        #expect((warning == nil) == (expected == nil))
        guard let warning, let expected else { return }
        #expect(warning.message.contains(expected), "\(warning.message)")
        #expect(warning.severity == .warning)
        #expect(warning.line > 0)
    }

    @Test("each group waits for its own hours")
    func recipients() throws {
        var hours = try self.hours(.recipient, expiresAfter: 24)
        #expect(hours.asksPeople)
        // 13:30 there, 03:00, and 09:00.
        hours.note(self.place("Asia/Kolkata"), 3)
        hours.note(self.place("America/New_York"), 2)
        hours.note(self.place("Europe/Paris"), 5)
        let opening = Self.start.advanced(byMilliseconds: 6 * Self.hour)
        #expect(hours.waiting == [PlanHours.Waiting(until: opening, people: 2)])
        #expect(hours.never == 0)
        let groups = hours.groups
        #expect(groups.map(\.share) == [0.3, 0.2, 0.5])
        // Nothing is granted in the last 20 seconds.
        #expect(groups[1].times == [21_600..<61_180])
        #expect(groups[0].times.count == 2)
    }

    @Test("whose hours do not come before the campaign expires is written to never")
    func never() throws {
        var hours = try self.hours(.recipient, expiresAfter: 4)
        hours.note(self.place("America/New_York"), 2)
        hours.note(self.place("Europe/Paris"), 6)
        #expect(hours.never == 2)
        #expect(hours.waiting.isEmpty)
        #expect(hours.groups.map(\.times) == [[], [0..<14_380]])
    }

    @Test("people whose place cannot be read are counted, and so is a zone in no country that stands for the unknown")
    func unread() throws {
        var hours = try self.hours(.recipient, expiresAfter: 24)
        hours.note(self.place("Europe/Paris"), 5)
        #expect(hours.unread == 0 && hours.homelessZone == nil)
        hours.note(self.place("Nowhere/Land"), 3)
        hours.note(RecipientPlace(timezone: "", phone: "", postalCode: "", state: "", country: "Atlantis"), 2)
        hours.note(self.place("europe/paris "), 4)
        #expect(hours.unread == 5)
        #expect(hours.unreadExamples == ["'Nowhere/Land'", "'Atlantis'"])
        #expect(hours.homelessZone == nil)
        let window = try #require(DailyWindow("09:00-20:00"))
        var nowhere = PlanHours(
            start: Self.start,
            expiresAfterMilliseconds: Self.hour,
            hours: RecipientHours(window: window, clocks: .recipient, home: "UTC", source: ZoneFolder.system)
        )
        nowhere.note(self.place("Europe/Paris"), 5)
        #expect(nowhere.homelessZone == nil)
        nowhere.note(self.place(""), 1)
        #expect(nowhere.homelessZone == "UTC")
    }

    @Test("one window for all is everybody's, and without one the campaign's end is all there is")
    func home() throws {
        var hours = try self.hours(.home, expiresAfter: 24, window: "10:00-12:00")
        #expect(!hours.asksPeople)
        hours.noteAtHome(7)
        #expect(hours.waiting.map(\.people) == [7])
        #expect(hours.groups == [.init(share: 1, times: [3_600..<10_780])])
        var always = try self.hours(.home, expiresAfter: 1, window: nil)
        always.noteAtHome(7)
        #expect(always.groups == [.init(share: 1, times: [0..<3_600])])
        #expect(always.waiting.isEmpty)
    }
}
