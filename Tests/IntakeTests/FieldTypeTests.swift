import Domain
import Testing

@testable import Intake

@Suite("Field types")
struct FieldTypeTests {
    private func value(_ text: String, _ type: FieldType) -> FieldValue {
        Array(text.utf8).withUnsafeBufferPointer { FieldValueParser.parse($0, as: type) }
    }

    @Test(
        "values are read by type",
        arguments: [
            ("", .text, .empty), (" \t ", .integer, .empty), (" Ann ", .text, .text),
            ("0", .integer, .integer(0)), (" 42 ", .integer, .integer(42)), ("-7", .integer, .integer(-7)),
            ("9223372036854775807", .integer, .integer(.max)), ("-9223372036854775808", .integer, .integer(.min)),
            ("9223372036854775808", .integer, .misfit), ("-9223372036854775809", .integer, .misfit),
            ("99999999999999999999", .integer, .misfit), ("007", .integer, .misfit), ("+1", .integer, .misfit),
            ("1,000", .integer, .misfit), ("-0", .integer, .misfit), ("-", .integer, .misfit),
            ("1.0", .integer, .misfit),
            ("12.50", .decimal, .decimal(12.5)), ("-0.1", .decimal, .decimal(-0.1)), ("42", .decimal, .decimal(42)),
            ("0.1", .decimal, .decimal(0.1)), ("123456789012345678.25", .decimal, .decimal(123_456_789_012_345_678.25)),
            ("1.", .decimal, .misfit), (".5", .decimal, .misfit), ("00.5", .decimal, .misfit),
            ("1.2.3", .decimal, .misfit),
            ("1e5", .decimal, .misfit), ("inf", .decimal, .misfit), ("nan", .decimal, .misfit),
            ("0x1", .decimal, .misfit),
            (String(repeating: "9", count: 41), .decimal, .misfit),
            ("Yes", .boolean, .boolean(true)), ("n", .boolean, .boolean(false)), ("TRUE", .boolean, .boolean(true)),
            ("f", .boolean, .boolean(false)), ("1", .boolean, .boolean(true)), ("0", .boolean, .boolean(false)),
            ("maybe", .boolean, .misfit), ("2", .boolean, .misfit),
            ("2026-11-22", .date, .date), ("2024-02-29", .date, .date), ("2023-02-29", .date, .misfit),
            ("2026-13-01", .date, .misfit), ("2026-1-1", .date, .misfit), ("11/22/2026", .date, .misfit),
            ("2026-11-2a", .date, .misfit), ("2026-00-10", .date, .misfit), ("2026-04-31", .date, .misfit),
        ] as [(String, FieldType, FieldValue)]
    )
    func values(text: String, type: FieldType, expected: FieldValue) {
        #expect(self.value(text, type) == expected)
    }

    @Test(
        "days are read in the forms in which others write them, and one that may be two is none",
        arguments: [
            ("2026-11-22", nil, "2026-11-22"), ("2026/1/2", nil, "2026-01-02"), ("20261122", nil, "2026-11-22"),
            ("22.11.2026", nil, "2026-11-22"), ("1.2.2026", .monthFirst, "2026-02-01"),
            ("11/22/2026", nil, "2026-11-22"), ("22/11/2026", nil, "2026-11-22"), ("2-28-1980", nil, "1980-02-28"),
            ("1/2/2026", nil, "?"), ("2/2/2026", nil, "2026-02-02"), ("1/2/2026", .monthFirst, "2026-01-02"),
            ("1/2/2026", .dayFirst, "2026-02-01"), ("02/29/1980", .monthFirst, "1980-02-29"),
            ("02/29/1981", .monthFirst, ""), ("22/11/2026", .monthFirst, ""), ("11/22/2026", .dayFirst, ""),
            ("31.4.2026", nil, ""), ("20261322", nil, ""), ("1/2/26", nil, ""), ("1/2-2026", nil, ""),
            ("//2026/11", nil, ""),
            ("1/222026", nil, ""), ("2026-11", nil, ""), ("1/2/2026/", nil, ""), ("12345678", nil, ""),
            ("192.0.2.1", nil, ""),
            ("2026-111-2", nil, ""), ("00/00/0000", nil, ""), ("1//2/2026", nil, ""), ("-1/2/2026", nil, ""),
        ] as [(String, DayOrder?, String)]
    )
    func days(text: String, order: DayOrder?, expected: String) {
        let day = Array(text.utf8).withUnsafeBufferPointer { WrittenDay.read($0, order: order) }
        #expect((day == .ambiguous ? "?" : String(decoding: day.text() ?? [], as: UTF8.self)) == expected)
    }

    @Test("decimals are rounded as the standard library rounds them")
    func rounding() {
        var state: UInt64 = 7
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let text = "\(state >> 20 % 1_000_000).\(state >> 34)"
            #expect(self.value(text, .decimal) == .decimal(Double(text) ?? .nan))
        }
    }

    @Test(
        "a column's type follows from its values",
        arguments: [
            ("zip", ["50309", "00501"], .text), ("zip", ["2139", "7030", "10001"], .text),
            ("mailing_zip_code", ["10001"], .text), ("home_phone_2", ["5155550100"], .text), ("donor_id", ["7"], .text),
            ("mobile", ["yes", "no"], .boolean), ("has_id", ["1", "0"], .boolean), ("phone_calls", ["3"], .integer),
            ("paid", ["3"], .integer), ("age", ["42", "", " 7 ", "-1"], .integer),
            ("n", ["1", "2.5"], .decimal),
            ("n", ["1.0"], .decimal), ("phone_code", ["+1", "44"], .text), ("amount", ["1,000", "5"], .text),
            ("member", ["yes", "No", ""], .boolean), ("member", ["Y", "n"], .boolean),
            ("member", ["true", "FALSE"], .boolean),
            ("member", ["t", "f"], .boolean), ("gender", ["F", "F"], .text), ("flag", ["n", "n"], .boolean),
            ("count", ["1", "0", "1"], .integer), ("is_member", ["1", "0"], .boolean), ("has_car", ["1"], .boolean),
            ("first_time_voter", ["0"], .boolean), ("vip_flag", ["1"], .boolean), ("is_member", ["1", "2"], .integer),
            ("member", ["yes", "1"], .text), ("is_member", ["yes", "1"], .boolean),
            ("born", ["1999-12-31", ""], .date),
            ("born", ["01/31/1980", "2/3/1980"], .date), ("born", ["31/01/1980", "2/3/1980", "1980-03-02"], .date),
            ("born", ["1.2.1980"], .date), ("born", ["01/01/2000"], .date), ("born", ["1/2/1980"], .text),
            ("born", ["1/31/1980", "31/1/1980", "1/2/1980"], .text), ("born", ["1/31/1980", "unknown"], .text),
            ("born", ["19800131"], .integer), ("born", ["19800131", "1980-01-31"], .text),
            ("born", ["1999-12-31", "1999-02-30"], .text), ("x", ["", " "], .text), ("x", [], .text),
            ("id", ["99999999999999999999", "1"], .text), ("x", ["5", "abc"], .text),
            ("member", ["yes", "maybe"], .text),
        ] as [(String, [String], FieldType)]
    )
    func inference(name: String, values: [String], expected: FieldType) throws {
        let reader = TableReader()
        reader.push(Array("a,\(name)\n".utf8))
        for value in values { reader.push(Array("x,\"\(value)\"\n".utf8)) }
        reader.finish()
        var inference = TypeInference(columnCount: 2)
        var batch = TableBatch()
        while try reader.read(into: &batch) { inference.observe(batch) }
        #expect(inference.type(column: 1, name: name) == expected)
    }

    @Test(
        "phone numbers become digits with an optional plus",
        arguments: [
            ("+1 (515) 555-0100", "+15155550100"), ("515.555.0100", "5155550100"), (" 5550100 ", "5550100"),
            ("555-010", nil),
            ("+1234567890123456", nil), ("5155550100x12", nil), ("call me", nil), ("1+5155550100", nil), ("", nil),
        ]
    )
    func phones(text: String, expected: String?) {
        var output: [UInt8] = [0x41]
        let isPlausible = Array(text.utf8).withUnsafeBufferPointer { PhoneNumber.normalise($0, into: &output) }
        #expect(isPlausible == (expected != nil))
        #expect(String(decoding: output, as: UTF8.self) == "A" + (expected ?? ""))
    }
}
