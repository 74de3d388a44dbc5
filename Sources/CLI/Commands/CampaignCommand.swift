import ArgumentParser
import Domain
import Mail
import UserFiles

/// Runs `postrider campaign`.
struct CampaignCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "campaign",
        abstract: "Checks, submits, starts and follows campaigns.",
        subcommands: [
            CampaignCheckCommand.self, CampaignPlanCommand.self, CampaignPreviewCommand.self,
            CampaignSubmitCommand.self,
            CampaignCloneCommand.self, CampaignShowCommand.self, CampaignApproveCommand.self,
            CampaignStartCommand.self,
            CampaignPauseCommand.self, CampaignResumeCommand.self, CampaignCancelCommand.self,
            CampaignStatusCommand.self, CampaignWatchCommand.self, CampaignReportCommand.self,
            CampaignTargetsCommand.self, CampaignRetryCommand.self, CampaignResolveCommand.self,
        ]
    )

    /// The path of a campaign in the API.
    static func path(_ id: String, _ rest: String = "") -> String { "/v1/campaigns/\(APIClient.escaped(id))\(rest)" }
}

/// A campaign file as the API takes it.
struct CampaignUpload: Encodable, Sendable {
    let file: String
    let source: String
    let files: [String: String]

    /// Reads the file with all that it names, and finds what can be found without a coordinator.
    static func read(_ path: String) throws(Failure) -> CampaignUpload {
        do {
            let source = try CampaignSource.read(path: path) { text in
                Template.includes(in: text).map { .init(name: $0.name, line: $0.line, column: $0.column) }
            }
            _ = try CampaignFile.parse(source.source, fileName: source.fileName, files: source.files)
            return CampaignUpload(file: source.fileName, source: source.source, files: source.files)
        } catch {
            throw Failure(.badInput, "", diagnostics: error.diagnostics)
        }
    }
}

/// Runs `postrider campaign check`.
struct CampaignCheckCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "What a campaign file would do: its audience, its variants, and what is wrong with it.",
        discussion: HelpText.with(examples: "postrider campaign check first-caucus.yaml")
    )

    @Argument(help: "The campaign file.", completion: .file())
    var file: String

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let upload = try CampaignUpload.read(self.file)
        let document = try await surroundings.withClient { try await $0.post("/v1/campaigns/check", body: upload) }
        let check = try document.decode(CampaignCheck.self)
        let style = surroundings.style
        try surroundings.show(document, as: CampaignCheck.self) { Self.lines($0, style: style) }
        let diagnostics = check.diagnostics.map(\.diagnostic)
        guard !diagnostics.contains(where: { $0.severity == .error }) else {
            throw Failure(.badInput, "", diagnostics: diagnostics)
        }
        surroundings.warn(diagnostics)
    }

    static func lines(_ check: CampaignCheck, style: Style) -> [String] {
        var lines = ["\(style.bold(Printable.foreign(check.name)))  \(NumberText.grouped(check.audience)) people"]
        func section(_ title: String, _ rows: [(String, Int)]) {
            guard !rows.isEmpty else { return }
            lines.append("")
            var table = Table([.init(title), .init("PEOPLE", .right)])
            for (name, count) in rows { table.add(["  \(Printable.foreign(name))", NumberText.grouped(count)]) }
            lines += table.lines(style: style)
        }
        section("VARIANT", check.variants.map { ($0.name, $0.targets) })
        section("WITHOUT THE FIELD", check.missing.filter { $0.targets > 0 }.map { ($0.field, $0.targets) })
        section("NOT WRITTEN TO, BECAUSE", check.excluded.filter { $0.targets > 0 }.map { ($0.reason, $0.targets) })
        return lines
    }
}

/// Runs `postrider campaign submit`.
struct CampaignSubmitCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Hands a campaign in for approval, and prints its id.",
        discussion: HelpText.with(
            examples: "postrider campaign submit first-caucus.yaml",
            "postrider campaign submit first-caucus.yaml --id c1"
        )
    )

    @Argument(help: "The campaign file.", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("Replace this campaign, which has not started; its approval is void.", valueName: "id"))
    var id: String?

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let upload = try CampaignUpload.read(self.file)
        let query = [("id", self.id)]
        let document = try await surroundings.withClient { try await $0.post("/v1/campaigns", query, body: upload) }
        // The id alone, so that a script can keep it: ID=$(postrider campaign submit c.yaml).
        try surroundings.show(document, as: SubmittedCampaign.self) { [Printable.foreign($0.id)] }
        guard !surroundings.isJSON else { return }
        let submitted = try document.decode(SubmittedCampaign.self)
        surroundings.warn(submitted.diagnostics.map(\.diagnostic))
        for field in submitted.missing where field.targets > 0 {
            surroundings.terminal.note(
                "\(NumberText.grouped(field.targets)) of \(NumberText.grouped(submitted.audience)) people have no "
                    + Printable.foreign(field.field)
            )
        }
        if surroundings.terminal.isErrorTerminal {
            surroundings.terminal.note(
                "Next: postrider campaign approve \(Printable.foreign(submitted.id)), by somebody else"
            )
        }
    }
}

extension Surroundings {
    /// Shows warnings on stderr.
    func warn(_ diagnostics: [Diagnostic]) {
        for line in Failure(.done, "", diagnostics: diagnostics).lines(style: self.terminal.error) {
            self.terminal.note(line)
        }
    }
}
