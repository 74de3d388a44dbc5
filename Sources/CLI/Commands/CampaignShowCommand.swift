import ArgumentParser
import Domain

/// Runs `postrider campaign show`.
struct CampaignShowCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "A campaign as it was submitted: its file, texts and segments, and their digest.",
        discussion: HelpText.with(
            "This is what an approval covers. `postrider campaign approve ID --digest D` approves this and nothing else.",
            examples: "postrider campaign show c1"
        )
    )

    @Argument(help: "The campaign.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let path = CampaignCommand.path(self.id, "/file")
        let document = try await surroundings.withClient(role: .viewer) { try await $0.get(path) }
        let style = surroundings.style
        try surroundings.show(document, as: SubmittedText.self) { Self.lines($0, style: style) }
        guard !surroundings.isJSON, surroundings.terminal.isErrorTerminal else { return }
        let text = try document.decode(SubmittedText.self)
        guard text.state == "submitted" else { return }
        let id = Printable.foreign(text.id)
        surroundings.terminal.note("Next: postrider campaign approve \(id) --digest \(Printable.foreign(text.digest))")
    }

    /// What stands in the files is indented, so that none of it passes for a line of ours.
    static func lines(_ text: SubmittedText, style: Style) -> [String] {
        let state = style.state(Printable.foreign(text.state))
        var lines = ["\(style.bold(Printable.foreign(text.id)))  \(Printable.foreign(text.name))  \(state)"]
        var table = Table([.init(""), .init("")])
        table.add(["  digest", Printable.foreign(text.digest)])
        let submitted = "\(text.submittedAt) by \(text.submittedBy), revision \(text.revision)"
        table.add(["  submitted", Printable.foreign(submitted)])
        if let by = text.approvedBy, let at = text.approvedAt {
            table.add(["  approved", Printable.foreign("\(at) by \(by)")])
        }
        table.add(["  relay", Printable.foreign(text.relay)])
        lines += table.lines(style: .plain).dropFirst()
        func section(_ title: String, _ content: String) {
            lines += ["", style.bold(Printable.foreign(title))]
            var parts = content.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            if parts.last?.isEmpty == true { parts.removeLast() }
            lines += parts.map { $0.isEmpty ? "" : "  " + Printable.foreign(String($0).replacing("\t", with: "    ")) }
        }
        section(text.file, text.source)
        for (name, content) in text.files.sorted(by: { $0.key < $1.key }) { section(name, content) }
        for (name, expression) in text.segments.sorted(by: { $0.key < $1.key }) {
            section("segment \(name)", expression)
        }
        return lines
    }
}

/// `GET /v1/campaigns/{id}/file`.
struct SubmittedText: Decodable, Sendable {
    var id: String
    var name: String
    var state: String
    var revision: Int
    var digest: String
    var submittedBy: String
    var submittedAt: String
    var approvedBy: String?
    var approvedAt: String?
    var relay: String
    var file: String
    var source: String
    var files: [String: String]
    var segments: [String: String]

    enum CodingKeys: String, CodingKey {
        case id, name, state, revision, digest
        case submittedBy = "submitted_by"
        case submittedAt = "submitted_at"
        case approvedBy = "approved_by"
        case approvedAt = "approved_at"
        case relay, file, source, files, segments
    }
}
