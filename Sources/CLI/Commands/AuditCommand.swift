import ArgumentParser
import Domain
import Foundation
import NIOCore

/// Runs `postrider audit`.
struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Who did what: a list that shows every change made to it afterwards.",
        subcommands: [Verify.self, Export.self]
    )

    /// Runs `postrider audit verify`.
    struct Verify: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Whether the audit is as it was written; names the first row that is not.",
            discussion: """
                Each row's hash covers the row before it, so a row that was changed, removed or moved is found, and so are rows \
                missing at the end. Who can write the database could compute everything anew; the hashes that the coordinator \
                put into its log show that, as long as the log is kept where that person cannot write.

                Example: postrider audit verify
                """
        )

        @Option(
            help: ArgumentHelp("Compare with the coordinator's log, too; - reads it from stdin.", valueName: "file"),
            completion: .file()
        )
        var log: String?

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            let logged = try self.log.map { path throws(Failure) in try LoggedAudit(path: path) }
            let (document, unlike) = try await surroundings.withClient { client in
                (try await client.get("/v1/audit/verification"), try await logged?.compare(client))
            }
            let answer = try document.decode(AuditVerification.self)
            if answer.intact, let unlike {
                throw Failure(.failed, unlike, document: try JSONText.of(answer.finding(unlike)))
            }
            guard answer.intact else {
                let text = answer.finding.map { "row \($0.row): \($0.text)" } ?? "it does not fit"
                throw Failure(.failed, "the audit was changed; \(Printable.foreign(text))", document: document.line)
            }
            try surroundings.show(document, as: AuditVerification.self) { answer in
                ["The audit is as it was written: \(NumberText.grouped(answer.rows)) rows."]
                    + (logged.map { ["\(NumberText.grouped($0.count)) lines of the log agree."] } ?? [])
            }
        }
    }

    /// Runs `postrider audit export`.
    struct Export: PostriderLeaf {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Every row as one line of JSON, oldest first.",
            discussion: HelpText.with(examples: "postrider audit export > audit.jsonl")
        )

        @OptionGroup var global: GlobalOptions

        func run(in surroundings: Surroundings) async throws {
            let terminal = surroundings.terminal
            try await surroundings.withClient { client in
                try await client.stream("/v1/audit") { terminal.bytes($0.readableBytesView) }
            }
        }
    }
}

/// Answer of `GET /v1/audit/verification`.
struct AuditVerification: Codable, Sendable {
    var intact: Bool
    var rows: Int
    var hash: String
    var finding: Finding?

    struct Finding: Codable, Sendable {
        var row: Int
        var text: String
    }

    /// The same answer with something that only the log shows.
    func finding(_ text: String) -> Self {
        var answer = self
        answer.intact = false
        answer.finding = Finding(row: 0, text: text)
        return answer
    }
}

/// What the coordinator's log says of the audit: hashes of rows at the time they were written.
struct LoggedAudit {
    private var hashes: [Int: String] = [:]

    var count: Int { self.hashes.count }

    /// Reads the lines with `"event":"audit"`; all others are passed over.
    ///
    /// - Parameter path: A file of JSON lines; `-` for stdin.
    /// - Throws: ``Failure`` when it cannot be read, or has no such line.
    init(path: String) throws(Failure) {
        let handle: FileHandle
        if path == "-" {
            handle = .standardInput
        } else {
            guard let opened = FileHandle(forReadingAtPath: path) else {
                throw Failure(.usage, "cannot read the log \(path)")
            }
            handle = opened
        }
        var lines = LineSplitter()
        let decoder = JSONDecoder()
        func take(_ line: [UInt8]) {
            guard let entry = try? decoder.decode(Line.self, from: Data(line)), entry.event == "audit"
            else { return }
            self.hashes[entry.row] = entry.hash
        }
        while let piece = try? handle.read(upToCount: 65_536), !piece.isEmpty {
            for line in try lines.add(piece) { take(line) }
        }
        if let rest = lines.rest { take(rest) }
        guard !self.hashes.isEmpty else {
            throw Failure(.badInput, "\(path == "-" ? "stdin" : path) has no line with \"event\":\"audit\"")
        }
    }

    /// Compares with the rows as they are now.
    ///
    /// - Returns: What does not agree; `nil` when all does.
    func compare(_ client: APIClient) async throws -> String? {
        var left = self.hashes
        var unlike: Int?
        var lines = LineSplitter()
        let decoder = JSONDecoder()
        func take(_ line: [UInt8]) throws(Failure) {
            let row = try decoder.row(Row.self, from: line)
            guard let hash = left.removeValue(forKey: row.row), hash != row.hash else { return }
            unlike = min(unlike ?? row.row, row.row)
        }
        try await client.stream("/v1/audit") { piece throws(Failure) in
            for line in try lines.add(piece.readableBytesView) { try take(line) }
        }
        if let unlike { return "row \(unlike) is not the one that the log tells of" }
        if let missing = left.keys.min() { return "row \(missing), of which the log tells, is missing" }
        return nil
    }

    private struct Line: Decodable {
        let event: String
        let row: Int
        let hash: String
    }

    private struct Row: Decodable {
        let row: Int
        let hash: String
    }
}
