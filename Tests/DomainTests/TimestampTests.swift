import Testing

@testable import Domain

@Suite struct TimestampTests {
    @Test(
        "a timestamp is written as RFC 3339 in UTC",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_795_336_245_006, "2026-11-22T08:30:45.006Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func writes(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test(
        "weekdays count from Sunday",
        arguments: [(0, 4), (-86_400_000, 3), (1_795_336_245_006, 0)] as [(Int64, Int)]
    )
    func weekday(milliseconds: Int64, weekday: Int) {
        #expect(CivilTime(Timestamp(milliseconds: milliseconds)).weekday == weekday)
    }

    @Test(
        "a campaign's public id reads back",
        arguments: [("c7", 7), ("7", 7), ("c0", nil), ("x1", nil), ("", nil), ("c-1", nil)] as [(String, Int64?)]
    )
    func publicID(text: String, value: Int64?) {
        #expect(Campaign.ID(publicID: text)?.rawValue == value)
        if let value { #expect(Campaign.ID(value).publicID == "c\(value)") }
    }
}
