import Domain
import Testing
import UserFiles

@Suite("Campaign files")
struct CampaignFileTests {
    private let source = """
        name: first-caucus
        channel: email
        relay: main
        audience: "state = 'IA' and first_time"        # or {list: iowa}
        from: "Ann Lee <ann@campaign.example>"
        reply_to: office@campaign.example
        headers: { X-Campaign: "caucus {{state}}" }
        variants:
          - { name: jobs, when: "issue = 'jobs'", subject: "Hi {{first_name}}", text_file: jobs.txt, html_file: jobs.html }
          - name: care
            weight: 3
            subject: Hi {{first_name}}
            text: |

              Dear {{first_name}},
              see you.
        missing_field: { city: "your town", first_name: "" }
        schedule: { expires_after: 36h }
        throttles: ["2000/s"]
        on_doubt: resend
        retries: { delays: [1m, 2m] }
        weight: 5
        """
    private let files = ["jobs.txt": "Work in {{city}}", "jobs.html": "<p>{{city}}"]

    @Test("every key of a full file is read")
    func full() throws {
        let campaign = try CampaignFile.parse(self.source, fileName: "c.yaml", files: self.files)
        #expect(campaign.name == "first-caucus")
        #expect(campaign.relay == "main")
        #expect(campaign.audience == .expression("state = 'IA' and first_time"))
        #expect(campaign.from == "Ann Lee <ann@campaign.example>")
        #expect(campaign.replyTo == "office@campaign.example")
        #expect(campaign.headers.map(\.name) == ["X-Campaign"])
        #expect(campaign.variants.map(\.name) == ["jobs", "care"])
        #expect(campaign.variants.map(\.when) == ["issue = 'jobs'", nil])
        #expect(campaign.variants.map(\.weight) == [1, 3])
        #expect(campaign.variants[0].text?.text == "Work in {{city}}")
        #expect(campaign.variants[0].html?.file == "jobs.html")
        #expect(campaign.variants[1].text?.text == "\nDear {{first_name}},\nsee you.\n")
        #expect(campaign.missingField == .defaults(["city": "your town", "first_name": ""]))
        #expect(campaign.expiresAfterMilliseconds == 36 * 3_600_000)
        #expect(campaign.throttles.map(\.text) == ["2000/s"])
        #expect(campaign.onDoubt == .resend)
        #expect(campaign.retries == RetrySettings(delaysMilliseconds: [60_000, 120_000], jitter: 0.2))
        #expect(campaign.weight == 5)
    }

    @Test("what is left out has its default")
    func short() throws {
        let campaign = try CampaignFile.parse(
            "{name: n, audience: {list: iowa}, from: a@b.c, variants: [{name: a, subject: s, html: h}]}",
            fileName: "c.yaml",
            files: [:]
        )
        #expect(campaign.audience == .list("iowa"))
        #expect(campaign.channel == .email)
        #expect(campaign.relay == nil)
        #expect(campaign.missingField == .reject)
        #expect(campaign.onDoubt == .hold)
        #expect(campaign.retries == nil)
        #expect(campaign.weight == 1)
        #expect(campaign.expiresAfterMilliseconds == 3 * 86_400_000)
        #expect(campaign.variants.first?.text == nil)
    }

    @Test(
        "later checks can point at a key",
        arguments: [
            ("audience", 4, 11), ("variants[0].when", 9, 25), ("variants[1].weight", 11, 13), ("variants[1]", 10, 5),
            ("missing_field.city", 17, 24), ("retries.delays[1]", 21, 25), ("schedule", 18, 11),
            // What is not there stands where it would be.
            ("variants[1].when", 10, 5), ("budget", 1, 1),
        ]
    )
    func places(path: String, line: Int, column: Int) throws {
        let campaign = try CampaignFile.parse(self.source, fileName: "c.yaml", files: self.files)
        #expect(campaign.place(of: path) == Place(line: line, column: column))
        let text = "c.yaml:\(line):\(column): error: \(path): no such field"
        #expect(campaign.diagnostic(at: path, "no such field").description == text)
    }

    @Test("a place in a template becomes a place in the file it came from")
    func templatePlaces() throws {
        let campaign = try CampaignFile.parse(self.source, fileName: "c.yaml", files: self.files)
        // The braces of the subject's slot begin at column 4 of the value, which begins behind a quotation mark.
        let subject = campaign.variants[0].subject
        #expect(subject.place(line: 1, column: 4) == Place(line: 9, column: 56))
        #expect(self.text(at: subject.place(line: 1, column: 4)).hasPrefix("{{first_name}}"))
        let block = try #require(campaign.variants[1].text)
        #expect(self.text(at: block.place(line: 2, column: 6)).hasPrefix("{{first_name}},"))
        let plain = campaign.variants[1].subject
        #expect(self.text(at: plain.place(line: 1, column: 4)).hasPrefix("{{first_name}}"))
        let header = campaign.headers[0].value
        #expect(self.text(at: header.place(line: 1, column: 8)).hasPrefix("{{state}}"))
        let file = try #require(campaign.variants[0].text)
        #expect(file.diagnostic(line: 3, column: 9, "x").description == "jobs.txt:3:9: error: x")
    }

    private func text(at place: Place) -> String {
        let line = self.source.split(separator: "\n", omittingEmptySubsequences: false)[place.line - 1]
        return String(line.dropFirst(place.column - 1))
    }

    @Test(
        "where lines do not correspond, the beginning of the value is named",
        arguments: [
            ("\"a\\tb {{x}}\"", 1, 1), (">\n     a\n     {{x}}", 2, 1), ("a\n      {{x}}", 1, 3),
        ]
    )
    func unknownLayout(value: String, line: Int, column: Int) throws {
        let campaign = try CampaignFile.parse(
            "name: n\naudience: x\nfrom: a@b.c\nvariants:\n  - name: a\n    subject: s\n    text: \(value)\n",
            fileName: "c.yaml",
            files: [:]
        )
        let text = try #require(campaign.variants.first?.text)
        #expect(text.place(line: line, column: column) == text.start)
        #expect(text.start.line == 7)
    }
}
