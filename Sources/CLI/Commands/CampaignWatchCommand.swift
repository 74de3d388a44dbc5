import ArgumentParser
import Domain

/// Runs `postrider campaign watch`.
struct CampaignWatchCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Follows a campaign until it is finished; exits 1 when it was cancelled.",
        discussion: HelpText.with(examples: "postrider campaign watch c1")
    )

    @Argument(help: "The campaign.")
    var id: String

    @OptionGroup var global: GlobalOptions

    /// Between two looks: often enough for a line that moves, seldom enough to cost nothing.
    private static let interval = Duration.milliseconds(500)
    /// Between two plain lines, where there is no terminal.
    private static let lineInterval = Duration.seconds(5)
    /// How long a coordinator that answered before may be away: a restart takes less.
    private static let patience = Duration.seconds(60)

    func run(in surroundings: Surroundings) async throws {
        let status = try await surroundings.withClient { client in
            try await self.follow(client, surroundings)
        }
        if !surroundings.isJSON {
            for line in StatusText.lines(status, style: surroundings.style) { surroundings.terminal.line(line) }
        }
        guard status.state != "cancelled" else { throw Failure(.failed, "\(self.id) was cancelled") }
    }

    private func follow(_ client: APIClient, _ surroundings: Surroundings) async throws -> CampaignStatus {
        let progress = ProgressLine(surroundings.terminal, isQuiet: surroundings.isJSON)
        defer { progress.clear() }
        let clock = ContinuousClock()
        let start = clock.now
        var settled = RateEstimate()
        var lastLine: ContinuousClock.Instant?
        var lastAnswer: ContinuousClock.Instant?
        while true {
            do throws(Failure) {
                let document = try await client.get(CampaignCommand.path(self.id))
                let status = try document.decode(CampaignStatus.self)
                let now = clock.now
                lastAnswer = now
                settled.add(status.counts.settled, atSeconds: (now - start).inSeconds)
                let left = status.freezing ? nil : settled.secondsLeft(to: status.audience)
                if surroundings.isJSON {
                    surroundings.terminal.line(document.line)
                    surroundings.terminal.flush()
                } else if !surroundings.terminal.isErrorTerminal, !status.isOver,
                    lastLine.map({ now - $0 >= Self.lineInterval }) ?? true
                {
                    lastLine = now
                    let text = StatusText.progress(status, secondsLeft: left)
                    surroundings.terminal.line(Printable.foreign("\(status.id) \(status.state): \(text)"))
                    surroundings.terminal.flush()
                }
                if status.isOver { return status }
                progress.show(Self.bar(status, secondsLeft: left))
            } catch {
                // A coordinator that answered before is probably starting again.
                guard error.status == .unreachable, let lastAnswer, clock.now - lastAnswer < Self.patience else {
                    throw error
                }
                progress.show("no answer, trying again: \(error.message)")
            }
            try await clock.sleep(for: Self.interval)
        }
    }

    private static func bar(_ status: CampaignStatus, secondsLeft: Double?) -> String {
        let bar = ProgressLine.bar(status.counts.settled, of: status.audience)
        let percent = NumberText.percent(status.counts.settled, of: status.audience)
        return "\(status.state) \(bar) \(percent)  \(StatusText.progress(status, secondsLeft: secondsLeft))"
    }
}
