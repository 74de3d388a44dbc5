import ArgumentParser
import Domain
import Foundation
import Intake
import NIOCore

/// Runs `postrider suppress`.
struct SuppressCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suppress",
        abstract: "Who must not be written to: kept as hashes, and in effect at once, for messages on their way too.",
        subcommands: [
            SuppressAddCommand.self, SuppressRemoveCommand.self, SuppressListCommand.self, SuppressImportCommand.self,
        ]
    )
}

/// How an address is meant; the same for all that name one.
struct SuppressionOptions: ParsableArguments {
    @Option(help: "On which channel.")
    var channel: SuppressionChannel = .email
}

extension SuppressionChannel: ExpressibleByArgument {}
extension SuppressionReason: ExpressibleByArgument {}

/// Runs `postrider suppress add`.
struct SuppressAddCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Has nothing more sent to an address, whether or not a contact has it.",
        discussion: HelpText.with(examples: "postrider suppress add zoe@example.org --evidence \"letter of 3 May\"")
    )

    @Argument(help: "The address.")
    var address: String

    @OptionGroup var options: SuppressionOptions

    @Option(help: "Why it must not be written to.")
    var reason: SuppressionReason = .asked

    @Option(help: ArgumentHelp("What shows it, such as a letter's date.", valueName: "text"))
    var evidence: String?

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        var body = [
            "address": self.address, "channel": self.options.channel.rawValue, "reason": self.reason.rawValue,
        ]
        body["evidence"] = self.evidence
        let document = try await surroundings.withClient { [body] in try await $0.post("/v1/suppressions", body: body) }
        try surroundings.show(document, as: SuppressionAdded.self) { [Self.line($0)] }
    }

    static func line(_ answer: SuppressionAdded) -> String {
        let row = answer.suppression
        let contact = row.contact.map { "contact \($0)" } ?? "no contact has the address"
        guard answer.added else { return "It is suppressed already, since \(row.at): \(row.reason) (\(contact))." }
        return "Nothing more is sent to it: \(row.reason) (\(contact))."
    }
}

/// Runs `postrider suppress remove`.
struct SuppressRemoveCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Lets an address be written to again; who did so and why is kept.",
        discussion: HelpText.with(examples: "postrider suppress remove zoe@example.org --reason \"asked us to\"")
    )

    @Argument(help: "The address.")
    var address: String

    @OptionGroup var options: SuppressionOptions

    @Option(help: ArgumentHelp("Why it may be written to again.", valueName: "text"))
    var reason: String

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let body = ["address": self.address, "channel": self.options.channel.rawValue, "reason": self.reason]
        let document = try await surroundings.withClient(role: .approver) {
            try await $0.post("/v1/suppressions/remove", body: body)
        }
        try surroundings.show(document, as: SuppressionReport.self) {
            ["It may be written to again. It was suppressed since \($0.at): \($0.reason)."]
        }
    }
}

/// Runs `postrider suppress list`.
struct SuppressListCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "The whole list; addresses cannot be read out of it, but the contacts that have them are named.",
        discussion: HelpText.with(examples: "postrider suppress list")
    )

    @OptionGroup var global: GlobalOptions

    private static let columns: [Table.Column] = [
        .init("HASH"), .init("CHANNEL"), .init("REASON"), .init("SINCE"), .init("CONTACT", .right), .init("WHO"),
        .init("EVIDENCE"),
    ]

    func run(in surroundings: Surroundings) async throws {
        let terminal = surroundings.terminal
        try await surroundings.withClient { client in
            if surroundings.isJSON {
                try await client.stream("/v1/suppressions") { terminal.bytes($0.readableBytesView) }
                return
            }
            var lines = LineSplitter()
            let decoder = JSONDecoder()
            terminal.line(surroundings.style.faint(Table.line(Self.columns.map(\.title), Self.columns, Self.widths)))
            try await client.stream("/v1/suppressions") { (chunk) throws(Failure) in
                for line in try lines.add(chunk.readableBytesView) {
                    let row = try decoder.row(SuppressionReport.self, from: line)
                    terminal.line(Table.line(Self.cells(row), Self.columns, Self.widths))
                }
            }
        }
    }

    /// Hashes, words and times are of known lengths.
    private static let widths = [32, 7, 12, 24, 9, 12, 8]

    private static func cells(_ row: SuppressionReport) -> [String] {
        [row.hash, row.channel, row.reason, row.at, row.contact.map { String($0) } ?? "", row.who, row.evidence]
            .map(Printable.foreign)
    }
}

/// Runs `postrider suppress import`.
struct SuppressImportCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Suppresses every address of a list.",
        discussion: HelpText.with(
            """
            Reads a table of which any columns have addresses, or a bare list, in whatever form: names around an \
            address, several in a cell, mailto: links. Rows that cannot be read go into FILE.rejects.csv, and the \
            exit code is 65; all others are suppressed.
            """,
            examples: "postrider suppress import unwanted.csv"
        )
    )

    @Argument(help: "A table or a list of addresses; may be packed with gzip or zstd.", completion: .file())
    var file: String

    @OptionGroup var options: SuppressionOptions

    @Option(help: "Why it must not be written to.")
    var reason: SuppressionReason = .imported

    @OptionGroup var global: GlobalOptions

    func run(in surroundings: Surroundings) async throws {
        let upload = try FileUpload.open(self.file)
        defer { upload.close() }
        let query: [(String, String?)] = [
            ("file", URL(fileURLWithPath: self.file).lastPathComponent), ("channel", self.options.channel.rawValue),
            ("reason", self.reason.rawValue),
        ]
        let document = try await surroundings.withClient { client in
            try await client.upload("/v1/suppressions/import", query, upload.chunks { _ in }, length: upload.length)
        }
        let report = try document.decode(SuppressionImported.self)
        for reject in report.firstRejects.prefix(5) {
            surroundings.terminal.note(Printable.foreign("\(self.file):\(reject.line): \(reject.reason)"))
        }
        for column in report.passedColumns {
            let text =
                "column '\(column)' was not read: it may have other people's addresses; rename it to 'email' if not"
            surroundings.terminal.note(Printable.foreign("\(self.file): \(text)"))
        }
        try surroundings.show(document, as: SuppressionImported.self) { [Self.line($0)] }
        guard report.rejected > 0 else { return }
        let place = try self.keep(report.rejects)
        let left = report.rejected - report.rejects.count
        let more = left > 0 ? "the first \(NumberText.grouped(report.rejects.count)) of them are" : "they are"
        throw Failure(.badInput, "\(NumberText.grouped(report.rejected)) rows could not be read: \(more) in \(place)")
    }

    /// Writes what could not be read beside the file.
    ///
    /// - Returns: Its path.
    private func keep(_ rejects: [SuppressionImported.Reject]) throws(Failure) -> String {
        var bytes = RejectWriter.header
        for reject in rejects {
            let row = RejectedRow(line: reject.line, column: 0, reason: reject.reason, raw: Array(reject.row.utf8))
            RejectWriter.append(row, to: &bytes)
        }
        let file = try RejectsFile.open(beside: self.file, isRegular: true)
        try file.write(ByteBuffer(bytes: bytes))
        try file.finish()
        return file.path
    }

    static func line(_ report: SuppressionImported) -> String {
        let parts = [
            "\(NumberText.grouped(report.added)) added", "\(NumberText.grouped(report.known)) known before",
            "\(NumberText.grouped(report.rejected)) rejected",
        ]
        return "\(NumberText.grouped(report.rows)) rows: addresses \(parts.joined(separator: ", "))"
    }
}
