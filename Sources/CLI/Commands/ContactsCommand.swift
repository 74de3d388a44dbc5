import ArgumentParser
import Domain
import Foundation
import NIOCore
import UserFiles

/// Runs `postrider contacts`.
struct ContactsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contacts",
        abstract: "The people we may reach.",
        subcommands: [
            ContactsImportCommand.self, ContactsShowCommand.self, ContactsExportCommand.self,
            ContactsEraseCommand.self,
        ]
    )
}

/// Runs `postrider contacts import`.
struct ContactsImportCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Takes in a table of contacts; rows that cannot be used go to NAME.rejects.csv beside it.",
        discussion: HelpText.with(
            examples: "postrider contacts import voters.csv --list voters",
            "postrider contacts import voters.csv --dry-run"
        )
    )

    /// What happens to a contact that exists.
    enum Conflict: String, CaseIterable, ExpressibleByArgument {
        case merge
        case replace
        case keep
    }

    @Argument(help: "A table (CSV, TSV, semicolons, pipes) or NDJSON; plain, gzip or zstd.", completion: .file())
    var file: String

    @Option(help: ArgumentHelp("Also put everyone of the file on this list.", valueName: "list"))
    var list: String?

    @Option(help: ArgumentHelp("Where the file comes from (default: its name).", valueName: "source"))
    var source: String?

    @Option(
        help: ArgumentHelp("On which basis they may be written to, such as consent or contract.", valueName: "basis"),
        completion: .list(Basis.allCases.map(\.name))
    )
    var basis: String?

    @Option(help: ArgumentHelp("What shows that basis, such as where the forms are kept.", valueName: "text"))
    var proof: String?

    @Option(
        help: ArgumentHelp("What the basis is for: email, sms, webhook, print, canvass.", valueName: "list"),
        completion: .list(ConsentMarks.channels)
    )
    var channels: String?

    @Option(name: .customLong("on-conflict"), help: "What happens to a contact that exists.")
    var onConflict = Conflict.merge

    @Option(
        help: ArgumentHelp("A file that says what the columns are; see docs/import.md.", valueName: "file"),
        completion: .file()
    )
    var map: String?

    @Option(
        help: ArgumentHelp("A ready-made layout: florida, new_york (told by itself, too).", valueName: "name"),
        completion: .list(["florida", "new_york"])
    )
    var layout: String?

    @Option(
        help: ArgumentHelp(
            "Whose numbers the external ids are, such as eventbrite: those of two systems are never the same.",
            valueName: "name"
        )
    )
    var system: String?

    @Flag(name: .customLong("dry-run"), help: "Say what would change, and change nothing.")
    var dryRun = false

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        let texts = [
            ("--list", self.list), ("--source", self.source), ("--basis", self.basis), ("--proof", self.proof),
        ]
        for (name, text) in texts where text.map({ $0.allSatisfy(\.isWhitespace) }) == true {
            throw ValidationError("\(name) is empty; leave it out, or say what it is")
        }
    }

    func run(in surroundings: Surroundings) async throws {
        let map = try self.mapDocument()
        let upload = try FileUpload.open(self.file)
        let basis = self.basis ?? (self.dryRun ? nil : Self.askedBasis(surroundings))
        defer { upload.close() }
        let name = URL(fileURLWithPath: self.file).lastPathComponent
        let query: [(String, String?)] = [
            ("file", name), ("list", self.list), ("source", self.source), ("basis", basis),
            ("proof", self.proof), ("channels", self.channels),
            ("on_conflict", self.onConflict.rawValue), ("layout", self.layout), ("map", map),
            ("dry_run", self.dryRun ? "true" : nil),
        ]
        let clock = ContinuousClock()
        let start = clock.now
        let progress = ProgressLine(surroundings.terminal, isQuiet: surroundings.isJSON)
        let outcome = try await surroundings.withClient { client in
            defer { progress.clear() }
            let chunks = upload.chunks { Self.show($0, in: progress) }
            let document: Document
            do throws(Failure) {
                document = try await client.upload("/v1/imports", query, chunks, length: upload.length)
            } catch {
                throw try await self.withRejects(error, upload, client)
            }
            let report = try document.decode(ImportReport.self)
            guard report.rejected > 0, let id = report.id?.text else {
                return (report, nil as String?, nil as (any Error)?)
            }
            do {
                let rejects = try await self.fetchRejects(of: id, upload, client)
                return (report, rejects, nil)
            } catch {
                // The rows are in, whatever becomes of that file: what the import did is said first.
                return (report, nil, error)
            }
        }
        try self.show(outcome.0, outcome.1, seconds: (clock.now - start).inSeconds, surroundings)
        if let error = outcome.2 { throw error }
    }

    /// What whoever sits at the terminal says about the basis; nothing where nobody sits there.
    private static func askedBasis(_ surroundings: Surroundings) -> String? {
        guard !surroundings.isJSON, isatty(STDIN_FILENO) == 1, surroundings.terminal.isErrorTerminal else { return nil }
        surroundings.terminal.raw(
            "On which basis may these people be written to (consent, contract, legitimate_interests, public_record, …)?\n"
                + "Enter for none that is known: "
        )
        return readLine().flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
    }

    /// The mapping file as JSON, with what the command line says besides.
    private func mapDocument() throws(Failure) -> String? {
        guard self.map != nil || self.system != nil else { return nil }
        var file = MapFile()
        do throws(FileProblems) {
            if let map { file = try MapFile.load(path: map) }
        } catch {
            throw Failure(.badInput, "", diagnostics: error.diagnostics)
        }
        if let system { file.idSystem = system }
        let document = try JSONText.of(file)
        guard document.utf8.count <= Self.mapBytesMax else {
            throw Failure(.badInput, "\(self.map ?? "the map") is longer than \(Self.mapBytesMax) bytes as JSON")
        }
        return document
    }

    /// It goes with the request's address, which may have 80 KiB.
    private static let mapBytesMax = 24_000

    private static func show(_ sent: FileUpload.Progress, in line: ProgressLine) {
        guard let length = sent.length else {
            line.show("\(NumberText.bytes(sent.bytes)) sent")
            return
        }
        var text = "\(ProgressLine.bar(sent.bytes, of: length)) \(NumberText.percent(sent.bytes, of: length))"
        text += "  \(NumberText.bytes(sent.bytes)) of \(NumberText.bytes(length))"
        guard sent.bytes < length else {
            line.show("\(text)  writing the last rows")
            return
        }
        if let rate = sent.bytesPerSecond { text += "  \(NumberText.bytes(Int(rate)))/s" }
        if let left = sent.secondsLeft { text += "  \(NumberText.duration(seconds: left)) left" }
        line.show(text)
    }

    private func show(
        _ report: ImportReport,
        _ rejectsFile: String?,
        seconds: Double,
        _ surroundings: Surroundings
    ) throws(Failure) {
        let terminal = surroundings.terminal
        for reject in report.firstRejects.prefix(5) { terminal.note(self.placed(reject)) }
        for warning in report.firstWarnings ?? [] { terminal.note(self.placed(warning, "warning: ")) }
        if surroundings.isJSON {
            try surroundings.show(ImportSummary(report, rejectsFile: rejectsFile))
        } else {
            let lines = Self.lines(report, rejectsFile, seconds: seconds, style: surroundings.style)
            for line in lines { terminal.line(line) }
            guard let trial = report.dryRun else { return }
            for line in ImportTrialText.lines(trial, fields: report.fields ?? [], style: surroundings.style) {
                terminal.line(line)
            }
        }
    }

    /// What is said of a row, behind where it stands.
    private func placed(_ row: ImportReport.Reject, _ kind: String = "") -> String {
        let column = (row.column ?? 0) > 0 ? ":\(row.column ?? 0)" : ""
        return Printable.foreign("\(self.file):\(row.line)\(column): \(kind)\(row.reason)")
    }

    /// Why people of the file are not written to, and which column says so.
    private static func words(_ one: ImportReport.OptOut) -> String {
        let why =
            switch one.reason {
            case "bounced": "the address is bad"
            case "unsubscribed": "they unsubscribed"
            case "complained": "they complained"
            default: "they must not be contacted"
            }
        return Printable.foreign("\(why), says the column \(one.column)")
    }

    /// Columns named behind the number of warnings; those that have most of them.
    private static let warnedColumnsMax = 5

    /// Which columns have how many warnings.
    private static func words(_ columns: [ImportReport.WarningUse]) -> String {
        let most = columns.enumerated().sorted { ($1.element.warnings, $0.offset) < ($0.element.warnings, $1.offset) }
        var words = most.prefix(Self.warnedColumnsMax).map { _, one in
            let column = one.column.map { $0.isEmpty ? "columns without a name" : $0 } ?? "whole rows"
            return "\(NumberText.grouped(one.warnings)) in \(column)"
        }
        if columns.count > Self.warnedColumnsMax { words.append("…") }
        return Printable.foreign(words.joined(separator: ", "))
    }

    /// What a column says that nobody could read, and what follows.
    private static func words(_ one: ImportReport.Unclear) -> String {
        let examples = one.examples.map { "'\($0)'" }.joined(separator: ", ")
        let what =
            switch one.about {
            case "timezone": "is no time zone that is known: their hours are narrower"
            case "country": "is no country that is known: their hours are narrower"
            case "consent": "may be a no to writing, and was not heeded"
            default: "could not be read"
            }
        return Printable.foreign("what the column \(one.column) says \(what) (\(examples))")
    }

    static func lines(_ report: ImportReport, _ rejectsFile: String?, seconds: Double, style: Style) -> [String] {
        let rate = seconds > 0 ? " (\(NumberText.rate(Double(report.rows) / seconds)) a second)" : ""
        let rows = style.bold("\(NumberText.grouped(report.rows)) rows")
        var table = Table([.init(""), .init("", .right), .init("")])
        table.add(["  created", NumberText.grouped(report.created), ""])
        table.add(["  updated", NumberText.grouped(report.updated), ""])
        table.add(["  unchanged", NumberText.grouped(report.unchanged), ""])
        let rejected = report.rejected > 0 ? style.yellow("rejected") : "rejected"
        table.add(["  \(rejected)", NumberText.grouped(report.rejected), rejectsFile.map { "see \($0)" } ?? ""])
        table.add(["  warnings", NumberText.grouped(report.warnings), Self.words(report.warnedColumns ?? [])])
        for one in report.optOuts ?? [] {
            table.add(["  \(style.yellow("suppressed"))", NumberText.grouped(one.rows), Self.words(one)])
        }
        for one in report.unclear ?? [] {
            table.add(["  \(style.yellow("unclear"))", NumberText.grouped(one.rows), Self.words(one)])
        }
        if let id = report.id { table.add(["  import", id.text, "postrider imports undo \(id.text) takes it back"]) }
        return ["\(rows) in \(NumberText.duration(seconds: seconds))\(rate)"] + table.lines(style: .plain).dropFirst()
    }
}

/// The end of `contacts import --json`; every key is always there.
struct ImportSummary: Encodable {
    let report: ImportReport
    let rejectsFile: String?

    init(_ report: ImportReport, rejectsFile: String?) {
        self.report = report
        self.rejectsFile = rejectsFile
    }

    enum CodingKeys: String, CodingKey {
        case id
        case rows
        case created
        case updated
        case unchanged
        case rejected
        case warnings
        case rejectsFile = "rejects_file"
        case firstWarnings = "first_warnings"
        case warnedColumns = "warned_columns"
        case optOuts = "opt_outs"
        case unclear
        case fields
        case dryRun = "dry_run"
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        // `encodeIfPresent` would leave the key out.
        try container.encode(self.report.id?.text, forKey: .id)
        try container.encode(self.report.rows, forKey: .rows)
        try container.encode(self.report.created, forKey: .created)
        try container.encode(self.report.updated, forKey: .updated)
        try container.encode(self.report.unchanged, forKey: .unchanged)
        try container.encode(self.report.rejected, forKey: .rejected)
        try container.encode(self.report.warnings, forKey: .warnings)
        try container.encode(self.rejectsFile, forKey: .rejectsFile)
        try container.encode(self.report.firstWarnings ?? [], forKey: .firstWarnings)
        try container.encode(self.report.warnedColumns ?? [], forKey: .warnedColumns)
        try container.encode(self.report.optOuts ?? [], forKey: .optOuts)
        try container.encode(self.report.unclear ?? [], forKey: .unclear)
        guard let trial = self.report.dryRun else { return }
        try container.encode(self.report.fields ?? [], forKey: .fields)
        try container.encode(trial, forKey: .dryRun)
    }
}
