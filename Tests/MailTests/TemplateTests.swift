import Domain
import Testing

@testable import Mail

@Suite struct TemplateTests {
    private let fields = [
        Field(name: "name", type: .text), Field(name: "city", type: .text), Field(name: "member", type: .boolean),
    ]

    private func render(
        _ text: String,
        _ values: [String],
        escaping: Template.Escaping = .none
    ) throws -> String {
        let template = try Template(text, escaping: escaping)
        let columns = values.map { FieldColumn(["other", $0]) }
        return try BoundTemplate(template, fields: self.fields).text(FieldRow(columns: columns, index: 1))
    }

    @Test("a section of a field that had no values yet does not take a `false` that came for a text")
    func openField() throws {
        let template = try Template("{{#x}}yes {{x}}{{/x}}{{^x}}no{{/x}}", escaping: .none)
        let bound = try BoundTemplate(template, fields: [Field(name: "x", type: .text, isOpen: true)])
        let texts = try ["", "false", "true", "Ann"].map {
            try bound.text(FieldRow(columns: [FieldColumn([$0])], index: 0))
        }
        #expect(texts == ["no", "no", "yes true", "yes Ann"])
    }

    @Test(
        "a row's values are printed, tested and repeated as the language says",
        arguments: [
            ("Hi {{name}} of {{ city }}", ["Ann", "Iowa", ""], "Hi Ann of Iowa"),
            ("{{#name}}Hi {{.}}{{/name}}{{^name}}Hi friend{{/name}}", ["Ann", "", ""], "Hi Ann"),
            ("{{#name}}Hi {{.}}{{/name}}{{^name}}Hi friend{{/name}}", ["", "", ""], "Hi friend"),
            ("{{#member}}yes{{/member}}{{^member}}no{{/member}}", ["", "", "true"], "yes"),
            ("{{#member}}yes{{/member}}{{^member}}no{{/member}}", ["", "", "false"], "no"),
            ("{{#member}}yes{{/member}}{{^member}}no{{/member}}", ["", "", ""], "no"),
            ("{{#name}}yes{{/name}}", ["false", "", ""], "yes"),
            ("{{#name}}{{#city}}{{.}}{{/city}}{{.}}{{/name}}", ["Ann", "Iowa", ""], "IowaAnn"),
            ("{{#name}}{{^city}}{{.}}{{/city}}{{/name}}", ["Ann", "", ""], "Ann"),
            ("[{{.}}]{{#.}}x{{/.}}", ["Ann", "Iowa", "true"], "[]"),
            ("a\n{{! note }}\n  {{#name}}\nb\n  {{/name}}\nc", ["Ann", "", ""], "a\nb\nc"),
            ("{{name}}", ["{{city}}", "Iowa", ""], "{{city}}"),
        ] as [(String, [String], String)]
    )
    func renders(text: String, values: [String], expected: String) throws {
        #expect(try self.render(text, values) == expected)
    }

    @Test(
        "HTML escapes values and nothing else",
        arguments: [
            (Template.Escaping.html, "<b>{{name}}</b>", "<b>&lt;i&gt; &amp; &quot;x&quot; &#39;y&#39;</b>"),
            (.html, "<b>{{{name}}}</b>", "<b><i> & \"x\" 'y'</b>"),
            (.html, "<b>{{& name}}</b>", "<b><i> & \"x\" 'y'</b>"),
            (.none, "<b>{{name}}</b>", "<b><i> & \"x\" 'y'</b>"),
        ]
    )
    func escapes(escaping: Template.Escaping, text: String, expected: String) throws {
        #expect(try self.render(text, ["<i> & \"x\" 'y'", "", ""], escaping: escaping) == expected)
    }

    @Test(
        "a value that begins a link must not be a script",
        arguments: [
            ("<a href=\"{{name}}\">", true), ("<a href='{{{name}}}'>", true), ("<a HREF = {{name}}>", true),
            ("<img src=\" {{&name}}\">", true), ("<a href=\"{{#city}}{{name}}{{/city}}\">", true),
            ("<a href=\"{{>p}}\">", true), ("<a href=\"{{member}}{{name}}\">", true),
            ("<form action=\"{{name}}\">", true),
            // Nobody follows these.
            ("<p>{{name}}</p>", false), ("<a href=\"https://e.org/{{name}}\">", false),
            ("<a title=\"{{name}}\">", false),
            ("<p>{{>p}}</p><a href=\"https://e.org/{{>p}}\">", false), ("<a data-href=\"{{name}}\">", false),
        ]
    )
    func links(text: String, isLink: Bool) throws {
        let template = try Template(text, escaping: .html, partials: ["p": "{{{name}}}"])
        let bound = try BoundTemplate(template, fields: self.fields)
        func shows(_ value: String) throws -> Bool {
            let row = FieldRow(columns: [value, "x", ""].map { FieldColumn([$0]) }, index: 0)
            let shown = try bound.text(row)
            let empty = try bound.text(FieldRow(columns: ["", "x", ""].map { FieldColumn([$0]) }, index: 0))
            return shown != empty
        }
        for value in [
            "javascript:alert(1)", " JavaScript:x", "java\tscript:x", "\u{1}javascript:x", "data:text/html,x",
            "vbscript:x",
            "javascript&#58;x", "&#106;avascript:x", "javascript", "file:///etc/passwd",
        ] {
            #expect(try shows(value) == !isLink, "\(value)")
        }
        for value in [
            "https://e.org/?a=b:c&d", "HTTP://e.org", "mailto:a@b.example", "tel:+1", "/there", "#top", "page?x=1:2",
            "Zoë",
        ] {
            #expect(try shows(value), "\(value)")
        }
    }

    @Test("outside HTML a value is only text")
    func noLinks() throws {
        #expect(try self.render("href={{name}}", ["javascript:x", "", ""]) == "href=javascript:x")
    }

    @Test("names are listed once, in order, with the place of their first use")
    func fieldsUsed() throws {
        let template = try Template(
            "é {{b}}\n{{#a}}{{b}}{{.}}{{/a}}\n  {{^c}}{{d.e}}{{/c}}",
            escaping: .none,
            file: "t.txt"
        )
        let places = template.fields.map { "\($0.file):\($0.line):\($0.column) \($0.name)" }
        #expect(places == ["t.txt:1:3 b", "t.txt:2:1 a", "t.txt:3:3 c", "t.txt:3:9 d.e"])
    }

    @Test(
        "a name is required when it is printed outside every section on itself",
        arguments: [
            ("{{a}}", ["a"]),
            ("{{{a}}}{{&b}}", ["a", "b"]),
            ("{{#a}}{{a}}{{/a}}", []),
            ("{{^a}}{{a}}{{/a}}", []),
            ("{{#a}}{{b}}{{/a}}", ["b"]),
            ("{{#a}}{{#b}}{{a}}{{/b}}{{/a}}", []),
            ("{{#a}}{{a}}{{/a}} {{a}}", ["a"]),
            ("{{#a}}{{.}}{{/a}}", []),
            ("{{>p}}", ["x"]),
            ("{{#x}}{{>p}}{{/x}}", []),
            ("{{#x}}{{>q}}{{/x}}", ["y"]),
        ] as [(String, [String])]
    )
    func required(text: String, names: [String]) throws {
        let partials = ["p": "{{x}}{{#y}}{{y}}{{/y}}", "q": "{{>p}}{{y}}"]
        #expect(try Template(text, escaping: .none, partials: partials).required == names)
    }

    @Test("an unknown field is an error with its place and the nearest name")
    func unknownField() throws {
        let template = try Template("Hi {{nmae}},\n{{zzzzzz}} {{name.first}}", escaping: .none, file: "a.txt")
        #expect(
            template.unknownFields(among: self.fields).map(\.description) == [
                "a.txt:1:4: error: unknown field 'nmae', did you mean 'name'?",
                "a.txt:2:1: error: unknown field 'zzzzzz'",
                "a.txt:2:12: error: unknown field 'name.first'",
            ]
        )
    }

    @Test("what a partial prints is the text as if it stood there, with its indentation")
    func partials() throws {
        let template = try Template(
            "Dear {{name}},\n  {{>address}}\nbye",
            escaping: .html,
            partials: ["address": "{{city}}\n{{>land}}\n", "land": "USA\n"]
        )
        let row = FieldRow(columns: [FieldColumn(["Ann"]), FieldColumn(["Iowa & co"]), FieldColumn([""])], index: 0)
        let text = try BoundTemplate(template, fields: self.fields).text(row)
        #expect(text == "Dear Ann,\n  Iowa &amp; co\n  USA\nbye")
    }

    @Test("rendering stops at the limit on bytes")
    func outputLimit() throws {
        let template = try Template(String(repeating: "{{name}}", count: 600), escaping: .none)
        let columns = [FieldColumn([String(repeating: "x", count: 2_000)]), FieldColumn([""]), FieldColumn([""])]
        let bound = try BoundTemplate(template, fields: self.fields)
        #expect(throws: RenderError.tooLarge) { try bound.text(FieldRow(columns: columns, index: 0)) }
    }

    @Test("a row that does not fit the fields is refused, not read beyond its end")
    func rowMismatch() throws {
        let bound = try BoundTemplate(Template("{{name}}", escaping: .none), fields: self.fields)
        let column = FieldColumn(["a"])
        for (columns, index) in [([column], 0), ([column, column, column], 1), ([column, column, column], -1)] {
            #expect(throws: RenderError.rowMismatch) { try bound.text(FieldRow(columns: columns, index: index)) }
        }
    }

    @Test(
        "a column's ends must ascend to the text's end",
        arguments: [
            ([1, 3], true), ([3, 3], true), ([2, 1, 3], false), ([1, 4], false), ([1, 2], false), ([], false),
        ]
            as [([UInt32], Bool)]
    )
    func columns(end: [UInt32], isGood: Bool) {
        #expect((FieldColumn(text: Array("abc".utf8), end: end) != nil) == isGood)
    }
}
