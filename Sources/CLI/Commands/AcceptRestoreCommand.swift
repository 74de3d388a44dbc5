import ArgumentParser
import Domain

/// Runs `postrider accept-restore`.
struct AcceptRestoreCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "accept-restore",
        abstract: "Sends again on data that were restored from a backup, copied or moved.",
        discussion: HelpText.with(
            """
            Only the one who knows that no other coordinator works on the original may say so. Whatever may have been sent since the \
            backup is in doubt afterwards; `postrider campaign resolve` decides about it.
            """,
            examples: "postrider accept-restore --token-file tokens/admin.token"
        )
    )

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let document = try await surroundings.withClient(role: .admin) { try await $0.post("/v1/restore/accept") }
        try surroundings.show(document, as: RestoreStatus.self) { Self.lines($0, style: surroundings.style) }
    }

    static func lines(_ status: RestoreStatus, style: Style) -> [String] {
        guard let reason = status.reason else { return ["Nothing was restored; there is nothing to accept."] }
        var lines = ["Accepted, although \(Printable.foreign(reason))."]
        guard !status.campaigns.isEmpty else { return lines + ["No campaign was at work."] }
        var table = Table([.init("ID"), .init("NAME"), .init("STATE"), .init("IN DOUBT", .right)])
        for campaign in status.campaigns {
            table.add([
                Printable.foreign(campaign.id),
                Printable.foreign(campaign.name),
                style.state(Printable.foreign(campaign.state)),
                NumberText.grouped(campaign.targets),
            ])
        }
        lines += table.lines(style: style)
        if let first = status.campaigns.first(where: { $0.targets > 0 }) {
            let id = Printable.foreign(first.id)
            lines.append("Decide about each: \(style.bold("postrider campaign resolve \(id) --resend")), or --skip")
        }
        if status.campaigns.contains(where: { $0.state == "submitted" }) {
            lines.append("What is submitted again needs another approval.")
        }
        return lines
    }
}
