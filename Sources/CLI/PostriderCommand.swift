import ArgumentParser
import Domain
import Glibc

/// `postrider`: everything an operator does.
@main
struct PostriderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postrider",
        abstract: "Sends each of many people a message in words that fit them, once.",
        discussion: """
            Begin with `postrider init --dir D` and `postrider up` in that folder.

            Exit codes: 0 done, 1 failed, 64 usage, 65 bad input, 69 no coordinator answers, 77 not allowed.
            """,
        version: Build.version,
        groupedSubcommands: [
            CommandGroup(name: "Begin", subcommands: [InitCommand.self, UpCommand.self, DoctorCommand.self]),
            CommandGroup(
                name: "People",
                subcommands: [
                    ContactsCommand.self, ImportsCommand.self, SegmentCommand.self, SuppressCommand.self,
                    WhyCommand.self,
                ]
            ),
            CommandGroup(name: "Campaigns", subcommands: [CampaignCommand.self, TopCommand.self]),
            CommandGroup(
                name: "Cluster",
                subcommands: [
                    WorkersCommand.self, WorkerCommand.self, TokenCommand.self, AuditCommand.self, DKIMCommand.self,
                    AcceptRestoreCommand.self,
                ]
            ),
            CommandGroup(
                name: "Try things",
                subcommands: [SinkCommand.self, SampleContactsCommand.self, BouncesCommand.self]
            ),
        ]
    )

    static func main() async {
        // A reader that leaves (`| head`) shows as an error of write, which Terminal handles.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            Self.exit(withError: error)
        }
    }
}
