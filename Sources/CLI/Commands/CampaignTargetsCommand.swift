import ArgumentParser
import Domain
import Foundation
import NIOCore

/// Runs `postrider campaign targets`.
struct CampaignTargetsCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "targets",
        abstract: "Everyone of a campaign's audience, and what came of each.",
        discussion: HelpText.with(
            examples: "postrider campaign targets c1 --outcome bounced",
            "postrider campaign targets c1 --csv > targets.csv"
        )
    )

    @Argument(help: "The campaign.")
    var id: String

    @Option(help: ArgumentHelp("Only these.", valueName: "outcome"), completion: .list(Self.outcomes))
    var outcome: String?

    @Flag(help: "Comma-separated values.")
    var csv = false

    @OptionGroup var global: GlobalOptions

    private static let outcomes = Outcome.allCases.map(\.name) + ["pending", "leased"]

    func validate() throws {
        if self.csv, self.global.json { throw ValidationError("--csv and --json exclude each other.") }
        guard let outcome, !Self.outcomes.contains(outcome) else { return }
        let allowed = Self.outcomes.joined(separator: ", ")
        throw ValidationError("\"\(outcome)\" is no outcome; allowed: \(allowed).")
    }

    func run(in surroundings: Surroundings) async throws {
        let path = CampaignCommand.path(self.id, "/targets")
        let query = [("outcome", self.outcome)]
        let terminal = surroundings.terminal
        try await surroundings.withClient { client in
            if surroundings.isJSON {
                try await client.stream(path, query) { terminal.bytes($0.readableBytesView) }
                return
            }
            var lines = LineSplitter()
            var writer = TargetWriter(terminal: terminal, style: surroundings.style, isCSV: self.csv)
            try await client.stream(path, query) { (chunk) throws(Failure) in
                for line in try lines.add(chunk.readableBytesView) { try writer.add(line) }
            }
            if let line = lines.rest { try writer.add(line) }
            writer.end()
        }
    }
}

/// Cuts a stream of bytes into lines.
struct LineSplitter {
    /// A longer line is no line of ours.
    static let lineBytesMax = 1_048_576
    private var kept: [UInt8] = []

    /// The lines that are complete now, without their ends.
    mutating func add(_ bytes: some Sequence<UInt8>) throws(Failure) -> [[UInt8]] {
        self.kept += bytes
        guard let end = self.kept.lastIndex(of: UInt8(ascii: "\n")) else {
            guard self.kept.count <= Self.lineBytesMax else {
                throw Failure(.failed, "the coordinator sent a line of more than \(Self.lineBytesMax) bytes")
            }
            return []
        }
        let lines = self.kept[..<end].split(separator: UInt8(ascii: "\n")).map(Array.init)
        self.kept.removeSubrange(...end)
        return lines
    }

    /// What came after the last line end.
    var rest: [UInt8]? { self.kept.isEmpty ? nil : self.kept }
}

/// Writes targets as a table or as comma-separated values while they come in.
struct TargetWriter {
    /// Rows that decide how wide the columns are; later ones may stick out.
    static let sampleRows = 500
    private static let columns: [Table.Column] = [
        .init("ADDRESS"), .init("OUTCOME"), .init("REASON"), .init("VARIANT"), .init("TRIES", .right), .init("AT"),
        .init("RELAY"), .init("REPLY"),
    ]
    private static let names = [
        "contact", "address", "site", "variant", "outcome", "reason", "attempts", "at", "relay", "reply_code",
        "reply_status", "reply_text",
    ]

    let terminal: Terminal
    let style: Style
    private let isCSV: Bool
    private var sample = Table(Self.columns)
    private var widths: [Int]?
    private let decoder = JSONDecoder()

    init(terminal: Terminal, style: Style, isCSV: Bool) {
        self.terminal = terminal
        self.style = style
        self.isCSV = isCSV
        if isCSV { terminal.line(Self.names.joined(separator: ",")) }
    }

    private static func csvLine(_ row: TargetRow) -> String {
        let reply = row.reply
        let values = [
            row.contact.map(String.init), row.address, row.site, row.variant, row.outcome, row.reason,
            String(row.attempts), row.at, row.relay, reply?.code.map(String.init), reply?.status, reply?.text,
        ]
        return values.map { CSVText.field($0 ?? "") }.joined(separator: ",")
    }

    mutating func add(_ line: [UInt8]) throws(Failure) {
        let row = try self.decoder.row(TargetRow.self, from: line)
        if self.isCSV { return self.terminal.line(Self.csvLine(row)) }
        let reply = [row.reply?.code.flatMap { $0 == 0 ? nil : String($0) }, row.reply?.status, row.reply?.text]
        let cells = [
            row.address ?? "", row.outcome, row.reason ?? "", row.variant ?? "", NumberText.grouped(row.attempts),
            row.at ?? "", row.relay ?? "", reply.compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " "),
        ].map(Printable.foreign)
        if let widths {
            self.terminal.line(Table.line(cells, Self.columns, widths))
        } else {
            self.sample.add(cells)
            if self.sample.rows.count >= Self.sampleRows { self.end() }
        }
    }

    /// Writes what was kept back.
    mutating func end() {
        guard self.widths == nil, !self.isCSV else { return }
        self.widths = self.sample.widths
        for line in self.sample.lines(style: self.style) { self.terminal.line(line) }
    }
}
