import Domain
import Testing
import UserFiles

@Suite("Mistakes in campaign files")
struct CampaignProblemsTests {
    private static let base: [(key: String, value: String)] = [
        ("name", "n"), ("audience", "\"x = 1\""), ("from", "a@b.example"),
        ("variants", "[{name: a, subject: s, text: t}]"),
    ]

    /// The base with one key replaced, added (at the end) or, with an empty value, removed.
    private func source(_ key: String, _ value: String) -> String {
        var lines = Self.base.filter { $0.key != key }
        if !value.isEmpty { lines.append((key, value)) }
        return lines.map { "\($0.key): \($0.value)\n" }.joined()
    }

    private func problems(_ source: String, files: [String: String] = [:]) -> [Diagnostic] {
        do throws(FileProblems) {
            _ = try CampaignFile.parse(source, fileName: "c.yaml", files: files)
            return []
        } catch {
            return error.diagnostics
        }
    }

    @Test("the base of this table is right")
    func base() {
        #expect(self.problems(self.source("relay", "main")).isEmpty)
    }

    @Test(
        "a mistake is named with its key and what is allowed",
        arguments: [
            ("name", "", "name", "is missing"),
            ("name", "\"\"", "name", "1 to 100 characters"),
            ("name", "\"a\\nb\"", "name", "on one line"),
            ("audience", "", "audience", "an expression such as"),
            ("audience", "[a]", "audience", "an expression such as"),
            ("audience", "{list: a, segment: b}", "audience", "an expression such as"),
            ("audience", "{list: \"\"}", "audience", "the list has no name"),
            ("from", "", "from", "is missing"),
            ("from", "Ann", "from", "an address such as"),
            ("from", "\"a@b.c\\r\\nBcc: x@y.z\"", "from", "on one line"),
            ("reply_to", "nobody", "reply_to", "an address such as"),
            ("variants", "", "variants", "is missing"),
            ("variants", "[]", "variants", "1 to 100"),
            ("variants", "{name: a}", "variants", "a list of variants"),
            ("variants", "[{subject: s, text: t}]", "variants[0].name", "is missing"),
            ("variants", "[{name: A b, subject: s, text: t}]", "variants[0].name", "1 to 60 of a-z"),
            ("variants", "[{name: a, text: t}]", "variants[0].subject", "is missing"),
            ("variants", "[{name: a, subject: \"\", text: t}]", "variants[0].subject", "a text of one line"),
            ("variants", "[{name: a, subject: \"a\\nb\", text: t}]", "variants[0].subject", "a text of one line"),
            ("variants", "[{name: a, subject: s}]", "variants[0].text", "html_file"),
            ("variants", "[{name: a, subject: s, text: t, text_file: a.txt}]", "variants[0].text_file", "one of both"),
            ("variants", "[{name: a, subject: s, text_file: a.txt}]", "variants[0].text_file", "not sent along"),
            ("variants", "[{name: a, subject: s, text_file: ../a.txt}]", "variants[0].text_file", "folder"),
            ("variants", "[{name: a, subject: s, text_file: /etc/passwd}]", "variants[0].text_file", "folder"),
            ("variants", "[{name: a, subject: s, text: t, weight: 0}]", "variants[0].weight", "from 1 to 1000"),
            ("variants", "[{name: a, subject: s, text: t, weight: 1001}]", "variants[0].weight", "from 1 to 1000"),
            ("variants", "[{name: a, subject: s, text: t, when: \" \"}]", "variants[0].when", "leave it out"),
            ("variants", "[{name: a, subject: s, text: t, whn: x}]", "variants[0].whn", "\"when\""),
            (
                "variants", "[{name: a, subject: s, text: t}, {name: a, subject: s, text: t}]", "variants[1].name",
                "another"
            ),
            ("missing_field", "skip", "missing_field", "reject, blank"),
            ("missing_field", "{First Name: x}", "missing_field.First Name", "lower snake case"),
            ("missing_field", "{city: reject}", "missing_field.city", "leave the field out"),
            ("missing_field", "{city: blank}", "missing_field.city", "write \"\""),
            ("missing_field", "{city: [a]}", "missing_field.city", "a text"),
            ("headers", "[a]", "headers", "at most 20 pairs"),
            ("headers", "{Bcc: a@b.c}", "headers.Bcc", "written by Postrider"),
            ("headers", "{content-type: text/html}", "headers.content-type", "written by Postrider"),
            ("headers", "{\"X A\": b}", "headers.X A", "ASCII letters"),
            ("headers", "{X-A: \"b\\r\\nBcc: c\"}", "headers.X-A", "more than one line"),
            ("channel", "sms", "channel", "not available in this version"),
            ("channel", "pigeon", "channel", "allowed: email"),
            ("throttles", "[fast]", "throttles[0]", "quantity/period"),
            ("on_doubt", "guess", "on_doubt", "hold, resend"),
            ("weight", "101", "weight", "from 1 to 100"),
            ("schedule", "{expires_after: 91d}", "schedule.expires_after", "from 1s to 90d"),
            ("budget", "{max_messages: 0}", "budget.max_messages", "a whole number from 1 to"),
            ("budget", "{max_cost: -1}", "budget.max_cost", "a number from 0"),
            ("budget", "{}", "budget", "max_messages, max_cost, or both"),
            ("schedule", "{start: 2026-11-31T09:00}", "schedule.start", "a local time such as"),
            ("schedule", "{start: 2026-11-22}", "schedule.start", "a local time such as"),
            ("schedule", "{window: \"9-20\"}", "schedule.window", "HH:MM-HH:MM"),
            ("schedule", "{window: \"09:00-09:00\"}", "schedule.window", "HH:MM-HH:MM"),
            ("schedule", "{timezone: ../etc/passwd}", "schedule.timezone", "recipient, or an IANA"),
            ("schedule", "{timezone: Europe/Paris, home_timezone: UTC}", "schedule.home_timezone", "only with"),
            ("guards", "{bounces: never}", "guards.bounces", "off, or a group"),
            ("guards", "{bounces: {pause: 15}}", "guards.bounces.pause", "a share such as 15%"),
            ("guards", "{complaints: {pause: 101%}}", "guards.complaints.pause", "a share such as 15%"),
            ("guards", "{policy: {last: 1001}}", "guards.policy.last", "from 1 to 1000"),
            ("guards", "{deferrals: off}", "guards.deferrals", "unknown key"),
            ("caps", "{}", "caps", "a list of caps"),
            ("caps", "[3/7x]", "caps[0]", "3/7d"),
            ("caps", "[0/7d]", "caps[0]", "3/7d"),
            ("caps", "[1/367d]", "caps[0]", "up to 366d"),
            ("subject", "s", "subject", "unknown key"),
        ]
    )
    func mistakes(key: String, value: String, path: String, hint: String) throws {
        let found = self.problems(self.source(key, value))
        let problem = try #require(found.first)
        #expect(found.count == 1, "\(found.map(\.description))")
        #expect(problem.message.contains(path), "\(problem.description)")
        #expect(problem.message.contains(hint), "\(problem.description)")
        if !value.isEmpty {
            let line = self.source(key, value).split(separator: "\n").firstIndex { $0.hasPrefix("\(key):") }
            #expect(problem.line == (line ?? -1) + 1, "\(problem.description)")
        }
    }

    @Test("files named in a campaign are listed with their places, those outside its folder left out")
    func references() throws {
        let source = """
            variants:
              - { name: a, subject: s, text_file: texts/a.txt, html_file: ../b.html }
              - { name: b, subject: s, text_file: texts/a.txt }
            """
        let found = try CampaignSource.referencedFiles(in: source, fileName: "c.yaml")
        #expect(found.map(\.name) == ["texts/a.txt", "texts/a.txt"])
        #expect(found.map(\.path) == ["variants[0].text_file", "variants[1].text_file"])
        #expect(found.map(\.place.line) == [2, 3])
    }

    @Test("a campaign is read with the files it names")
    func readsFiles() throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try folder.write("c.yaml", "variants: [{text_file: texts/a.txt, html_file: a.html}]")
        try folder.write("texts/a.txt", "Grüße")
        try folder.write("a.html", "<p>")
        let campaign = try CampaignSource.read(path: "\(folder.path)/c.yaml")
        #expect(campaign.files == ["texts/a.txt": "Grüße", "a.html": "<p>"])
    }

    @Test(
        "only small regular text files inside the folder are read",
        arguments: [
            ("link.txt", "symbolic link"), ("linked/a.txt", "is not in a folder"), ("missing.txt", "does not exist"),
            ("folder", "no regular file"), ("large.txt", "more than 1048576 bytes"), ("latin.txt", "not UTF-8"),
            ("pipe", "no regular file"),
        ]
    )
    func refusesFiles(name: String, hint: String) throws {
        let folder = try TestFolder()
        defer { folder.remove() }
        try folder.fillWithOddFiles()
        try folder.write("c.yaml", "variants:\n  - text_file: \(name)\n")
        let error = try #require(throws: FileProblems.self) { try CampaignSource.read(path: "\(folder.path)/c.yaml") }
        #expect(
            error.description.hasPrefix(
                "\(folder.path)/c.yaml:2:16: error: variants[0].text_file: the file \"\(name)\""
            )
        )
        #expect(error.description.contains(hint), "\(error.description)")
    }
}
