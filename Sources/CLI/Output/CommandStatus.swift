import Domain

/// How a command ended; the numbers are a contract with scripts.
enum CommandStatus: Int32, Sendable {
    case done = 0
    case failed = 1
    /// The command line itself is wrong (EX_USAGE).
    case usage = 64
    /// The input is wrong (EX_DATAERR).
    case badInput = 65
    /// No coordinator answers, or it is starting, stopping or out of disk (EX_UNAVAILABLE).
    case unreachable = 69
    /// The token is unknown, or its role may not do this (EX_NOPERM).
    case notAllowed = 77
}

/// Why a command did not succeed: what is told on stderr, and the exit code.
struct Failure: Error, Hashable {
    let status: CommandStatus
    /// Lines for people, without "error:" before a plain sentence.
    let message: String
    /// Problems with places, shown before the message.
    var diagnostics: [Diagnostic] = []
    /// The coordinator's own document, printed on stdout with `--json`.
    var document: String?
    /// The import whose rejected rows can be had.
    var rejectsOf: String?
    /// The request may have been done, and its answer is lost.
    var isConnectionLost = false

    init(_ status: CommandStatus, _ message: String, diagnostics: [Diagnostic] = [], document: String? = nil) {
        self.status = status
        self.message = message
        self.diagnostics = diagnostics
        self.document = document
    }

    /// The coordinator's answer cannot be read: it is of a version with other words.
    static func unexpectedAnswer(_ error: any Error) -> Failure {
        Failure(.failed, "the coordinator's answer is not what this version of postrider expects: \(error)")
    }

    /// What is written on stderr, line by line.
    func lines(style: Style) -> [String] {
        var lines = self.diagnostics.map { diagnostic in
            let word = diagnostic.severity == .error ? style.red("error:") : style.yellow("warning:")
            return diagnostic.description.replacingFirst("\(diagnostic.severity.rawValue):", with: word)
        }
        if !self.message.isEmpty { lines.append("\(style.red("error:")) \(self.message)") }
        return lines.map(Printable.text)
    }
}

extension String {
    /// The text with the first occurrence of `part` replaced.
    fileprivate func replacingFirst(_ part: String, with other: String) -> String {
        guard let range = self.firstRange(of: part) else { return self }
        return self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
