import ArgumentParser

/// Runs `postrider campaign report`.
struct CampaignReportCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "What came of a campaign, in all or by site, variant or a field.",
        discussion: HelpText.with(
            examples: "postrider campaign report c1 --by site",
            "postrider campaign report c1 --by state --csv"
        )
    )

    @Argument(help: "The campaign.")
    var id: String

    @Option(
        help: ArgumentHelp("One row for each of these.", valueName: "site|variant|FIELD"),
        completion: .list(["site", "variant"])
    )
    var by: String?

    @Flag(help: "Comma-separated values.")
    var csv = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        if self.csv, self.global.json { throw ValidationError("--csv and --json exclude each other.") }
        if self.by?.isEmpty == true {
            throw ValidationError("--by is empty; allowed: site, variant, or the name of a field.")
        }
    }

    func run(in surroundings: Surroundings) async throws {
        let path = CampaignCommand.path(self.id, "/report")
        let document = try await surroundings.withClient { try await $0.get(path, [("by", self.by)]) }
        if self.csv {
            for line in Self.csvLines(try document.decode(CampaignReport.self), by: self.by ?? "all") {
                surroundings.terminal.line(line)
            }
        } else {
            let style = surroundings.style
            try surroundings.show(document, as: CampaignReport.self) {
                Self.lines($0, by: self.by ?? "all", style: style)
            }
        }
    }

    static func lines(_ report: CampaignReport, by: String, style: Style) -> [String] {
        // Outcomes that nobody has would only make the table wide.
        let names = OutcomeCounts().named.map(\.name)
        let used = names.indices.filter { index in report.rows.contains { $0.counts.named[index].count > 0 } }
        var table = Table(
            [.init(by.uppercased()), .init("AUDIENCE", .right)]
                + used.map { .init(names[$0].uppercased(), .right) } + [.init("ACCEPTED %", .right)]
        )
        for row in report.rows {
            let counts = row.counts.named
            table.add(
                [row.key.isEmpty ? "(none)" : Printable.foreign(row.key), NumberText.grouped(row.audience)]
                    + used.map { NumberText.grouped(counts[$0].count) }
                    + [NumberText.percent(row.counts.accepted, of: row.audience)]
            )
        }
        return table.lines(style: style)
    }

    static func csvLines(_ report: CampaignReport, by: String) -> [String] {
        let heading = ([by, "audience"] + OutcomeCounts().named.map(\.name)).map(CSVText.field).joined(separator: ",")
        return [heading]
            + report.rows.map { row in
                ([CSVText.field(row.key), String(row.audience)] + row.counts.named.map { String($0.count) })
                    .joined(separator: ",")
            }
    }
}

/// Values in comma-separated files (RFC 4180).
enum CSVText {
    /// The value, in quotes where it needs them.
    ///
    /// A value that a spreadsheet would run as a formula gets an apostrophe before it; numbers stay numbers.
    static func field(_ value: String) -> String {
        var text = value
        if let first = value.unicodeScalars.first, "=+-@\t\r".unicodeScalars.contains(first), Double(value) == nil {
            text = "'\(value)"
        }
        let needsQuotes = text.unicodeScalars.contains { "\",\r\n".unicodeScalars.contains($0) }
        guard needsQuotes else { return text }
        return "\"\(text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\""))\""
    }
}
