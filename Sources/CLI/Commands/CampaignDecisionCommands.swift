import ArgumentParser
import Domain

/// Runs `postrider campaign retry`.
struct CampaignRetryCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Tries again those who did not get their message.",
        discussion: HelpText.with(
            "A campaign that is finished runs again. What is suppressed stays suppressed: that is looked at again before each try.",
            examples: "postrider campaign retry c1 --outcome bounced"
        )
    )

    @Argument(help: "The campaign.")
    var id: String

    @Option(
        help: ArgumentHelp("Whom: \(Self.outcomes.joined(separator: ", ")).", valueName: "outcome"),
        completion: .list(Self.outcomes)
    )
    var outcome: String

    @OptionGroup var global: GlobalOptions

    private static let outcomes = [Outcome.bounced, .failed, .expired, .deferred].map(\.name)

    func validate() throws {
        guard !Self.outcomes.contains(self.outcome) else { return }
        if self.outcome == Outcome.inDoubt.name {
            throw ValidationError("What is in doubt may have been sent; see `postrider campaign resolve`.")
        }
        throw ValidationError(
            "\"\(self.outcome)\" cannot be retried; allowed: \(Self.outcomes.joined(separator: ", "))."
        )
    }

    func run(in surroundings: Surroundings) async throws {
        let path = CampaignCommand.path(self.id, "/retry")
        let body = ["outcome": self.outcome]
        let document = try await surroundings.withClient { try await $0.post(path, body: body) }
        try surroundings.showState(document)
    }
}

/// Runs `postrider campaign resolve`.
struct CampaignResolveCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "Decides about those of whom nobody knows whether they got their message.",
        discussion: HelpText.with(
            "See them with `postrider campaign targets ID --outcome in_doubt`.",
            examples: "postrider campaign resolve c1 --skip"
        )
    )

    @Argument(help: "The campaign.")
    var id: String

    @Flag(help: "Send to them again: some may get the message twice. A campaign that is finished runs again.")
    var resend = false

    @Flag(
        help: "Leave it at that: some may not have got the message. They stay in doubt, and are not asked about again."
    )
    var skip = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard self.resend != self.skip else { throw ValidationError("Say either --resend or --skip.") }
    }

    func run(in surroundings: Surroundings) async throws {
        let path = CampaignCommand.path(self.id, "/resolve")
        let body = ["decision": self.resend ? "resend" : "skip"]
        let document = try await surroundings.withClient { try await $0.post(path, body: body) }
        try surroundings.showState(document)
    }
}
