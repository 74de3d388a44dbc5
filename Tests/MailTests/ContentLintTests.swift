import Testing

@testable import Mail

@Suite("Advice about templates")
struct ContentLintTests {
    @Test(
        "links without a scheme, images without alt and their likes are found where they stand",
        arguments: [
            ("<a href=\"www.example.org/x\">x</a>", ["1:1 the link 'www.example.org/x' has no scheme"]),
            ("a\n  <A HREF='example.org'>", ["2:3 the link 'example.org' has no scheme"]),
            ("<a href=example.org:80/x>", ["1:1 the link 'example.org:80/x' has no scheme"]),
            ("<a href=\"\">x</a><a href='#'>y</a>", ["1:1 the link leads nowhere", "1:17 the link leads nowhere"]),
            ("<a href=\"javascript:alert(1)\">", ["1:1 mail programs open no javascript: address; use https"]),
            ("<a href=\"https://example.org\"><a href='mailto:a@b.c'><a name=x><a href=#top>", []),
            (
                "<a href=\"{{link}}\"><a href=' {{{ page }}}'>",
                ["1:1 the link begins with the value of 'link'", "1:20 the link begins with the value of 'page'"]
            ),
            ("<a href=\"{{ours}}\"><a href='{{#x}}https://e.org{{/x}}'><img alt='' src='https://e.org/{{x}}'>", []),
            ("<img src=\"cid:logo\" alt=\"\">", []),
            ("é<img src='https://e.org/x.png'>", ["1:2 the image has no alt text"]),
            ("<img alt=x src=logo.png />", ["1:1 the image 'logo.png' has no scheme"]),
            ("<!-- <a href='x'> --> <style>a > b { }</style> a < b", []),
            ("<p {{#x}}class=\"{{>y}}\"{{/x}}><a {{! > }} href=\"x.y\">", ["1:31 the link 'x.y' has no scheme"]),
            ("<a href=\"unclosed", ["1:1 the link 'unclosed' has no scheme"]),
        ] as [(String, [String])]
    )
    func markup(html: String, expected: [String]) {
        let found = ContentLint.html(html, links: ["ours"]).map { "\($0.line):\($0.column) \($0.message)" }
        #expect(found.count == expected.count)
        for (text, start) in zip(found, expected) { #expect(text.hasPrefix(start)) }
    }

    @Test(
        "an address in a text part needs its scheme to become a link",
        arguments: [
            ("see www.example.org/a for more", 1), ("https://www.example.org", 0), ("(www.example.org)", 1),
            ("a@www.example.org sub.www.example.org awww.", 0), ("", 0),
        ]
    )
    func text(text: String, count: Int) {
        #expect(ContentLint.text(text).count == count)
    }

    @Test("a subject is measured by what is in every message", arguments: [(150, 0), (151, 1)])
    func subjects(length: Int, count: Int) throws {
        let text = String(repeating: "é", count: length - 1) + "{{first_name}}" + "x"
        #expect(ContentLint.subject(try Template(text, escaping: .none)).count == count)
    }

    @Test("an HTML part beyond what providers show is found, its partials counted", arguments: [0, 1])
    func size(over: Int) throws {
        let partial = String(repeating: "x", count: 2_048)
        let text = "{{>p}}" + String(repeating: "y", count: ContentLint.htmlBytesMax - 2_048 + over)
        let template = try Template(text, escaping: .html, partials: ["p": partial])
        #expect(ContentLint.size(template).count == over)
    }

    @Test("a partial counts as often as it is included, also by another one")
    func repeatedPartials() throws {
        let partials = [
            "p": String(repeating: "x", count: 20 * 1_024), "q": "{{>p}}{{#a}}{{>p}}{{/a}}{{^a}}{{>p}}{{/a}}",
        ]
        let once = try Template("{{>q}}", escaping: .html, partials: partials)
        let twice = try Template("{{>q}}{{>q}}", escaping: .html, partials: partials)
        #expect(ContentLint.size(once).isEmpty)
        #expect(ContentLint.size(twice).count == 1)
    }

    @Test(
        "a text part should say about what the HTML part shows, each with its partials",
        arguments: [
            ("See the page.", "<html><head><style>{{>long}}</style></head><body>{{>long}}</body></html>", 1),
            ("{{>long}}", "<html><head><style>{{>long}}</style></head><body>{{>long}}</body></html>", 0),
            ("See {{long}}", "<b>{{>long}}</b>", 1),
            ("Hi", "<b>Hi, you!</b>", 0),
            (nil, "<b>Hi</b>", 1),
        ] as [(String?, String, Int)]
    )
    func proportion(text: String?, html: String, count: Int) throws {
        let partials = ["long": String(repeating: "word ", count: 100)]
        let text = try text.map { try Template($0, escaping: .none, partials: partials) }
        let html = try Template(html, escaping: .html, partials: partials)
        #expect(ContentLint.proportion(text: text, html: html).count == count)
    }

    @Test("partials are found with their places, whatever else is wrong")
    func includes() {
        let text = "{{> a}}\n x{{>b.html}}{{! {{>c}} {{name with blanks}}{{=<% %>=}}<%>d%>{{>e}}"
        let found = Template.includes(in: text).map { "\($0.name) \($0.line):\($0.column)" }
        #expect(found == ["a 1:1", "b.html 2:3", "d 2:56"])
    }
}
