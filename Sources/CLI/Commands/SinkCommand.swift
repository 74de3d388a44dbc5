import ArgumentParser
import AsyncHTTPClient
import Dispatch
import Domain
import Glibc
import Sink
import UserFiles

/// Runs `postrider sink`.
struct SinkCommand: PostriderLeaf {
    static let configuration = CommandConfiguration(
        commandName: "sink",
        abstract: "A relay to test against: answers like a real one, and delivers nothing.",
        discussion: HelpText.with(examples: "postrider sink --listen 127.0.0.1:0 --scenario realistic")
    )

    @Option(help: ArgumentHelp("Where to listen.", valueName: "host:port"))
    var listen = "127.0.0.1:2525"

    @Option(
        help: ArgumentHelp("Replies by recipient: a file, or accept, or realistic.", valueName: "file"),
        completion: .file()
    )
    var scenario = "accept"

    @Option(
        help: ArgumentHelp("Append a line for each recipient; - is stdout.", valueName: "file"),
        completion: .file()
    )
    var log: String?

    @Option(
        help: ArgumentHelp("Keep every message as a file in this folder.", valueName: "folder"),
        completion: .directory
    )
    var keep: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        guard let address = ListenAddress(self.listen), address.host != "*" else {
            throw ValidationError("\"\(self.listen)\" is no address; allowed: \(ListenAddress.grammar).")
        }
    }

    func run(in surroundings: Surroundings) async throws {
        var options = SinkOptions()
        let address = ListenAddress(self.listen)
        options.host = address.map { $0.host == "localhost" ? "127.0.0.1" : $0.host } ?? options.host
        options.port = address?.port ?? options.port
        options.scenario = try Self.scenario(self.scenario)
        options.keepFolder = self.keep
        if self.log == "-" { options.logDescriptor = STDOUT_FILENO } else { options.logPath = self.log }
        let server: SinkServer
        do {
            server = try await SinkServer.start(options, on: HTTPClient.defaultEventLoopGroup)
        } catch let error as SinkError {
            throw Failure(.failed, error.description)
        }
        let place = ListenAddress(host: options.host, port: server.port).description
        if surroundings.isJSON {
            try surroundings.show(["listening": place])
        } else if self.log != "-" {
            surroundings.terminal.line("Listening on \(place); Ctrl-C ends it.")
        }
        surroundings.terminal.flush()
        let live = Task { await Self.showLive(server, surroundings) }
        await Signals.first(of: [SIGINT, SIGTERM])
        live.cancel()
        await live.value
        try await server.stop()
        if surroundings.isJSON {
            try surroundings.show(Summary(server.tally))
        } else if self.log != "-" {
            surroundings.terminal.line(server.tally.line)
        }
    }

    private static func showLive(_ server: SinkServer, _ surroundings: Surroundings) async {
        let progress = ProgressLine(surroundings.terminal, isQuiet: surroundings.isJSON)
        defer { progress.clear() }
        while !Task.isCancelled {
            progress.show(server.tally.line)
            // Cancelled at the end, which is no failure.
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    private struct Summary: Encodable {
        let connections: Int
        let accepted: Int
        let deferred: Int
        let refused: Int
        let dropped: Int
        let addresses: Int
        let moreThanOnce: Int

        init(_ tally: SinkTally) {
            self.connections = tally.connections
            self.accepted = tally.accepted
            self.deferred = tally.deferred
            self.refused = tally.refused
            self.dropped = tally.dropped
            self.addresses = tally.addresses
            self.moreThanOnce = tally.repeatedAddresses
        }

        enum CodingKeys: String, CodingKey {
            case connections
            case accepted
            case deferred
            case refused
            case dropped
            case addresses
            case moreThanOnce = "more_than_once"
        }
    }

    /// A built-in scenario, or one from a file.
    static func scenario(_ name: String) throws(Failure) -> SinkScenario {
        if access(name, F_OK) != 0, let scenario = SinkScenario.builtIn[name] { return scenario }
        let file: ScenarioFile
        do {
            file = try ScenarioFile.load(path: name)
        } catch {
            throw Failure(.badInput, "", diagnostics: error.diagnostics)
        }
        var diagnostics: [Diagnostic] = []
        let rules = file.rules.map { rule in
            let made = SinkScenario.Rule(rule)
            if let problem = made.problem {
                let place = rule.place
                diagnostics.append(Diagnostic(file: name, line: place.line, column: place.column, problem))
            }
            return made
        }
        guard diagnostics.isEmpty else { throw Failure(.badInput, "", diagnostics: diagnostics) }
        return SinkScenario(rules: rules, seed: file.seed)
    }
}

extension SinkScenario.Rule {
    fileprivate init(_ rule: ScenarioFile.Rule) {
        let stage: SinkScenario.Stage =
            switch rule.stage {
            case .recipient: .recipient
            case .data: .data
            case .message: .message
            }
        let action: SinkScenario.Action =
            switch rule.action {
            case .reply(let line): .reply(line)
            case .drop: .drop
            case .slow(let milliseconds): .slow(milliseconds: milliseconds)
            }
        self.init(match: rule.match, share: rule.share, tries: rule.tries, at: stage, action: action)
    }
}

/// Waits for signals.
enum Signals {
    /// Returns when the process gets one of them; they do not end it any more.
    static func first(of numbers: [CInt]) async {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield() }
            source.resume()
            return source
        }
        for await _ in stream { break }
        for source in sources { source.cancel() }
    }
}
