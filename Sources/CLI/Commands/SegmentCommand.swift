import ArgumentParser
import Domain

/// Runs `postrider segment`.
struct SegmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment",
        abstract: "Expressions over contacts' fields, and names for them.",
        subcommands: [Count.self, Define.self, List.self, Show.self]
    )

    /// Runs `postrider segment count`.
    struct Count: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "count",
            abstract: "How many contacts an expression fits, as in \"state = 'IA' and first_time\".",
            discussion: HelpText.with(
                examples: "postrider segment count \"state = 'IA' and first_time\"",
                "postrider segment count \"birth_date > today - 30y\" --by city"
            )
        )

        @Argument(help: "The expression; quote it for the shell.")
        var expression: String

        @Option(
            help: ArgumentHelp("One row for each of these.", valueName: "site|FIELD"),
            completion: .list(["site"])
        )
        var by: String?

        @OptionGroup var global: GlobalOptions

        func validate() throws {
            if self.by?.isEmpty == true {
                throw ValidationError("--by is empty; allowed: site, or the name of a field.")
            }
        }

        func run(in surroundings: Surroundings) async throws {
            let body = ["expression": self.expression, "by": self.by].compactMapValues { $0 }
            let document = try await surroundings.withClient(role: .operator) { client in
                try await client.post("/v1/segments/count", body: body)
            }
            let (style, by) = (surroundings.style, self.by)
            try surroundings.show(document, as: SegmentCount.self) { Self.lines($0, by: by, style: style) }
        }

        static func lines(_ answer: SegmentCount, by: String?, style: Style) -> [String] {
            guard let by else { return [NumberText.grouped(answer.count)] }
            var table = Table([.init(by.uppercased()), .init("PEOPLE", .right), .init("%", .right)])
            for row in answer.rows ?? [] {
                table.add([
                    row.key.isEmpty ? "(none)" : Printable.foreign(row.key), NumberText.grouped(row.count),
                    NumberText.percent(row.count, of: answer.count),
                ])
            }
            return table.lines(style: style) + ["\(NumberText.grouped(answer.count)) people"]
        }
    }

    /// Runs `postrider segment define`.
    struct Define: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "define",
            abstract: "Gives an expression a name, or a name another expression.",
            discussion: """
                A campaign's audience can be {segment: NAME}, and expressions can have segment(NAME) in them. Campaigns that \
                were submitted keep the expression that they were submitted with.

                Example: postrider segment define iowa "state = 'IA' and email is not empty"
                """
        )

        @Argument(help: "The segment's name.")
        var name: String

        @Argument(help: "The expression; quote it for the shell.")
        var expression: String

        @OptionGroup var global: GlobalOptions

        func validate() throws {
            guard !self.name.isEmpty else { throw ValidationError("the segment's name must not be empty") }
        }

        func run(in surroundings: Surroundings) async throws {
            let path = SegmentCommand.path(self.name)
            let body = ["expression": self.expression]
            let document = try await surroundings.withClient { try await $0.put(path, body: body) }
            try surroundings.show(document, as: SegmentDefinition.self) {
                ["\($0.name) is \(Printable.foreign($0.expression))"]
            }
        }
    }

    /// Runs `postrider segment list`.
    struct List: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "The segments that were defined.",
            discussion: "Example: postrider segment list"
        )

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            let document = try await surroundings.withClient { try await $0.get("/v1/segments") }
            let style = surroundings.style
            try surroundings.show(document, as: SegmentList.self) { list in
                guard !list.segments.isEmpty else { return ["No segment was defined yet."] }
                var table = Table([.init("NAME"), .init("EXPRESSION")])
                for segment in list.segments { table.add([segment.name, Printable.foreign(segment.expression)]) }
                return table.lines(style: style)
            }
        }
    }

    /// Runs `postrider segment show`.
    struct Show: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "What a segment is, who defined it, and how many people it has now.",
            discussion: "Example: postrider segment show iowa"
        )

        @Argument(help: "The segment's name.")
        var name: String

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            let path = SegmentCommand.path(self.name)
            let document = try await surroundings.withClient { try await $0.get(path) }
            guard !surroundings.isJSON else {
                return try surroundings.show(document, as: SegmentDefinition.self) { _ in [] }
            }
            let body = ["expression": "segment('\(self.name.split(separator: "'").joined(separator: "''"))')"]
            let count = try await surroundings.withClient { try await $0.post("/v1/segments/count", body: body) }
                .decode(SegmentCount.self).count
            try surroundings.show(document, as: SegmentDefinition.self) { segment in
                [
                    "\(segment.name)  \(NumberText.grouped(count)) people",
                    "  \(Printable.foreign(segment.expression))",
                    "  defined by \(Printable.foreign(segment.definedBy)), \(segment.definedAt)",
                ]
            }
        }
    }

    static func path(_ name: String) -> String { "/v1/segments/\(APIClient.escaped(name))" }
}
