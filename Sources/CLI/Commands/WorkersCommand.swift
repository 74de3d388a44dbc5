import ArgumentParser

/// Runs `postrider workers`.
struct WorkersCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "workers",
        abstract: "Every worker and what it does.",
        discussion: HelpText.with(examples: "postrider workers")
    )

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let document = try await surroundings.withClient { try await $0.get("/v1/workers") }
        try surroundings.show(document, as: WorkerList.self) { Self.lines($0.workers, style: surroundings.style) }
    }

    static func lines(_ workers: [WorkerStatus], style: Style) -> [String] {
        guard !workers.isEmpty else {
            return ["No workers yet; `postrider up` starts one, `postrider worker add` admits one."]
        }
        var table = Table([
            .init("WORKER"), .init("STATE"), .init("LEASED", .right), .init("ACCEPTED", .right),
            .init("PER SECOND", .right),
            .init("LAST SEEN"), .init("BUILD"), .init("TROUBLE"),
        ])
        for worker in workers {
            let trouble = (worker.relays ?? []).compactMap { relay in
                relay.problem.map { "\(relay.name): \($0)" }
            }
            table.add([
                Printable.foreign(worker.name),
                style.state(Printable.foreign(worker.state)),
                NumberText.grouped(worker.leased ?? 0),
                NumberText.grouped(worker.accepted ?? 0),
                NumberText.rate(worker.acceptedPerSecond ?? 0),
                Printable.foreign(worker.lastSeen ?? "never"),
                Printable.foreign(worker.build ?? ""),
                style.yellow(Printable.foreign(trouble.joined(separator: "; "))),
            ])
        }
        return table.lines(style: style)
    }
}
