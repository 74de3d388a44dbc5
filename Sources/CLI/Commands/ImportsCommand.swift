import ArgumentParser

/// Runs `postrider imports`.
struct ImportsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imports",
        abstract: "What was imported, and taking it back.",
        subcommands: [ImportsListCommand.self, ImportsUndoCommand.self]
    )
}

/// Runs `postrider imports list`.
struct ImportsListCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The newest thousand imports, newest first.",
        discussion: HelpText.with(examples: "postrider imports list")
    )

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let document = try await surroundings.withClient { try await $0.get("/v1/imports") }
        try surroundings.show(document, as: ImportListings.self) { Self.lines($0.imports, style: surroundings.style) }
    }

    static func lines(_ imports: [ImportListings.Entry], style: Style) -> [String] {
        guard !imports.isEmpty else { return ["nothing was imported yet"] }
        var table = Table([
            .init("ID"), .init("STATE"), .init("ROWS", .right), .init("CREATED", .right), .init("UPDATED", .right),
            .init("UNCHANGED", .right), .init("REJECTED", .right), .init("AT"), .init("FILE"),
        ])
        for entry in imports {
            let counts = [entry.rows, entry.created, entry.updated, entry.unchanged, entry.rejected]
            table.add(
                [entry.id, entry.state] + counts.map(NumberText.grouped) + [
                    entry.startedAt, Printable.foreign(entry.file),
                ]
            )
        }
        return table.lines(style: style)
    }
}

/// Runs `postrider imports undo`.
struct ImportsUndoCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Takes back what an import did: contacts are as they were before it.",
        discussion: HelpText.with(
            "Imports are undone newest first. Messages that were sent stay sent, and who unsubscribed stays unsubscribed.",
            examples: "postrider imports undo i3"
        )
    )

    @Argument(help: "The import, as imports list names it.")
    var id: String

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let document = try await surroundings.withClient { client in
            try await client.post("/v1/imports/\(APIClient.escaped(self.id))/undo", timeout: nil)
        }
        try surroundings.show(document, as: ImportListings.Entry.self) { Self.lines($0, style: surroundings.style) }
    }

    static func lines(_ entry: ImportListings.Entry, style: Style) -> [String] {
        let file = Printable.foreign(entry.file)
        guard let others = entry.overlapped, !others.isEmpty else {
            return ["\(entry.id) is undone: contacts are as they were before \(file)"]
        }
        return [
            "\(entry.id) is undone",
            "\(style.yellow("warning:")) it ran at the same time as \(others.joined(separator: ", ")), under an older version: "
                + "contacts that both changed may not be as they were before \(file)",
        ]
    }
}

/// Answer of `GET /v1/imports`.
struct ImportListings: Decodable, Sendable {
    var imports: [Entry]

    struct Entry: Decodable, Sendable {
        var id: String
        var file: String
        var state: String
        var startedAt: String
        var rows: Int
        var created: Int
        var updated: Int
        var unchanged: Int
        var rejected: Int
        /// Of an import that was undone; `nil` from a coordinator that does not tell.
        var overlapped: [String]?

        enum CodingKeys: String, CodingKey {
            case id, file, state, rows, created, updated, unchanged, rejected, overlapped
            case startedAt = "started_at"
        }
    }
}
