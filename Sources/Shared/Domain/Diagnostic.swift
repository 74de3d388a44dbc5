/// A recoverable problem with its place: what is wrong, where, and what is allowed.
package struct Diagnostic: Hashable, Sendable, Error {
    /// How bad it is.
    package enum Severity: String, Hashable, Sendable {
        case error
        case warning
    }

    package var severity: Severity
    /// The file as the user named it; empty when the problem is in no file.
    package var file: String
    /// 1-based; 0 when unknown.
    package var line: Int
    /// 1-based; 0 when unknown.
    package var column: Int
    package var message: String

    package init(_ severity: Severity = .error, file: String = "", line: Int = 0, column: Int = 0, _ message: String) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.message = message
    }

    /// `campaign.yaml:12:3: error: …`, leaving out what is unknown.
    package var description: String {
        var place = self.file
        if self.line > 0 { place += "\(place.isEmpty ? "line " : ":")\(self.line)" }
        if self.line > 0, self.column > 0 { place += ":\(self.column)" }
        return place.isEmpty
            ? "\(self.severity.rawValue): \(self.message)" : "\(place): \(self.severity.rawValue): \(self.message)"
    }
}
