import Domain

/// What is collected while one file is read: its problems and the place of every key that was looked at.
///
/// A reference type because many readers of parts of one file report into it; it never leaves the call that made it.
final class FileReading {
    /// As the user named it.
    let file: String
    /// The whole text, to find where the text of a template begins.
    let source: String
    /// Values of `${NAME}`; `nil` where a file must mean the same everywhere and references are not replaced.
    let environment: [String: String]?
    private(set) var diagnostics: [Diagnostic] = []
    private(set) var places: [String: Place] = [:]

    /// Problems shown for one file; a file with more of them is of another kind.
    static let problemsMax = 100

    init(file: String, source: String, environment: [String: String]?) {
        self.file = file
        self.source = source
        self.environment = environment
    }

    func note(_ path: String, at place: Place) { self.places[path] = place }

    /// Reports what is wrong with the value of `path`.
    func problem(_ path: String, at place: Place, _ message: String) {
        guard self.diagnostics.count < Self.problemsMax else { return }
        let text = path.isEmpty ? message : "\(path): \(message)"
        self.diagnostics.append(Diagnostic(file: self.file, line: place.line, column: place.column, text))
    }

    /// The value, unless something was wrong anywhere.
    func finish<Value>(_ value: Value?) throws(FileProblems) -> Value {
        guard let value, self.diagnostics.isEmpty else {
            throw FileProblems(self.diagnostics.sorted { ($0.line, $0.column) < ($1.line, $1.column) })
        }
        return value
    }

    /// Replaces `${NAME}` by the environment's value; `$${` is a literal `${`.
    func expand(_ text: String, path: String, at place: Place) -> String {
        guard let environment = self.environment, text.utf8.contains(UInt8(ascii: "$")) else { return text }
        var result = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...]
            if rest.hasPrefix("$${") {
                result += "${"
                rest = rest.dropFirst(3)
            } else if rest.hasPrefix("${"), let end = rest.firstIndex(of: "}") {
                let name = String(rest[rest.index(dollar, offsetBy: 2)..<end])
                if let value = environment[name] {
                    result += value
                } else {
                    let hint = "write $${ for a literal ${"
                    self.problem(path, at: place, "the environment has no variable \(name) (\(hint))")
                }
                rest = rest[rest.index(after: end)...]
            } else {
                result += "$"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}
