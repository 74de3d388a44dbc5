import ArgumentParser
import Domain
import Transport
import UserFiles

/// Runs `postrider worker`.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Which workers may connect.",
        subcommands: [Add.self, Remove.self, Drain.self]
    )

    /// Runs `postrider worker add`.
    struct Add: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Admits a worker, and writes NAME.yaml and NAME.key for its machine into this folder.",
            discussion: HelpText.with(examples: "postrider worker add w2 --coordinator tcp://127.0.0.1:7700")
        )

        @Argument(help: "1 to 32 of a-z, 0-9 and \"-\".")
        var name: String

        @Option(
            help: ArgumentHelp(
                "Where that machine reaches the coordinator (default: coordinator.workers_listen).",
                valueName: "tcp://HOST:PORT"
            )
        )
        var coordinator: String?

        @OptionGroup var global: GlobalOptions

        func validate() throws {
            guard AllowList.isName(self.name) else {
                throw ValidationError(
                    "\"\(self.name)\" is no name for a worker; allowed: 1 to 32 of a-z, 0-9 and \"-\"."
                )
            }
            if let coordinator, TCPEndpoint(coordinator) == nil {
                throw ValidationError("\"\(coordinator)\" is no address; allowed: \(TCPEndpoint.grammar).")
            }
        }

        func run(in surroundings: Surroundings) async throws {
            let settings = try Found.settings(surroundings.options, surroundings.environment)
            let bundle: WorkerBundle
            do {
                bundle = WorkerBundle(
                    name: self.name,
                    coordinator: self.coordinator ?? settings.coordinator.workersListen.description,
                    coordinatorKey: try KeyFile.readPublic("\(settings.keysFolder)/coordinator.pub"),
                    keys: try CurveKeyPair.generate()
                )
            } catch {
                throw Failure(.failed, error.message)
            }
            try bundle.write()
            let document: Document
            do {
                let body = ["name": self.name, "public_key": bundle.keys.publicKey.text]
                document = try await surroundings.withClient(role: .admin) {
                    try await $0.post("/v1/workers", body: body)
                }
            } catch {
                bundle.remove()
                throw error
            }
            self.show(document, bundle, surroundings)
        }

        private func show(_ document: Document, _ bundle: WorkerBundle, _ surroundings: Surroundings) {
            let terminal = surroundings.terminal
            if surroundings.isJSON {
                terminal.line(document.line)
                return
            }
            terminal.line("\(self.name) may connect. Wrote \(bundle.settingsFile) and \(bundle.keyFile).")
            terminal.line("Copy both to its machine and run there:")
            terminal.line("  \(surroundings.style.bold("postrider-worker --config \(bundle.settingsFile)"))")
            let host = TCPEndpoint(bundle.coordinator)?.host ?? ""
            if ["*", "localhost", "0.0.0.0", "::", "::1"].contains(host) || host.hasPrefix("127.") {
                let hint = "\(bundle.settingsFile) names the coordinator as \(bundle.coordinator)"
                terminal.note("note: \(hint), which another machine cannot reach; see --coordinator")
            }
        }
    }

    /// Runs `postrider worker drain`.
    struct Drain: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "drain",
            abstract: "Has a worker end what it has begun and hand back the rest; it gets nothing more until --undo.",
            discussion: HelpText.with(examples: "postrider worker drain w1", "postrider worker drain w1 --undo")
        )

        @Argument(help: "Its name.")
        var name: String

        @Flag(help: "Give it work again.")
        var undo = false

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            let path = "/v1/workers/\(APIClient.escaped(self.name))/drain"
            let undo = self.undo
            let document = try await surroundings.withClient {
                undo ? try await $0.delete(path) : try await $0.post(path)
            }
            try surroundings.show(document, as: WorkerStatus.self) { [Self.line($0, undo: undo)] }
        }

        static func line(_ worker: WorkerStatus, undo: Bool) -> String {
            if undo { return "\(worker.name) gets work again." }
            guard let leased = worker.leased, leased > 0 else { return "\(worker.name) is drained: it holds nothing." }
            return "\(worker.name) is draining: it still holds \(NumberText.grouped(leased)) targets."
        }
    }

    /// Runs `postrider worker remove`.
    struct Remove: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Shuts a worker out at once; what it held and had not reported is in doubt.",
            discussion: HelpText.with(examples: "postrider worker remove w1")
        )

        @Argument(help: "Its name.")
        var name: String

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            let path = "/v1/workers/\(APIClient.escaped(self.name))"
            let document = try await surroundings.withClient(role: .admin) { try await $0.delete(path) }
            try surroundings.show(document, as: WorkerStatus.self) { ["\($0.name) is removed."] }
        }
    }
}
