import ArgumentParser
import Domain

/// Runs `postrider token`.
struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Who may ask what: a token for each person or program, with a role.",
        subcommands: [Add.self, List.self, Revoke.self]
    )

    static let roles = Role.allCases.map(\.name).joined(separator: ", ")

    /// Runs `postrider token add`.
    struct Add: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Makes a token and prints it; only its hash is kept, so it is shown this once.",
            discussion: """
                viewer reads; operator also imports, submits, starts, pauses, cancels, retries and resolves; approver also \
                approves and overrides; admin may do everything.

                Example: postrider token add ann --role approver --expires 90d > ann.token
                """
        )

        @Argument(help: "1 to 64 of a-z, 0-9 and \"-\"; what the audit calls its holder.")
        var name: String

        @Option(
            help: ArgumentHelp("What it may do: \(TokenCommand.roles).", valueName: "role"),
            completion: .list(Role.allCases.map(\.name))
        )
        var role: String

        @Option(
            help: ArgumentHelp("How long it counts, for example 90d (else until it is revoked).", valueName: "time")
        )
        var expires: String?

        @OptionGroup var global: GlobalOptions

        func validate() throws {
            guard Role(name: self.role) != nil else {
                throw ValidationError("\"\(self.role)\" is no role; allowed: \(TokenCommand.roles).")
            }
            guard self.expires == nil || self.expiresIn != nil else {
                throw ValidationError("--expires must be \(DurationText.grammar), at least a minute.")
            }
        }

        /// Whole seconds.
        private var expiresIn: Int? {
            guard let text = self.expires, let time = DurationText.milliseconds(text), time >= 60_000 else {
                return nil
            }
            return Int(time / 1_000)
        }

        func run(in surroundings: Surroundings) async throws {
            let body = NewToken(name: self.name, role: self.role, expiresIn: self.expiresIn)
            let document = try await surroundings.withClient(role: .admin) {
                try await $0.post("/v1/tokens", body: body)
            }
            let made = try document.decode(MadeToken.self)
            try surroundings.show(document, as: MadeToken.self) { [$0.token] }
            guard !surroundings.isJSON else { return }
            let end = made.expiresAt.map { ", until \(Printable.foreign($0))" } ?? ""
            surroundings.terminal.note("\(self.name) may do what role \(self.role) may\(end). It is not shown again.")
        }
    }

    /// Runs `postrider token list`.
    struct List: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "All tokens with their roles and when they were last used.",
            discussion: HelpText.with(examples: "postrider token list")
        )

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            let document = try await surroundings.withClient(role: .admin) { try await $0.get("/v1/tokens") }
            try surroundings.show(document, as: TokenList.self) { Self.lines($0.tokens, style: surroundings.style) }
        }

        static func lines(_ tokens: [TokenStatus], style: Style) -> [String] {
            var table = Table([
                .init("NAME"), .init("ROLE"), .init("STATE"), .init("MADE BY"), .init("EXPIRES"), .init("LAST USED"),
            ])
            for token in tokens {
                table.add([
                    Printable.foreign(token.name),
                    Printable.foreign(token.role),
                    style.state(Printable.foreign(token.state)),
                    Printable.foreign(token.madeBy ?? "(file)"),
                    Printable.foreign(token.expiresAt ?? "never"),
                    Printable.foreign(token.usedAt ?? "never"),
                ])
            }
            return table.lines(style: style)
        }
    }

    /// Runs `postrider token revoke`.
    struct Revoke: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "revoke",
            abstract: "Makes a token worthless from now on, also one that is a file.",
            discussion: HelpText.with(examples: "postrider token revoke ann")
        )

        @Argument(help: "Its name, as in the list.")
        var name: String

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            let path = "/v1/tokens/\(APIClient.escaped(self.name))"
            let document = try await surroundings.withClient(role: .admin) { try await $0.delete(path) }
            try surroundings.show(document, as: TokenStatus.self) { ["\(Printable.foreign($0.name)) is revoked."] }
        }
    }
}

private struct NewToken: Encodable, Sendable {
    var name: String
    var role: String
    var expiresIn: Int?

    enum CodingKeys: String, CodingKey {
        case name
        case role
        case expiresIn = "expires_in"
    }
}

private struct MadeToken: Decodable {
    var token: String
    var expiresAt: String?

    enum CodingKeys: String, CodingKey {
        case token
        case expiresAt = "expires_at"
    }
}

struct TokenList: Decodable, Sendable {
    var tokens: [TokenStatus]
}

struct TokenStatus: Decodable, Sendable {
    var name: String
    var role: String
    var state: String
    var madeBy: String?
    var expiresAt: String?
    var usedAt: String?

    enum CodingKeys: String, CodingKey {
        case name
        case role
        case state
        case madeBy = "made_by"
        case expiresAt = "expires_at"
        case usedAt = "used_at"
    }
}
