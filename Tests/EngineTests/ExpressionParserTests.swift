import Domain
import Testing

@testable import Engine

@Suite("Expressions")
struct ExpressionParserTests {
    static let state = Field(name: "state", type: .text)
    static let zip = Field(name: "zip", type: .text)
    static let age = Field(name: "age", type: .integer)
    static let donated = Field(name: "donated", type: .decimal)
    static let firstTime = Field(name: "first_time", type: .boolean)
    static let born = Field(name: "birth_date", type: .date)
    static let fields = [state, zip, age, donated, firstTime, born]

    private func parse(_ text: String) throws -> Expression {
        try ExpressionParser.parse(text, fields: Self.fields).get()
    }

    private func problems(_ text: String) -> [Diagnostic] {
        guard case .failure(let failure) = ExpressionParser.parse(text, fields: Self.fields) else { return [] }
        return failure.diagnostics
    }

    @Test(
        "every form is read",
        arguments: [
            ("", .everyone),
            (" \n ", .everyone),
            ("first_time", .truth(firstTime)),
            ("NOT first_time", .not(.truth(firstTime))),
            ("state = 'IA'", .compare(state, .equal, .text("IA"))),
            ("State == \"IA\"", .compare(state, .equal, .text("IA"))),
            ("state<>'O''Brien'", .compare(state, .notEqual, .text("O'Brien"))),
            ("state != \"a\"\"b\"", .compare(state, .notEqual, .text("a\"b"))),
            ("age >= -7", .compare(age, .greaterOrEqual, .integer(-7))),
            ("age<9223372036854775807", .compare(age, .less, .integer(.max))),
            ("donated > 19.99", .compare(donated, .greater, .decimal(19.99))),
            ("donated <= 20", .compare(donated, .lessOrEqual, .decimal(20))),
            ("first_time = TRUE", .compare(firstTime, .equal, .boolean(true))),
            ("first_time != false", .compare(firstTime, .notEqual, .boolean(false))),
            ("birth_date < '2000-02-29'", .compare(born, .less, .date("2000-02-29"))),
            ("state in ('IA', 'NH')", .oneOf(state, [.text("IA"), .text("NH")], negated: false)),
            ("age NOT IN (1)", .oneOf(age, [.integer(1)], negated: true)),
            ("state like 'I%'", .like(state, pattern: "I%", negated: false)),
            ("state not like '_A'", .like(state, pattern: "_A", negated: true)),
            ("age between 18 and 30", .between(age, .integer(18), .integer(30), negated: false)),
            ("age not between 18 and 30", .between(age, .integer(18), .integer(30), negated: true)),
            ("((first_time))", .truth(firstTime)),
            ("zip = 'Łódź 例え'", .compare(zip, .equal, .text("Łódź 例え"))),
        ] as [(String, Expression)]
    )
    func forms(text: String, expected: Expression) throws {
        #expect(try self.parse(text) == expected)
    }

    @Test(
        "of a field that nobody has a value of only emptiness can be asked, and the error says so",
        arguments: [
            "x = '3'", "x > 3", "x > today - 40y", "x", "not x", "x in ('3')", "x like 'a%'", "x between 1 and 2",
        ]
    )
    func openField(text: String) throws {
        let names = ["x is empty", "x is not empty", text].map { condition in
            var names = ExpressionNames(fields: [Field(name: "x", type: .text, isOpen: true)])
            names.today = "2026-11-22"
            return ExpressionParser.parse(condition, names: names)
        }
        #expect((try? names[0].get()) != nil && (try? names[1].get()) != nil)
        let problem = #expect(throws: Diagnostics.self) { try names[2].get() }
        #expect(problem?.diagnostics.map { $0.message.hasPrefix("x has no values yet, so nothing tells") } == [true])
    }

    @Test("not binds before and, and before or; between keeps its and")
    func precedence() throws {
        let expected = Expression.or([
            .and([.not(.truth(Self.firstTime)), .compare(Self.state, .equal, .text("IA"))]),
            .between(Self.age, .integer(1), .integer(2), negated: false),
        ])
        #expect(try self.parse("not first_time and state='IA' or age between 1 and 2") == expected)
        let bracketed = Expression.and([
            .truth(Self.firstTime),
            .or([.compare(Self.state, .equal, .text("IA")), .compare(Self.state, .equal, .text("NH"))]),
        ])
        #expect(try self.parse("first_time AND (state='IA' OR state='NH')") == bracketed)
    }

    @Test(
        "a problem has its place, and says what is allowed",
        arguments: [
            ("sate = 'IA'", 1, 1, "unknown field 'sate'; did you mean 'state'?"),
            ("qqqqqq = 'IA'", 1, 1, "unknown field 'qqqqqq'; there are state, zip, age"),
            ("zip = 50309", 1, 7, "zip is text, 50309 is not; write '50309' in quotes"),
            ("age = '42'", 1, 7, "age is a whole number, '42' is not; write a number such as 42"),
            ("age = 4.5", 1, 7, "age is a whole number"),
            ("first_time = 'yes'", 1, 14, "write true or false, without quotes"),
            ("first_time < true", 1, 12, "only = and != can stand here"),
            ("first_time in (true)", 1, 12, "in cannot stand here, write first_time or not first_time"),
            ("birth_date = '2026-02-30'", 1, 14, "a day that exists"),
            ("birth_date = 20260101", 1, 14, "in quotes"),
            ("state", 1, 1, "no condition by itself; compare it, as in state = 'IA'"),
            ("age like '4%'", 1, 5, "like works on text only"),
            ("state like 4", 1, 12, "like takes a text"),
            ("state = IA", 1, 9, "a text in quotes such as 'IA'"),
            ("state = 'IA", 1, 9, "no closing '"),
            ("state = ", 1, 9, "the condition ends here"),
            ("state 'IA'", 1, 7, "allowed is a comparison"),
            ("'IA' = state", 1, 1, "a field's name first"),
            ("state = 'IA' state = 'NH'", 1, 14, "allowed is and, or, or the end"),
            ("(first_time", 1, 12, "for the bracket at column 1"),
            ("first_time)", 1, 11, "allowed is and, or, or the end"),
            ("state in 'IA'", 1, 10, "( and values"),
            ("state in ()", 1, 11, "a value"),
            ("age between 1 or 2", 1, 15, "and with the upper value"),
            ("state not = 'IA'", 1, 11, "in, like or between"),
            ("state is 5", 1, 10, "allowed is empty or not empty"),
            ("state = \u{2018}IA\u{2019}", 1, 9, "typographic quote"),
            ("state = 'IA'; drop table contact", 1, 13, "';' has no meaning here"),
            ("age = 1e5", 1, 7, "this is no number"),
            ("age = 99999999999999999999", 1, 7, "too large"),
            ("age ! 3", 1, 5, "write != or not"),
            ("first_time\n  and sate = 'x'", 2, 7, "did you mean 'state'?"),
            ("state = 'a\0b'", 1, 11, "NUL"),
            ("\u{1}", 1, 1, "U+1"),
        ]
    )
    func places(text: String, line: Int, column: Int, message: String) {
        let problems = self.problems(text)
        #expect(problems.first?.line == line && problems.first?.column == column, "\(problems)")
        #expect(problems.first?.message.contains(message) == true, "\(problems)")
    }

    @Test("problems with values are collected")
    func several() {
        let problems = self.problems("sate = 'IA' and zip = 1 or age = 'x'")
        #expect(problems.map(\.column) == [1, 23, 34])
    }

    @Test("depth, length and lists are bounded, and exactly")
    func limits() {
        func nested(_ depth: Int) -> String {
            String(repeating: "(", count: depth) + "first_time" + String(repeating: ")", count: depth)
        }
        func list(_ count: Int) -> String { "age in (\(repeatElement("1", count: count).joined(separator: ",")))" }
        #expect(self.problems(nested(50)).isEmpty)
        #expect(self.problems(nested(51)).first?.column == 51)
        #expect(self.problems(String(repeating: "not ", count: 50) + "first_time").isEmpty)
        #expect(self.problems(String(repeating: "not ", count: 51) + "first_time").first?.column == 201)
        #expect(self.problems(list(1_000)).isEmpty)
        #expect(self.problems(list(1_001)).first?.message.contains("at most 1000 values") == true)
        let padding = String(repeating: " ", count: ExpressionParser.lengthMax - 10)
        #expect(self.problems("first_time" + padding).isEmpty)
        #expect(self.problems("first_time " + padding).first?.message.contains("longer than 10000") == true)
        #expect(self.problems(String(repeating: "not ", count: 2_000_000)).count == 1)
        #expect(
            self.problems(String(repeating: "x = 1 or ", count: 1_000) + "x = 1").count <= ExpressionParser.problemsMax
                + 1
        )
    }

    @Test("no text brings the parser down", arguments: UInt64(1)...20)
    func anyText(seed: UInt64) {
        let pieces = [
            "state", "age", "first_time", "and", "or", "not", "in", "like", "between", "(", ")", ",", "=", "!=", "<",
            "'IA'",
            "\"", "'", "42", "-", "1.5", "true", " ", "é", "\n", "\0", "--", "/*", "sate",
        ]
        var state = seed
        for _ in 0..<200 {
            var text = ""
            for _ in 0..<30 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count] + " "
            }
            if case .failure(let failure) = ExpressionParser.parse(text, fields: Self.fields) {
                #expect(!failure.diagnostics.isEmpty)
                #expect(failure.diagnostics.allSatisfy { $0.line >= 1 && $0.column >= 1 && !$0.message.isEmpty })
            }
        }
    }
}
