import Domain
import Testing
import UserFiles

@Suite("Partials in the campaign's folder")
struct PartialFileTests {
    private func source(_ files: [String: String], text: String) throws -> Result<CampaignSource, FileProblems> {
        let folder = try TestFolder()
        defer { folder.remove() }
        for (name, text) in files { try folder.write(name, text) }
        let campaign = "{name: n, audience: '', from: a@b.c, variants: [{name: v, subject: s, text: \"\(text)\"}]}"
        try folder.write("c.yaml", campaign)
        let path = "\(folder.path)/c.yaml"
        return Result { () throws(FileProblems) in
            try CampaignSource.read(path: path) { text in
                // As simple as a test may be: names between the marks, on one line.
                text.split(separator: "{{>", omittingEmptySubsequences: false).dropFirst().map {
                    CampaignSource.PartialUse(name: String($0.prefix { $0 != "}" }), line: 1, column: 1)
                }
            }
        }
    }

    @Test("a partial is a file, and brings those that it includes itself")
    func nested() throws {
        let files = ["footer.mustache": "bye {{>legal.txt}}", "legal.txt": "{{>footer}}", "other.txt": "x"]
        let source = try self.source(files, text: "{{>footer}}").get()
        #expect(Set(source.files.keys) == ["footer.mustache", "legal.txt"])
        let campaign = try CampaignFile.parse(source.source, fileName: "c.yaml", files: source.files)
        #expect(campaign.partials["footer"] == "bye {{>legal.txt}}")
        #expect(campaign.partials["legal.txt"] == "{{>footer}}")
    }

    @Test(
        "a partial that cannot be read is named with its place",
        arguments: [
            ("missing", "{{>missing}}: the file \"missing.mustache\" does not exist"),
            ("../secret.txt", "{{>../secret.txt}}: \"../secret.txt\" is not allowed"),
            ("/etc/passwd", "{{>/etc/passwd}}: \"/etc/passwd.mustache\" is not allowed"),
        ]
    )
    func problems(name: String, message: String) throws {
        guard case .failure(let problems) = try self.source([:], text: "{{>\(name)}}") else {
            Issue.record("was read")
            return
        }
        #expect(problems.diagnostics.count == 1)
        #expect(problems.diagnostics[0].message.hasPrefix(message))
        #expect(problems.diagnostics[0].line == 1 && problems.diagnostics[0].column > 1)
    }
}
