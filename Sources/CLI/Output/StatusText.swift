/// How a campaign's status reads.
enum StatusText {
    /// One campaign, everything that is not nothing.
    static func lines(_ status: CampaignStatus, style: Style) -> [String] {
        var lines = [
            "\(style.bold(status.id))  \(Printable.foreign(status.name))  \(style.state(Printable.foreign(status.state)))"
        ]
        var table = Table([.init(""), .init("", .right), .init("", .right)])
        let audience = NumberText.grouped(status.audience)
        table.add(["  audience", audience, status.freezing ? "still growing" : ""])
        for (name, count) in status.counts.named where count > 0 {
            table.add(["  \(name)", NumberText.grouped(count), NumberText.percent(count, of: status.audience)])
        }
        if status.sentTwice > 0 {
            table.add(["  \(style.red("sent_twice"))", NumberText.grouped(status.sentTwice), ""])
        }
        lines += table.lines(style: .plain).dropFirst()
        if status.state == "running" { lines.append("  \(NumberText.rate(status.ratePerSecond)) accepted per second") }
        if let started = status.startedAt { lines.append("  started \(Printable.foreign(started))") }
        if let finished = status.finishedAt { lines.append("  ended   \(Printable.foreign(finished))") }
        if let problem = status.problem { lines.append("  \(style.yellow(Printable.foreign(problem)))") }
        return lines
    }

    /// Many campaigns, one a line.
    static func lines(_ campaigns: [CampaignStatus], style: Style) -> [String] {
        guard !campaigns.isEmpty else { return ["No campaigns yet; `postrider campaign submit FILE` makes one."] }
        var table = Table([
            .init("ID"), .init("NAME"), .init("STATE"), .init("AUDIENCE", .right), .init("ACCEPTED", .right),
            .init("WAITING", .right), .init("BOUNCED", .right), .init("SUPPRESSED", .right), .init("IN DOUBT", .right),
            .init("PER SECOND", .right),
        ])
        for campaign in campaigns {
            let counts = campaign.counts
            table.add([
                Printable.foreign(campaign.id),
                Printable.foreign(campaign.name),
                style.state(Printable.foreign(campaign.state)),
                NumberText.grouped(campaign.audience),
                NumberText.grouped(counts.accepted),
                NumberText.grouped(counts.pending + counts.leased + counts.deferred),
                NumberText.grouped(counts.bounced),
                NumberText.grouped(counts.suppressed),
                NumberText.grouped(counts.inDoubt),
                NumberText.rate(campaign.ratePerSecond),
            ])
        }
        var lines = table.lines(style: style)
        // Often the same for all of them.
        var problems: [String] = []
        for case let problem? in campaigns.map(\.problem) where !problems.contains(problem) { problems.append(problem) }
        if !problems.isEmpty { lines.append("") }
        for problem in problems { lines.append(style.yellow(Printable.foreign(problem))) }
        return lines
    }

    /// What is left, in one sentence: `45,200 of 100,000 settled, 8,123/s, 7 s left`.
    ///
    /// Without `secondsLeft` the time is not mentioned.
    static func progress(_ status: CampaignStatus, secondsLeft: Double?) -> String {
        let counts = status.counts
        var parts = [
            "\(NumberText.grouped(counts.settled)) of \(NumberText.grouped(status.audience)) settled",
            "\(NumberText.rate(status.ratePerSecond))/s",
        ]
        if status.freezing { parts.append("audience still growing") }
        if counts.deferred > 0 { parts.append("\(NumberText.grouped(counts.deferred)) deferred") }
        if counts.inDoubt > 0 { parts.append("\(NumberText.grouped(counts.inDoubt)) in doubt") }
        if let secondsLeft { parts.append("\(NumberText.duration(seconds: secondsLeft)) left") }
        if let problem = status.problem { parts.append(problem) }
        return parts.joined(separator: ", ")
    }
}
