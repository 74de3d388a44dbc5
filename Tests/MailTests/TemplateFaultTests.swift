import Domain
import Testing

@testable import Mail

@Suite struct TemplateFaultTests {
    private func problems(_ text: String, partials: [String: String] = [:]) -> [String] {
        do throws(InvalidContent) {
            _ = try Template(text, escaping: .html, file: "t", partials: partials)
            return []
        } catch {
            return error.diagnostics.map(\.description)
        }
    }

    @Test(
        "what is wrong is said with its place",
        arguments: [
            ("a\n b {{name", ["t:2:4: error: this tag is never closed: no '}}' follows"]),
            ("{{{name}}", ["t:1:1: error: this tag is never closed: no '}}}' follows"]),
            ("{{! note", ["t:1:1: error: this tag is never closed: no '}}' follows"]),
            ("x {{#a}} y", ["t:1:3: error: section 'a' is never closed"]),
            (
                "{{#a}}{{#b}}",
                ["t:1:1: error: section 'a' is never closed", "t:1:7: error: section 'b' is never closed"]
            ),
            ("{{/a}}", ["t:1:1: error: 'a' is closed here but no section is open"]),
            (
                "{{#a}}\n{{#b}}\n{{/a}}",
                ["t:3:1: error: 'a' is closed here but 'b', opened at line 2, column 1, is still open"]
            ),
            (
                "{{#a}}{{/b}}{{/a}}",
                ["t:1:7: error: 'b' is closed here but 'a', opened at line 1, column 1, is still open"]
            ),
            ("{{}}", ["t:1:1: error: this tag has no name"]),
            ("{{# }}{{/}}", ["t:1:1: error: this tag has no name", "t:1:7: error: this tag has no name"]),
            (
                "{{first name}} {{=x=}}",
                [
                    "t:1:1: error: a name must not contain blanks or line ends: 'first name'; is the tag closed?",
                    "t:1:16: error: a set-delimiter tag needs two delimiters without blanks or '=', as in {{=<% %>=}}",
                ]
            ),
            (
                "Hi {{name\nand {{city}}",
                ["t:1:4: error: a name must not contain blanks or line ends: 'name'; is the tag closed?"]
            ),
            (
                "{{=a b c=}}",
                ["t:1:1: error: a set-delimiter tag needs two delimiters without blanks or '=', as in {{=<% %>=}}"]
            ),
            ("{{=| |", ["t:1:1: error: this tag is never closed: no '=}}' follows"]),
            ("{{>foter}}", ["t:1:1: error: unknown partial 'foter', did you mean 'footer'?"]),
            ("{{>self}}", ["self:2:3: error: a partial must not include itself: self → self"]),
            ("{{>a}}", ["b:1:1: error: a partial must not include itself: a → b → a"]),
        ] as [(String, [String])]
    )
    func faults(text: String, expected: [String]) {
        let partials = ["footer": "bye", "self": "x\n  {{>self}}", "a": "{{>b}}", "b": "{{>a}}"]
        #expect(self.problems(text, partials: partials) == expected)
    }

    @Test("sections nest up to the limit and no further")
    func sectionDepth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "{{#a}}", count: depth) + String(repeating: "{{/a}}", count: depth)
        }
        #expect(self.problems(nested(64)).isEmpty)
        #expect(self.problems(nested(65)) == ["t:1:385: error: more than 64 sections within each other"])
        #expect(self.problems(nested(10_000)).count == 1)
    }

    @Test("partials nest up to the limit and no further, whichever is compiled first")
    func partialDepth() {
        var partials = ["p0": "end"]
        for level in 1...40 { partials["p\(level)"] = "{{>p\(level - 1)}}" }
        #expect(self.problems("{{>p31}}", partials: partials).isEmpty)
        #expect(
            self.problems("{{>p32}}", partials: partials) == ["p1:1:1: error: more than 32 partials within each other"]
        )
        #expect(self.problems("{{>p20}}{{>p31}}", partials: partials).isEmpty)
        #expect(self.problems("{{>p20}}{{>p32}}", partials: partials).count == 1)
    }

    @Test("a template may be as large as the limit and no larger")
    func size() {
        let limit = Template.textBytesMax
        #expect(self.problems(String(repeating: "x", count: limit)).isEmpty)
        let expected = ["t: error: the template has \(limit + 1) bytes; at most \(limit) are allowed"]
        #expect(self.problems(String(repeating: "x", count: limit + 1)) == expected)
    }

    @Test("partials that double each other are refused before they fill the memory or the day")
    func doubling() {
        var calls = ["p0": "x"]
        var indents = ["p0": String(repeating: "x\n", count: 100_000)]
        for level in 1...31 {
            calls["p\(level)"] = "{{>p\(level - 1)}}{{>p\(level - 1)}}"
            indents["p\(level)"] = " {{>p\(level - 1)}}\n  {{>p\(level - 1)}}\n"
        }
        #expect(self.problems("{{>p31}}", partials: calls).first?.contains("steps") == true)
        #expect(self.problems("{{>p31}}", partials: indents).first?.contains("bytes") == true)
    }

    @Test("a partial that may include itself still ends")
    func recursion() throws {
        let template = try Template("{{>p}}", escaping: .none, partials: ["p": "{{>p}}{{>p}}"], recursion: true)
        var scope = TreeScope(template, .null)
        #expect(throws: RenderError.tooDeep) { try template.render(&scope) }
        #expect(throws: InvalidContent.self) {
            try Template("{{>p}}", escaping: .none, partials: ["p": "x\n {{>p}}\n"], recursion: true)
        }
    }

    @Test("any text compiles or says why, and what compiles renders", arguments: UInt64(1)...20)
    func anyText(seed: UInt64) throws {
        var random = SplitMix64(seed)
        let pieces = [
            "{{", "}}", "{{{", "}}}", "{{#", "{{^", "{{/", "{{>", "{{!", "{{=", "=}}", "{{&", "a", "b", ".", " ", "\n",
            "\r\n", "\r",
            "é", "<% %>", "| |", "<%", "%>", "|", "{", "}", "=", "{{a}}", "{{#a}}", "{{/a}}", "{{.}}", "{{>p}}", "\0",
        ]
        let fields = [Field(name: "a", type: .text), Field(name: "b", type: .boolean)]
        let row = FieldRow(columns: [FieldColumn(["x"]), FieldColumn(["false"])], index: 0)
        var compiled = 0
        for _ in 0..<2_000 {
            let count = Int.random(in: 0...12, using: &random)
            let text = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            do throws(InvalidContent) {
                let template = try Template(text, escaping: .html, partials: ["p": "[{{b}}]"])
                let bound = try BoundTemplate(template, fields: fields)
                compiled += 1
                #expect(throws: Never.self) { try bound.text(row) }
            } catch {
                #expect(!error.diagnostics.isEmpty)
            }
        }
        #expect(compiled > 50)
    }
}
