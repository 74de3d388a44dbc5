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
        if let restored = top.restored { head.append(self.style.red(Printable.foreign(restored))) }
        let tables = [
            self.campaigns(top.campaigns), self.relays(top.relays), self.workers(top.workers), self.lanes(top.lanes),
        ]
        let lines = head + self.fit(tables, into: self.size.map { $0.rows - head.count })
        guard let size = self.size else { return lines }
        return lines.prefix(size.rows).map { Self.cut($0, to: size.columns) }
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
            .init("CAMPAIGN"), .init("NAME"), .init("STATE"), .init("DONE", .right), .init("OPEN", .right),
            .init("DEFERRED", .right), .init("IN DOUBT", .right), .init("PER SECOND", .right),
            .init("DEFERRED/S", .right),
            .init("LEFT", .right), .init("TIGHTEST LIMIT"),
        ])
        var problems: [String] = []
        for campaign in campaigns {
            let status = campaign.status
            let counts = status.counts
            if let problem = status.problem, !problems.contains(problem) { problems.append(problem) }
            table.add([
                Printable.foreign(status.id),
                TextWidth.cut(Printable.foreign(status.name), to: 24),
                self.style.state(Printable.foreign(status.state)),
                status.freezing ? "growing" : NumberText.percent(counts.settled, of: status.audience),
                NumberText.grouped(counts.pending + counts.leased + counts.deferred),
                NumberText.grouped(counts.deferred),
                NumberText.grouped(counts.inDoubt),
                NumberText.rate(status.ratePerSecond),
                NumberText.rate(campaign.deferredPerSecond),
                campaign.secondsLeft.map { NumberText.duration(seconds: $0) } ?? "",
                campaign.tightest.map { Printable.foreign("\($0.limit) of \($0.scope)") } ?? "none",
            ])
        }
        return table.lines(style: self.style) + problems.map { self.style.yellow(Printable.foreign($0)) }
    }

    private func relays(_ relays: [Top.Relay]) -> [String] {
        var table = Table([
            .init("RELAY"), .init("PER SECOND", .right), .init("OPEN", .right), .init("WORKERS IN TROUBLE", .right),
            .init("TROUBLE"),
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
        return table.lines(style: self.style)
    }

    private func workers(_ workers: [WorkerStatus]) -> [String] {
        let known = workers.filter { $0.state != "removed" }
        guard !known.isEmpty else { return [self.style.faint("No worker may connect.")] }
        var table = Table([
            .init("WORKER"), .init("STATE"), .init("PER SECOND", .right), .init("LEASED", .right),
            .init("ACCEPTED", .right), .init("BUILD"),
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
        return table.lines(style: self.style)
    }

    private func lanes(_ lanes: [Top.Lane]) -> [String] {
        guard !lanes.isEmpty else { return [self.style.faint("Nothing waits to be sent.")] }
        var table = Table([
            .init("LANE"), .init("CAMPAIGN"), .init("RELAY"), .init("OPEN", .right), .init("DEFERRED", .right),
            .init("PACE", .right),
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
        return table.lines(style: self.style)
    }

    /// A line of our own, cut to the screen; colours take no room, and end where the line does.
    static func cut(_ line: String, to columns: Int) -> String {
        guard TextWidth.of(line) > columns else { return line }
        var result = ""
        var escape: String?
        for character in line {
            if character == "\u{1B}" { escape = "" }
            if let sequence = escape {
                escape = character == "m" ? nil : sequence + String(character)
                result.append(character)
                continue
            }
            guard TextWidth.of(result + String(character)) <= columns else { break }
            result.append(character)
        }
        return line.contains("\u{1B}") ? result + "\u{1B}[0m" : result
    }
}
