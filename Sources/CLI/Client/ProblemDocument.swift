import Domain
import Foundation

/// A diagnostic as the coordinator writes it.
struct APIDiagnostic: Decodable, Sendable {
    var severity: String?
    var file: String?
    var line: Int?
    var column: Int?
    var message: String

    var diagnostic: Diagnostic {
        Diagnostic(
            Diagnostic.Severity(rawValue: self.severity ?? "") ?? .error,
            file: self.file ?? "",
            line: self.line ?? 0,
            column: self.column ?? 0,
            self.message
        )
    }
}

/// `application/problem+json`: what the coordinator says when it refuses.
struct ProblemDocument: Decodable, Sendable {
    var title: String?
    var detail: String?
    var diagnostics: [APIDiagnostic]?
    /// The import whose rejected rows say what is wrong with each.
    var `import`: String?

    /// What an answer with an error status means for the user.
    ///
    /// - Parameters:
    ///   - code: HTTP status.
    ///   - body: As it came; may be anything.
    ///   - tokenFile: Named where the token is at fault.
    /// - Returns: The exit code that goes with the status, and everything the coordinator said.
    static func failure(code: Int, body: [UInt8], tokenFile: String) -> Failure {
        let text = String(decoding: body, as: UTF8.self)
        let problem = try? JSONDecoder().decode(Self.self, from: Data(body))
        let said = problem?.sentence ?? "the coordinator answered with status \(code)"
        let status = Self.status(of: code)
        let diagnostics = problem?.diagnostics?.map(\.diagnostic) ?? []
        let document = problem == nil ? nil : text
        switch code {
        case 401:
            let hint = "the coordinator does not know the token in \(tokenFile)"
            return Failure(status, hint, diagnostics: diagnostics, document: document)
        case 403:
            let stop = said.hasSuffix(".") ? "" : "."
            let hint = "\(said)\(stop) The token came from \(tokenFile); --token-file takes another."
            return Failure(status, hint, diagnostics: diagnostics, document: document)
        default:
            // Each place is a line that says what is wrong there; a sentence that something is wrong would be one more.
            let isSaid = status == .badInput && diagnostics.contains { $0.severity == .error }
            var failure = Failure(status, isSaid ? "" : said, diagnostics: diagnostics, document: document)
            failure.rejectsOf = problem?.import
            return failure
        }
    }

    /// The exit code for an HTTP status, as the table of docs/api.md has it.
    static func status(of code: Int) -> CommandStatus {
        switch code {
        case 400, 413, 415, 422: .badInput
        case 401, 403: .notAllowed
        case 503: .unreachable
        default: .failed
        }
    }

    private var sentence: String? {
        let parts = [self.title, self.detail].compactMap { $0 }.filter { !$0.isEmpty }
        return parts.isEmpty ? nil : parts.joined(separator: ": ")
    }
}
