import Domain
import Testing

@testable import CLI

@Suite("Output")
struct OutputTests {
    @Test(
        "numbers have separators",
        arguments: [
            (0, "0"), (7, "7"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567"), (-1_000, "-1,000"),
            (Int.min, "-9,223,372,036,854,775,808"),
        ]
    )
    func grouped(value: Int, text: String) {
        #expect(NumberText.grouped(value) == text)
    }

    @Test(
        "a part is neither nothing nor all before it is",
        arguments: [
            (0, 100, "0.0 %"), (1, 1_000_000, "0.1 %"), (999_999, 1_000_000, "99.9 %"), (5, 5, "100.0 %"),
            (1, 3, "33.3 %"),
            (1, 0, ""),
        ]
    )
    func percent(part: Int, whole: Int, text: String) {
        #expect(NumberText.percent(part, of: whole) == text)
    }

    @Test(
        "durations are short and never under-promise",
        arguments: [
            (0.0, "0 s"), (0.34, "0.3 s"), (9.96, "10 s"), (12.1, "13 s"), (185, "3 min 05 s"), (7_800, "2 h 10 min"),
            (273_600, "3 d 4 h"), (.infinity, "a long time"), (.nan, "a long time"),
        ]
    )
    func duration(seconds: Double, text: String) {
        #expect(NumberText.duration(seconds: seconds) == text)
    }

    @Test(
        "bytes and rates",
        arguments: [
            (NumberText.bytes(0), "0 B"), (NumberText.bytes(999), "999 B"), (NumberText.bytes(1_000), "1.0 kB"),
            (NumberText.bytes(999_960), "1.0 MB"), (NumberText.bytes(3_400_000), "3.4 MB"),
            (NumberText.rate(0), "0"), (NumberText.rate(4.25), "4.3"), (NumberText.rate(12_345.6), "12,346"),
            (NumberText.rate(.nan), "0"), (NumberText.rate(-1), "0"),
        ]
    )
    func units(text: String, expected: String) {
        #expect(text == expected)
    }

    @Test("columns are as wide as their widest cell, numbers stand right, and no line ends in blanks")
    func table() {
        var table = Table([.init("NAME"), .init("COUNT", .right), .init("NOTE")])
        table.add(["jobs", "1,234", ""])
        table.add(["Jürgen 李", "7", "x"])
        #expect(table.lines(style: .plain) == ["NAME       COUNT  NOTE", "jobs       1,234", "Jürgen 李      7  x"])
    }

    @Test("colours take no room")
    func colouredTable() {
        let style = Style(isEnabled: true)
        var table = Table([.init("A"), .init("B")])
        table.add([style.green("ok"), "x"])
        table.add(["long", "x"])
        let lines = table.lines(style: .plain)
        #expect(lines[1] == "\u{1B}[32mok\u{1B}[0m    x")
    }

    @Test(
        "strangers' words cannot act on a terminal",
        arguments: [
            ("plain", "plain"), ("\u{1B}[31mred", "\u{FFFD}[31mred"),
            ("a\u{1B}]0;title\u{7}", "a\u{FFFD}]0;title\u{FFFD}"),
            ("a\nb\tc", "a\u{FFFD}b\u{FFFD}c"), ("\u{202E}evil", "\u{FFFD}evil"), ("\u{9B}31m", "\u{FFFD}31m"),
            ("Grüße 李", "Grüße 李"),
        ]
    )
    func foreign(text: String, shown: String) {
        #expect(Printable.foreign(text) == shown)
    }

    @Test(
        "our own colours stay, other escapes do not",
        arguments: [
            ("\u{1B}[32mok\u{1B}[0m", "\u{1B}[32mok\u{1B}[0m"), ("\u{1B}[2Jx", "\u{FFFD}[2Jx"), ("\u{1B}", "\u{FFFD}"),
            ("\u{1B}[3", "\u{FFFD}[3"),
        ]
    )
    func printable(text: String, shown: String) {
        #expect(Printable.text(text) == shown)
    }

    @Test(
        "values are quoted as spreadsheets need it and never run as formulas",
        arguments: [
            ("gmail.com", "gmail.com"), ("a,b", "\"a,b\""), ("say \"hi\"", "\"say \"\"hi\"\"\""), ("a\nb", "\"a\nb\""),
            ("=1+1", "'=1+1"), ("@x", "'@x"), ("-5", "-5"), ("+1.5", "+1.5"), ("-x", "'-x"), ("", ""),
        ]
    )
    func csv(value: String, field: String) {
        #expect(CSVText.field(value) == field)
    }

    @Test("a bar is empty at nothing, full at all, and always as wide", arguments: [0, 1, 49, 50, 99, 100, 200])
    func bar(part: Int) {
        let bar = ProgressLine.bar(part, of: 100, width: 10)
        #expect(bar.count == 12)
        #expect(bar.hasPrefix("▕"))
        #expect(part < 100 || bar == "▕██████████▏")
        #expect(part > 0 || bar == "▕          ▏")
    }

    @Test("a rate is taken over the last moments and says when it will be done")
    func rate() {
        var rate = RateEstimate()
        #expect(rate.perSecond == nil)
        for second in 0..<100 { rate.add(second * 10, atSeconds: Double(second)) }
        #expect(rate.perSecond == 10)
        #expect(rate.secondsLeft(to: 1_990) == 100)
        // A smaller count is another run.
        rate.add(5, atSeconds: 200)
        #expect(rate.perSecond == nil)
        #expect(rate.secondsLeft(to: 10) == nil)
    }

    @Test("a problem reads as compilers write it, and a stranger's text in it is harmless")
    func failure() {
        let failure = Failure(
            .badInput,
            "Wrong: it is \u{1B}[2Jwrong",
            diagnostics: [Diagnostic(.warning, file: "c.yaml", line: 3, column: 4, "no text part")]
        )
        #expect(
            failure.lines(style: .plain) == [
                "c.yaml:3:4: warning: no text part", "error: Wrong: it is \u{FFFD}[2Jwrong",
            ]
        )
        let coloured = failure.lines(style: Style(isEnabled: true))
        #expect(coloured[0] == "c.yaml:3:4: \u{1B}[33mwarning:\u{1B}[0m no text part")
    }
}
