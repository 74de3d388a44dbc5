import Domain
import Engine
import Testing

@Suite("Expressions that name more than fields")
struct ExpressionNamesTests {
    static let joined = Field(name: "joined", type: .date)
    static let city = Field(name: "city", type: .text)
    static let age = Field(name: "age", type: .integer)

    private static var names: ExpressionNames {
        var names = ExpressionNames(fields: [Self.joined, Self.city, Self.age])
        names.lists = ["iowa", "New Hampshire"]
        names.sources = ["web-form"]
        names.segments = [
            "young": "age < 30", "ames": "city = 'Ames' and segment(young)", "loop": "segment(knot)",
            "knot": "segment(loop)", "broken": "nope = 1",
        ]
        names.campaigns = [(Campaign.ID(7), "first"), (Campaign.ID(3), "first"), (Campaign.ID(2), "other")]
        names.today = "2026-11-22"
        return names
    }

    private func problems(_ text: String) -> [String] {
        guard case .failure(let failure) = ExpressionParser.parse(text, names: Self.names) else { return [] }
        return failure.diagnostics.map { "\($0.line):\($0.column) \($0.message)" }
    }

    @Test(
        "each form becomes what it says",
        arguments: [
            ("joined > today - 30d", .compare(Self.joined, .greater, .date("2026-10-23"))),
            ("joined > today-30d", .compare(Self.joined, .greater, .date("2026-10-23"))),
            ("joined = TODAY", .compare(Self.joined, .equal, .date("2026-11-22"))),
            (
                "joined between today - 1y and today + 2w",
                .between(Self.joined, .date("2025-11-22"), .date("2026-12-06"), negated: false)
            ),
            ("joined in (today - 9m)", .oneOf(Self.joined, [.date("2026-02-22")], negated: false)),
            ("city is empty", .isEmpty(Self.city, negated: false)),
            ("city IS NOT NULL", .isEmpty(Self.city, negated: true)),
            ("list(iowa)", .list("iowa")), ("not list('New Hampshire')", .not(.list("New Hampshire"))),
            ("source('web-form')", .source("web-form")),
            ("received(first)", .history(.received, campaigns: [Campaign.ID(7), Campaign.ID(3)])),
            ("bounced('c2')", .history(.bounced, campaigns: [Campaign.ID(2)])),
            ("bounced()", .history(.bounced, campaigns: nil)), ("received", .history(.received, campaigns: nil)),
            ("segment(young)", .compare(Self.age, .less, .integer(30))),
            (
                "segment(ames) or age = 1",
                .or([
                    .and([.compare(Self.city, .equal, .text("Ames")), .compare(Self.age, .less, .integer(30))]),
                    .compare(Self.age, .equal, .integer(1)),
                ])
            ),
        ] as [(String, Domain.Expression)]
    )
    func forms(text: String, expected: Domain.Expression) throws {
        #expect(try ExpressionParser.parse(text, names: Self.names).get().expression == expected)
    }

    @Test(
        "what is wrong is said with its column, and what is near",
        arguments: [
            ("list(iova)", "1:6 unknown list 'iova'; did you mean 'iowa'?"),
            ("source(zzzzzz)", "1:8 unknown source 'zzzzzz'; there are web-form"),
            ("segment(yung)", "1:9 unknown segment 'yung'; did you mean 'young'?"),
            ("received('frist')", "1:10 unknown campaign 'frist'; did you mean 'first'?"),
            ("age = 1 and segment(loop)", "1:21 segment 'loop' cannot be used: line 1, column 9: segment 'knot'"),
            ("segment(broken)", "1:9 segment 'broken' cannot be used: line 1, column 1: unknown field 'nope'"),
            ("list()", "1:1 list needs a name"),
            ("list(", "1:6 the condition ends here; allowed is a name"),
            ("list(iowa", "1:10 the condition ends here; allowed is ) after the name"),
            ("age > today", "1:7 age is a whole number"),
            ("city > today - 60y", "1:8 city is text, and only a field of type date can be compared with a day"),
            ("joined > today - 30", "1:18 '30' cannot stand here; allowed is a length of time"),
            ("joined > today - 30x", "1:18 this is no number"),
            ("joined > 30d", "1:10 '30d' cannot stand here"),
            ("joined > today - 9000y", "1:10 today - 9000y is no day"),
            ("joined > today - 99999999999999999999d", "1:18 the length of time"),
            ("city is", "1:8 the condition ends here; allowed is empty"),
            ("list = 'x'", "1:1 unknown field 'list'"),
        ]
    )
    func problems(text: String, expected: String) {
        #expect(self.problems(text).first?.hasPrefix(expected) == true, "\(self.problems(text))")
    }

    @Test("a field that is called like a function stays a field")
    func fieldsFirst() throws {
        var names = Self.names
        names.fields += [Field(name: "bounced", type: .boolean), Field(name: "list", type: .text)]
        let parsed = try ExpressionParser.parse("bounced and list = 'a' and list(iowa)", names: names).get().expression
        #expect(
            parsed
                == .and([
                    .truth(Field(name: "bounced", type: .boolean)),
                    .compare(Field(name: "list", type: .text), .equal, .text("a")), .list("iowa"),
                ])
        )
    }

    @Test("segments are counted with all that they name, and stay small")
    func segments() throws {
        var names = Self.names
        #expect(
            try ExpressionParser.parse("segment(ames)", names: names).get().segments.keys.sorted() == ["ames", "young"]
        )
        // Each doubles the one before it.
        names.segments["s0"] = "age = 1 or age = 2"
        for level in 1...30 { names.segments["s\(level)"] = "segment(s\(level - 1)) or segment(s\(level - 1))" }
        guard case .failure(let failure) = ExpressionParser.parse("segment(s19)", names: names) else {
            Issue.record("a million conditions were read")
            return
        }
        #expect(failure.diagnostics.count == 1)
        guard case .failure = ExpressionParser.parse("segment(s30)", names: names) else {
            Issue.record("thirty levels were read")
            return
        }
    }

    @Test(
        "days are counted by the calendar",
        arguments: [
            ("2024-02-29", 1, .year, "2025-02-28"), ("2024-01-31", 1, .month, "2024-02-29"),
            ("2023-12-31", 1, .day, "2024-01-01"), ("2024-03-01", -1, .day, "2024-02-29"),
            ("1970-01-01", -1, .day, "1969-12-31"), ("2026-11-22", -52, .week, "2025-11-23"),
            ("0000-03-01", -1, .day, "0000-02-29"), ("9999-12-31", 1, .day, nil), ("0000-01-01", -1, .month, nil),
            ("2024-13-01", 1, .day, nil), ("2026-11-22", Int64.max, .year, nil),
        ] as [(String, Int64, CalendarDay.Unit, String?)]
    )
    func days(day: String, count: Int64, unit: CalendarDay.Unit, expected: String?) {
        #expect(CalendarDay.adding(count, unit, to: day) == expected)
    }
}
