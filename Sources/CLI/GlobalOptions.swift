import ArgumentParser
import Domain
import Foundation
import UserFiles

/// Options that are accepted after any subcommand.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("Settings (else $POSTRIDER_CONFIG, else ./postrider.yaml).", valueName: "file"),
        completion: .file()
    )
    var config: String?

    @Option(help: ArgumentHelp("The coordinator (else $POSTRIDER_URL, else from the settings).", valueName: "url"))
    var url: String?

    @Option(
        name: .customLong("token-file"),
        help: ArgumentHelp("Whose token to show (else $POSTRIDER_TOKEN, else the operator's).", valueName: "file"),
        completion: .file()
    )
    var tokenFile: String?

    @Flag(help: "One JSON document on stdout, or one object a line where it streams.")
    var json = false

    var given: GivenOptions { GivenOptions(config: self.config, url: self.url, tokenFile: self.tokenFile) }
}

/// What a command is run with: the outside world, once.
struct Surroundings: Sendable {
    let environment: [String: String]
    let terminal: Terminal
    let options: GivenOptions
    let isJSON: Bool

    init(_ options: GlobalOptions) {
        self.environment = ProcessInfo.processInfo.environment
        self.terminal = Terminal(environment: self.environment)
        self.options = options.given
        self.isJSON = options.json
    }

    /// Style of stdout.
    var style: Style { self.terminal.output }

    /// Runs `body` with a client for the coordinator.
    func withClient<Value>(
        role: Role = .operator,
        _ body: (APIClient) async throws -> Value
    ) async throws -> Value {
        let found = try Found.find(self.options, self.environment, role: role)
        return try await APIClient.with(base: found.base, token: found.token, tokenFile: found.tokenFile, body)
    }

    /// Shows an answer: the document itself with `--json`, else what `lines` makes of it.
    func show<Value: Decodable>(
        _ document: Document,
        as type: Value.Type,
        _ lines: (Value) -> [String]
    ) throws(Failure) {
        if self.isJSON {
            self.terminal.line(document.line)
        } else {
            for line in lines(try document.decode(type)) { self.terminal.line(Printable.text(line)) }
        }
    }

    /// Prints a value of our own as JSON.
    func show(_ value: some Encodable) throws(Failure) {
        self.terminal.line(try JSONText.of(value))
    }
}

/// Values of our own as one line of JSON.
enum JSONText {
    static func of(_ value: some Encodable) throws(Failure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw Failure(.failed, "cannot be written as JSON: \(error)")
        }
    }
}

/// A command that does its work with ``Surroundings``; failures become exit codes in one place.
protocol PostriderLeaf: AsyncParsableCommand {
    var global: GlobalOptions { get }

    func run(in surroundings: Surroundings) async throws
}

extension PostriderLeaf {
    func run() async throws {
        let surroundings = Surroundings(self.global)
        do {
            try await self.run(in: surroundings)
            surroundings.terminal.flush()
        } catch let failure as Failure {
            surroundings.report(failure)
            throw ExitCode(failure.status.rawValue)
        }
    }
}

extension Surroundings {
    /// Tells why a command did not succeed.
    func report(_ failure: Failure) {
        if self.isJSON, let document = failure.document { self.terminal.line(document.oneLine) }
        self.terminal.flush()
        for line in failure.lines(style: self.terminal.error) { self.terminal.note(line) }
    }
}

extension String {
    fileprivate var oneLine: String { self.hasSuffix("\n") ? String(self.dropLast()) : self }
}
