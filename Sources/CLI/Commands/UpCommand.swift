import ArgumentParser
import Foundation
import UserFiles

/// Runs `postrider up`.
struct UpCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Runs a coordinator and workers in the foreground; Ctrl-C ends all.",
        discussion: HelpText.with(
            "Makes what `postrider init` would make, where the current folder has no settings yet.",
            examples: "postrider up --workers 2"
        )
    )

    /// More workers than that on one machine only take work from each other.
    static let workersMax = 64

    @Option(help: ArgumentHelp("How many workers.", valueName: "n"))
    var workers = 1

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard (1...Self.workersMax).contains(self.workers) else {
            throw ValidationError("--workers \(self.workers) is not allowed; allowed: 1 to \(Self.workersMax).")
        }
    }

    func run(in surroundings: Surroundings) async throws {
        let path = URL(fileURLWithPath: try self.configPath(surroundings)).path
        var settings: Settings
        do {
            settings = try Settings.load(path: path, environment: surroundings.environment)
        } catch {
            throw Failure(.badInput, "", diagnostics: error.diagnostics)
        }
        settings.file = path
        guard settings.worker.keyFile == nil else {
            let hint = "`up` makes keys of their own for its workers; leave worker.key_file out"
            throw Failure(.badInput, "\(path): \(hint), or run postrider-coordinator and postrider-worker")
        }
        let programs = try Programs.folder()
        var installation = Installation(folder: settings.folder)
        try installation.makeSecrets()
        try installation.makeLocalWorkers((1...self.workers).map { Supervision.Child.worker($0).name })
        try await Cluster(settings: settings, workers: self.workers, folder: programs).run()
    }

    /// The settings, made where there are none and none were named.
    private func configPath(_ surroundings: Surroundings) throws(Failure) -> String {
        if let path = Found.configPath(surroundings.options, surroundings.environment) { return path }
        var installation = Installation(folder: FileManager.default.currentDirectoryPath)
        try installation.make()
        surroundings.terminal.note("note: there was no postrider.yaml here; made one, with keys, tokens and data/")
        return "\(installation.folder)/postrider.yaml"
    }
}
