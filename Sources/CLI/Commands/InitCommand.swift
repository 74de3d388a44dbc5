import ArgumentParser
import Foundation

/// Runs `postrider init`.
struct InitCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Makes a folder with settings, keys and tokens; changes nothing that is there.",
        discussion: HelpText.with(examples: "postrider init --dir my")
    )

    @Option(help: ArgumentHelp("Where.", valueName: "folder"), completion: .directory)
    var dir = "."

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let folder = URL(fileURLWithPath: self.dir).standardizedFileURL.path
        var installation = Installation(folder: folder)
        try installation.make()
        let next =
            folder == FileManager.default.currentDirectoryPath ? "postrider up" : "cd \(self.dir) && postrider up"
        if surroundings.isJSON {
            try surroundings.show(Result(folder: folder, created: installation.created, next: next))
            return
        }
        let style = surroundings.style
        let terminal = surroundings.terminal
        if installation.created.isEmpty {
            terminal.line("\(folder) has everything already; nothing was changed.")
        } else {
            terminal.line("Made in \(folder):")
            var table = Table([.init(""), .init("")])
            for name in installation.created { table.add(["  \(name)", style.faint(Self.explanation(of: name))]) }
            for line in table.lines(style: .plain).dropFirst() { terminal.line(line) }
        }
        terminal.line("")
        terminal.line("Next: \(style.bold(next))")
    }

    private struct Result: Encodable {
        let folder: String
        let created: [String]
        let next: String
    }

    private static func explanation(of name: String) -> String {
        switch name {
        case "postrider.yaml": "settings, with what can be changed"
        case "keys/coordinator.key": "the coordinator's secret key"
        case "keys/coordinator.pub": "what workers know it by"
        case "keys/suppression.key": "hides the addresses on the suppression list; lost, the list is"
        case "keys/unsubscribe.key": "signs links to unsubscribe; lost, those that were sent do not work"
        case "keys/workers.allow": "workers that may connect"
        case "tokens/viewer.token": "reads"
        case "tokens/operator.token": "also imports, submits, starts, pauses, cancels"
        case "tokens/approver.token": "also approves"
        case "tokens/admin.token": "everything"
        case "data/": "database and journals"
        default: ""
        }
    }
}
