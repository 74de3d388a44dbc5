/// How `top` looks: text for a size, no terminal.
struct TopScreen {
    let style: Style
    /// Columns and lines there are; `nil` for a snapshot, which is as large as it needs.
    let size: (columns: Int, rows: Int)?

    /// Lines that each table may have at least, so that one of them never takes the whole screen.
    private static let rowsMin = 3

    /// The lines, none longer than the screen is wide, none more than it is high.
    func lines(_ top: Top, from base: String) -> [String] {
        var head = ["\(self.style.bold("postrider top"))  \(Printable.foreign(base))  \(Printable.foreign(top.at))"]
        if let restored = top.restored { head += self.wrapped(restored).map(self.style.red) }
        let tables = [
            self.campaigns(top.campaigns), self.relays(top.relays), self.workers(top.workers), self.lanes(top.lanes),
        ]
        let lines = head + self.fit(tables, into: self.size.map { $0.rows - head.count })
        guard let size = self.size else { return lines }
        return lines.prefix(size.rows).map { TextWidth.shortened($0, to: size.columns) }
    }

    /// A sentence that the coordinator says, in as many lines as it needs.
    private func wrapped(_ text: String) -> [String] {
        TextWidth.wrapped(Printable.foreign(text), to: self.size?.columns ?? .max)
    }

    /// Puts tables below each other; where they are too long, the longest lose lines, and say so.
    private func fit(_ tables: [[String]], into rows: Int?) -> [String] {
        var kept = tables.map(\.count)
        if let rows {
            let blanks = tables.count
            while kept.reduce(0, +) + blanks > rows {
                guard let longest = kept.indices.max(by: { kept[$0] < kept[$1] }), kept[longest] > Self.rowsMin else {
                    break
                }
                kept[longest] -= 1
            }
        }
        var lines: [String] = []
        for (table, count) in zip(tables, kept) {
            lines.append("")
            if count < table.count {
                lines += table.prefix(count - 1)
                lines.append(self.style.faint("… and \(table.count - count + 1) more"))
            } else {
                lines += table
            }
        }
        return lines
    }

    private func campaigns(_ campaigns: [TopCampaign]) -> [String] {
        guard !campaigns.isEmpty else { return [self.style.faint("No campaign is under way.")] }
        var table = Table([
            .init("CAMPAIGN"), .init("NAME", worth: 3, least: 8), .init("STATE", worth: 5),
            .init("DONE", .right, worth: 4), .init("OPEN", .right, worth: 7), .init("PER S", .right, worth: 11),
            .init("DEFERRED/S", .right, worth: 8), .init("LEFT", .right, worth: 10),
            .init("TIGHTEST LIMIT", worth: 9, least: 14), .init("DEFERRED", .right, worth: 1),
            .init("IN DOUBT", .right, worth: 2),
        ])
        var problems: [String] = []
        for campaign in campaigns {
            let status = campaign.status
            let counts = status.counts
            if let problem = status.problem, !problems.contains(problem) { problems.append(problem) }
            table.add([
                Printable.foreign(status.id),
                TextWidth.shortened(Printable.foreign(status.name), to: 24),
                self.style.state(Printable.foreign(status.state)),
                status.freezing ? "growing" : NumberText.percent(counts.settled, of: status.audience),
                NumberText.grouped(counts.pending + counts.leased + counts.deferred),
                NumberText.rate(status.ratePerSecond),
                NumberText.rate(campaign.deferredPerSecond),
                campaign.secondsLeft.map { NumberText.duration(seconds: $0) } ?? "",
                campaign.tightest.map { Printable.foreign("\($0.limit) of \($0.scope)") } ?? "none",
                NumberText.grouped(counts.deferred),
                NumberText.grouped(counts.inDoubt),
            ])
        }
        return table.lines(style: self.style, within: self.size?.columns)
            + problems.flatMap { self.wrapped($0).map(self.style.yellow) }
    }

    private func relays(_ relays: [Top.Relay]) -> [String] {
        var table = Table([
            .init("RELAY", least: 8), .init("PER S", .right, worth: 4), .init("OPEN", .right, worth: 3),
            .init("WORKERS IN TROUBLE", .right, worth: 1), .init("TROUBLE", worth: 2, least: 16),
        ])
        for relay in relays {
            table.add([
                Printable.foreign(relay.name),
                NumberText.rate(relay.acceptedPerSecond),
                NumberText.grouped(relay.open),
                relay.workersInTrouble == 0 ? "0" : self.style.yellow(NumberText.grouped(relay.workersInTrouble)),
                self.style.yellow(Printable.foreign(relay.problem ?? "")),
            ])
        }
        return table.lines(style: self.style, within: self.size?.columns)
    }

    private func workers(_ workers: [WorkerStatus]) -> [String] {
        let known = workers.filter { $0.state != "removed" }
        guard !known.isEmpty else { return [self.style.faint("No worker may connect.")] }
        var table = Table([
            .init("WORKER", least: 8), .init("STATE", worth: 4), .init("PER S", .right, worth: 5),
            .init("LEASED", .right, worth: 3), .init("ACCEPTED", .right, worth: 2), .init("BUILD", worth: 1, least: 8),
        ])
        for worker in known {
            table.add([
                Printable.foreign(worker.name),
                self.style.state(Printable.foreign(worker.state)),
                NumberText.rate(worker.acceptedPerSecond ?? 0),
                NumberText.grouped(worker.leased ?? 0),
                NumberText.grouped(worker.accepted ?? 0),
                Printable.foreign(worker.build ?? ""),
            ])
        }
        return table.lines(style: self.style, within: self.size?.columns)
    }

    private func lanes(_ lanes: [Top.Lane]) -> [String] {
        guard !lanes.isEmpty else { return [self.style.faint("Nothing waits to be sent.")] }
        var table = Table([
            .init("LANE", least: 12), .init("CAMPAIGN", worth: 3), .init("RELAY", worth: 1, least: 8),
            .init("OPEN", .right, worth: 5), .init("DEFERRED", .right, worth: 2), .init("PACE", .right, worth: 4),
        ])
        for lane in lanes {
            let pace = "\(Int((lane.pace * 100).rounded())) %"
            table.add([
                Printable.foreign(lane.site),
                Printable.foreign(lane.campaign),
                Printable.foreign(lane.relay),
                NumberText.grouped(lane.open),
                NumberText.grouped(lane.deferred),
                lane.pace < 1 ? self.style.yellow(pace) : pace,
            ])
        }
        return table.lines(style: self.style, within: self.size?.columns)
    }
}
