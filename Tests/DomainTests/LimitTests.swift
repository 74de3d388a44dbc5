import Testing

@testable import Domain

@Suite struct LimitTests {
    @Test(
        "a limit is read, and written in one way",
        arguments: [
            ("200/s", 200, 1_000, 200, "200/s"),
            ("1000000/day", 1_000_000, 86_400_000, 16_666, "1000000/day"),
            ("60/minute,burst=1", 60, 60_000, 1, "60/min"),
            ("60/min, burst=7", 60, 60_000, 7, "60/min,burst=7"),
            ("10/5s", 10, 5_000, 1, "10/5s"),
            ("3/h", 3, 3_600_000, 1, "3/h"),
            ("200/s,burst=400", 200, 1_000, 400, "200/s,burst=400"),
            ("1/500ms", 1, 500, 1, "1/500ms"),
        ] as [(String, Int, Int64, Int, String)]
    )
    func reads(text: String, quantity: Int, period: Int64, burst: Int, canonical: String) throws {
        let limit = try #require(Limit(text))
        #expect(limit == Limit(quantity: quantity, periodMilliseconds: period, burst: burst))
        #expect(limit.text == canonical)
        #expect(Limit(limit.text) == limit)
    }

    @Test(
        "what is no limit is refused",
        arguments: [
            "", "200", "/s", "0/s", "-1/s", "1.5/s", "200/", "200/fortnight", "200/s,burst=0", "200/s,max=3", "200/0s",
            "1/s,burst=1,",
            "99999999999999999999/s", "1/9999999999d", "²/s",
        ]
    )
    func refuses(text: String) {
        #expect(Limit(text) == nil)
    }

    @Test(
        "durations carry a unit",
        arguments: [
            ("90s", 90_000), ("5m", 300_000), ("3d", 259_200_000), ("1s", 1_000), ("0s", nil), ("5", nil), ("", nil),
            ("5 m", nil),
        ]
            as [(String, Int64?)]
    )
    func durations(text: String, milliseconds: Int64?) {
        #expect(DurationText.milliseconds(text) == milliseconds)
    }
}
