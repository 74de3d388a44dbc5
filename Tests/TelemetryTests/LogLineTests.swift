import Foundation
import Logging
import Telemetry
import Testing

@Suite("Log lines")
struct LogLineTests {
    private static let moment: Int64 = 1_795_338_000_123

    private func line(
        _ message: String,
        _ metadata: Logger.Metadata,
        format: LogFormat = .json,
        at milliseconds: Int64 = Self.moment
    ) -> String {
        let line = LogLine(milliseconds: milliseconds, level: .info, message: message, metadata: metadata)
        return String(decoding: line.bytes(in: format), as: UTF8.self)
    }

    @Test("a JSON line has time, level, event and message first, then fields by name")
    func order() {
        let text = self.line(
            "A worker was admitted",
            [
                "event": "worker_connected", "worker": "local-1", "leased": .number(12), "ok": .flag(true),
                "accepted_per_s": .number(12.3456),
            ]
        )
        #expect(
            text == """
                {"ts":"2026-11-22T09:00:00.123Z","level":"info","event":"worker_connected","msg":"A worker was admitted",\
                "accepted_per_s":12.346,"leased":12,"ok":true,"worker":"local-1"}

                """
        )
    }

    @Test(
        "any text comes back from JSON as it went in, on one line",
        arguments: [
            "", "plain", "quote \" backslash \\ slash /", "two\nlines\r\n",
            "tab\t nul\u{0} bell\u{7} esc\u{1B} del\u{7F}",
            "é ß 漢字 🎉 \u{2028} \u{FEFF}", #"{"ts":"forged"}"#,
        ]
    )
    func escaping(text: String) throws {
        let line = self.line(text, ["error": .string(text), text: "key"])
        #expect(line.utf8.filter { $0 == 0x0A }.count == 1)
        #expect(line.hasSuffix("}\n"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["msg"] as? String == text)
        #expect(object["error"] as? String == text)
        #expect(object["event"] as? String == "message")
    }

    @Test("nested fields are flattened, lists stay lists")
    func nested() {
        let text = self.line("m", ["a": ["c": ["d": "1"], "b": "2"], "l": [.number(1), "x"]])
        #expect(text.hasSuffix(#""msg":"m","a.b":"2","a.c.d":"1","l":[1,"x"]}"# + "\n"))
    }

    @Test("a field cannot take the place of the line's own keys")
    func reserved() throws {
        let text = self.line("m", ["ts": "x", "level": "y", "msg": "z"])
        #expect(
            text.contains(
                #""level":"info","event":"message","msg":"m","field.level":"y","field.msg":"z","field.ts":"x""#
            )
        )
    }

    @Test("numbers that JSON cannot write become null")
    func numbers() {
        let text = self.line(
            "m",
            [
                "a": .number(Double.nan), "b": .number(Double.infinity), "c": .number(1e300), "d": .number(UInt64.max),
                "e": .number(-0.5),
            ]
        )
        #expect(text.hasSuffix(#""a":null,"b":null,"c":1e+300,"d":"18446744073709551615","e":-0.5}"# + "\n"))
    }

    @Test(
        "times before 1970, on leap days and far ahead",
        arguments: [
            (-1, "1969-12-31T23:59:59.999Z"), (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (4_102_444_799_999, "2099-12-31T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func times(milliseconds: Int64, text: String) {
        #expect(self.line("m", [:], at: milliseconds).hasPrefix(#"{"ts":"\#(text)""#))
    }

    @Test("a text that is too long is cut between characters and marked")
    func bounded() throws {
        let long = String(repeating: "é", count: LogLine.textBytesMax)
        let line = self.line(long, ["error": .string("x" + long)])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let message = try #require(object["msg"] as? String)
        #expect(message == String(repeating: "é", count: LogLine.textBytesMax / 2) + "…")
        #expect((object["error"] as? String)?.hasSuffix("é…") == true)
    }

    @Test("a line has a bounded number of fields")
    func manyFields() throws {
        let fields = (0..<200).map { ("k\($0)", Logger.MetadataValue.number($0)) }
        let line = self.line("m", Dictionary(uniqueKeysWithValues: fields))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object.count == LogLine.fieldsMax + 4)
    }

    @Test("text lines are for people, and nothing in them forges a second line")
    func plain() {
        let text = self.line(
            "A worker\nwas admitted\u{1B}[2J",
            ["event": "worker_connected", "worker": "local-1", "error": "two words", "empty": "", "n": .number(3)],
            format: .text
        )
        #expect(
            text == "2026-11-22T09:00:00.123Z INFO     worker_connected: A worker?was admitted?[2J "
                + "empty=\"\" error=\"two words\" n=3 worker=local-1\n"
        )
    }

    @Test("names are written in lower snake case and used once")
    func names() {
        let names = LogKey.allCases.map(\.rawValue) + LogEventName.allCases.map(\.rawValue)
        for name in names {
            #expect(
                name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            )
        }
        #expect(Set(LogKey.allCases.map(\.rawValue)).isDisjoint(with: ["ts", "level", "event", "msg"]))
    }
}
