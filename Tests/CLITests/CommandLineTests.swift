import ArgumentParser
import Domain
import NIOCore
import Testing
import UserFiles

@testable import CLI

@Suite("The command line")
struct CommandLineTests {
    private static let leaves: [[String]] = [
        ["init"], ["up"], ["contacts", "import", "f.csv"], ["segment", "count", "x = 1"],
        ["campaign", "check", "c.yaml"],
        ["campaign", "submit", "c.yaml"], ["campaign", "show", "c1"], ["campaign", "approve", "c1"],
        ["campaign", "start", "c1"],
        ["campaign", "pause", "c1"], ["campaign", "resume", "c1"], ["campaign", "cancel", "c1"],
        ["campaign", "status"],
        ["campaign", "status", "c1"], ["campaign", "watch", "c1"], ["campaign", "report", "c1"],
        ["campaign", "targets", "c1"], ["workers"], ["worker", "add", "w2"], ["worker", "remove", "w2"],
        ["worker", "drain", "w2"], ["worker", "drain", "w2", "--undo"], ["sink"],
        ["sample-contacts"], ["bounces", "classify", "a.eml", "b.eml"],
    ]

    @Test("global options are accepted after every subcommand", arguments: Self.leaves)
    func globalOptions(arguments: [String]) throws {
        let options = ["--config", "p.yaml", "--url", "http://h:1", "--token-file", "t", "--json"]
        let command = try PostriderCommand.parseAsRoot(arguments + options)
        let leaf = try #require(command as? any PostriderLeaf)
        #expect(leaf.global.config == "p.yaml")
        #expect(leaf.global.url == "http://h:1")
        #expect(leaf.global.tokenFile == "t")
        #expect(leaf.global.json)
    }

    @Test(
        "a wrong command line exits with 64",
        arguments: [
            ["nope"], ["campaign", "nope"], ["campaign", "approve"], ["up", "--workers", "0"],
            ["up", "--workers", "65"],
            ["up", "--workers", "many"], ["contacts", "import"], ["contacts", "import", "f", "--on-conflict", "guess"],
            ["contacts", "import", "f", "--map"], ["campaign", "targets", "c1", "--outcome", "lost"],
            ["campaign", "report", "c1", "--csv", "--json"], ["campaign", "report", "c1", "--by", ""],
            ["segment", "count", "x = 1", "--by", ""], ["campaign", "approve", "c1", "--digest", "abc"],
            ["campaign", "approve", "c1", "--digest", ""],
            ["campaign", "preview", "c.yaml", "--contact", "a@b.example", "--seed", "1"], ["worker", "add", "W 2"],
            ["worker", "add", "w", "--coordinator", "x"],
            ["sink", "--listen", "nowhere"], ["sample-contacts", "--count", "0"], ["status", "--config"],
        ]
    )
    func usage(arguments: [String]) {
        do {
            _ = try PostriderCommand.parseAsRoot(arguments)
            Issue.record("\(arguments) was accepted")
        } catch {
            #expect(PostriderCommand.exitCode(for: error).rawValue == 64)
        }
    }

    @Test("help exits with 0", arguments: [["--help"], ["campaign", "--help"], ["--version"]])
    func help(arguments: [String]) {
        do {
            var command = try PostriderCommand.parseAsRoot(arguments)
            try command.run()
            Issue.record("help is an error of its own kind")
        } catch {
            #expect(PostriderCommand.exitCode(for: error).rawValue == 0)
        }
    }

    @Test(
        "exit codes are the contract's",
        arguments: [
            (CommandStatus.done, 0), (.failed, 1), (.usage, 64), (.badInput, 65), (.unreachable, 69), (.notAllowed, 77),
        ] as [(CommandStatus, Int32)]
    )
    func exitCodes(status: CommandStatus, code: Int32) {
        #expect(status.rawValue == code)
    }

    @Test(
        "an HTTP status becomes an exit code",
        arguments: [
            (400, CommandStatus.badInput), (401, .notAllowed), (403, .notAllowed), (404, .failed), (409, .failed),
            (413, .badInput), (422, .badInput), (500, .failed), (503, .unreachable), (507, .failed), (302, .failed),
        ]
    )
    func statuses(code: Int, status: CommandStatus) {
        let body = Array(
            #"{"title":"T","status":1,"detail":"D","diagnostics":[{"severity":"error","line":2,"message":"m"}]}"#.utf8
        )
        let failure = ProblemDocument.failure(code: code, body: body, tokenFile: "t")
        #expect(failure.status == status)
        #expect(failure.diagnostics == [Diagnostic(line: 2, "m")])
        #expect(failure.document != nil)
        #expect(ProblemDocument.failure(code: code, body: Array("<html>".utf8), tokenFile: "t").status == status)
    }

    @Test("a result of an import always has every key")
    func importSummary() throws {
        let report = try Document(bytes: .init(string: Self.importReport)).decode(ImportReport.self)
        #expect(
            try JSONText.of(ImportSummary(report, rejectsFile: nil))
                == #"{"created":1,"first_warnings":[],"id":"3","opt_outs":[],"rejected":4,"rejects_file":null,"rows":10,"unchanged":3,"#
                + #""unclear":[],"updated":2,"warned_columns":[],"warnings":5}"#
        )
        let named = try JSONText.of(ImportSummary(report, rejectsFile: "/a/b.rejects.csv"))
        #expect(named.contains(#""rejects_file":"/a/b.rejects.csv""#))
        let lines = ContactsImportCommand.lines(report, nil, seconds: 0, style: .plain)
        #expect(lines.contains { $0.contains("import") && $0.hasSuffix("3  postrider imports undo 3 takes it back") })
        let tried = try Document(bytes: .init(string: Self.importReport.replacing(#""id":3"#, with: #""id":null"#)))
            .decode(ImportReport.self)
        #expect(try JSONText.of(ImportSummary(tried, rejectsFile: nil)).contains(#""id":null"#))
        #expect(!ContactsImportCommand.lines(tried, nil, seconds: 0, style: .plain).contains { $0.contains("undo") })
    }

    @Test("undoing one of two imports that ran at the same time says that not all may be as before")
    func undoneImport() throws {
        let text =
            #"{"id":"i5","file":"d.csv","state":"undone","started_at":"","rows":1,"created":0,"updated":1,"unchanged":0,"rejected":0,"#
        for (others, lines) in [("[]", 1), (#"["i4"]"#, 2)] {
            let entry = try Document(bytes: .init(string: "\(text)\"overlapped\":\(others)}"))
                .decode(ImportListings.Entry.self)
            let said = ImportsUndoCommand.lines(entry, style: .plain)
            #expect(said.count == lines && said.joined().contains("as they were before d.csv"))
            #expect(said.joined().contains("same time as i4") == (lines == 2))
        }
    }

    @Test("warnings are told with their place, and how many each column has")
    func importWarnings() throws {
        let text = Self.importReport.replacing(
            #""fields""#,
            with: #""first_warnings":[{"line":2,"column":3,"reason":"age: '7A'"}],"warned_columns":["#
                + #"{"column":"age","warnings":1},{"column":"zip","warnings":3},{"column":null,"warnings":1}],"fields""#
        )
        let report = try Document(bytes: .init(string: text)).decode(ImportReport.self)
        let lines = ContactsImportCommand.lines(report, nil, seconds: 0, style: .plain)
        #expect(lines.contains { $0.contains("warnings") && $0.hasSuffix("3 in zip, 1 in age, 1 in whole rows") })
        let document = try JSONText.of(ImportSummary(report, rejectsFile: nil))
        #expect(document.contains(#""first_warnings":[{"column":3,"line":2,"reason":"age: '7A'"}]"#))
        #expect(document.contains(#"{"column":null,"warnings":1}"#))
    }

    private static let importReport = #"""
        {"id":3,"rows":10,"created":1,"updated":2,"unchanged":3,"rejected":4,"warnings":5,
         "first_rejects":[{"line":2,"column":null,"reason":"no address"}],"fields":[]}
        """#

    @Test(
        "rejects go beside the file, under its name",
        arguments: [
            ("/data/iowa.csv", true, "/data/iowa.rejects.csv"), ("/data/iowa", true, "/data/iowa.rejects.csv"),
            ("/data/a.b.tsv", true, "/data/a.b.rejects.csv"),
        ]
    )
    func rejects(file: String, isRegular: Bool, path: String) {
        #expect(RejectsFile.path(beside: file, isRegular: isRegular) == path)
        #expect(!RejectsFile.path(beside: "/dev/stdin", isRegular: false).hasPrefix("/dev/"))
    }

    @Test(
        "what stands in a path or a query is escaped",
        arguments: [
            ("c7", "c7"), ("a b&c=d/e?f", "a%20b%26c%3Dd%2Fe%3Ff"), ("\u{1}ü", "%01%C3%BC"), ("~-._", "~-._"),
        ]
    )
    func escaping(text: String, escaped: String) {
        #expect(APIClient.escaped(text) == escaped)
    }

    @Test("a log line of up has the form of the services' lines")
    func logLines() {
        let now = Timestamp(milliseconds: 0)
        let fields: [(String, ClusterLog.Value)] = [("workers", .number(2)), ("reason", .text("a \"b\""))]
        #expect(
            ClusterLog.line(now, "info", "ready", "All is well", fields, isJSON: true)
                == #"{"ts":"1970-01-01T00:00:00.000Z","level":"info","event":"ready","msg":"All is well","workers":2,"reason":"a \"b\""}"#
        )
        #expect(
            ClusterLog.line(now, "info", "ready", "All is well", [("workers", .number(2))], isJSON: false)
                == "1970-01-01T00:00:00.000Z info ready All is well workers=2"
        )
    }
}
