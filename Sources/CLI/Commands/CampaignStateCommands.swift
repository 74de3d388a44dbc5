import ArgumentParser

/// What the commands that move a campaign have in common: an id, a verb, and the status that comes back.
protocol CampaignStateLeaf: PostriderLeaf {
    static var verb: String { get }
    var id: String { get }
}

extension CampaignStateLeaf {
    func run(in surroundings: Surroundings) async throws {
        let path = CampaignCommand.path(self.id, "/\(Self.verb)")
        let document = try await surroundings.withClient { try await $0.post(path) }
        try surroundings.showState(document)
    }
}

extension Surroundings {
    /// Shows where a campaign stands, in a sentence.
    func showState(_ document: Document) throws(Failure) {
        try self.show(document, as: CampaignStatus.self) { status in
            let state = self.style.state(Printable.foreign(status.state))
            return ["\(Printable.foreign(status.id)) \(Printable.foreign(status.name)) is \(state)."]
        }
    }
}

/// Runs `postrider campaign approve`.
struct CampaignApproveCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "approve",
        abstract: "Approves what was submitted, and starts it, now or when its schedule says.",
        discussion: HelpText.with(
            """
            The one who submitted may not, unless the settings say `approval: self`. See --token-file. `postrider campaign show ID` \
            says what would be approved, and its digest; with --digest nothing else is.
            """,
            examples: "postrider campaign approve c1 --token-file tokens/approver.token"
        )
    )

    @Argument(help: "The campaign.")
    var id: String

    @Option(help: ArgumentHelp("Only what has this digest, as `campaign show` says it.", valueName: "digest"))
    var digest: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard let digest, digest.utf8.count != 64 || !digest.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return }
        throw ValidationError("--digest must be the 64 hexadecimal digits that `postrider campaign show` says.")
    }

    func run(in surroundings: Surroundings) async throws {
        let path = CampaignCommand.path(self.id, "/approve")
        let query = [("digest", self.digest)]
        let document = try await surroundings.withClient { try await $0.post(path, query) }
        try surroundings.showState(document)
    }
}

/// Runs `postrider campaign start`.
struct CampaignStartCommand: CampaignStateLeaf {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Starts an approved campaign now, before its scheduled start.",
        discussion: HelpText.with(examples: "postrider campaign start c1")
    )
    static let verb = "start"

    @Argument(help: "The campaign.")
    var id: String

    @OptionGroup var global: GlobalOptions
}

/// Runs `postrider campaign pause`.
struct CampaignPauseCommand: CampaignStateLeaf {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Stops sending within two seconds; `resume` goes on.",
        discussion: HelpText.with(examples: "postrider campaign pause c1")
    )
    static let verb = "pause"

    @Argument(help: "The campaign.")
    var id: String

    @OptionGroup var global: GlobalOptions
}

/// Runs `postrider campaign resume`.
struct CampaignResumeCommand: CampaignStateLeaf {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Goes on with a paused campaign.",
        discussion: HelpText.with(
            "One that a guard stopped goes on with --override only, which takes an approver: see --token-file.",
            examples: "postrider campaign resume c1"
        )
    )
    static let verb = "resume"

    @Argument(help: "The campaign.")
    var id: String

    @Flag(help: "Goes on although a guard stopped it.")
    var override = false

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let path = CampaignCommand.path(self.id, self.override ? "/override" : "/resume")
        let document = try await surroundings.withClient { try await $0.post(path) }
        try surroundings.showState(document)
    }
}

/// Runs `postrider campaign cancel`.
struct CampaignCancelCommand: CampaignStateLeaf {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Ends a campaign for good; what was not sent never will be.",
        discussion: HelpText.with(examples: "postrider campaign cancel c1")
    )
    static let verb = "cancel"

    @Argument(help: "The campaign.")
    var id: String

    @OptionGroup var global: GlobalOptions
}

/// Runs `postrider campaign status`.
struct CampaignStatusCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Where a campaign stands, or all of them.",
        discussion: HelpText.with(examples: "postrider campaign status", "postrider campaign status c1 --json")
    )

    @Argument(help: "The campaign; all without it.")
    var id: String?

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let style = surroundings.style
        if let id {
            let document = try await surroundings.withClient { try await $0.get(CampaignCommand.path(id)) }
            try surroundings.show(document, as: CampaignStatus.self) { StatusText.lines($0, style: style) }
        } else {
            let document = try await surroundings.withClient { try await CampaignList.all($0) }
            try surroundings.show(document, as: CampaignList.self) { StatusText.lines($0.campaigns, style: style) }
        }
    }
}
