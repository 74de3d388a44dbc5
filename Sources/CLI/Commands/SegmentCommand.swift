import ArgumentParser
import Domain

/// Runs `postrider segment`.
struct SegmentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment",
        abstract: "Expressions over contacts' fields.",
        subcommands: [Count.self]
    )

    /// Runs `postrider segment count`.
    struct Count: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "count",
            abstract: "How many contacts an expression fits, as in \"state = 'IA' and first_time\"."
        )

        @Argument(help: "The expression; quote it for the shell.")
        var expression: String

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            let body = ["expression": self.expression]
            let document = try await surroundings.withClient(role: .operator) { client in
                try await client.post("/v1/segments/count", body: body)
            }
            try surroundings.show(document, as: SegmentCount.self) { [NumberText.grouped($0.count)] }
        }
    }
}
