import Domain
import Telemetry

/// One line of `GET /v1/audit`.
struct AuditRow: Hashable, Sendable {
    let row: Int64
    let at: Timestamp
    let who: String
    let act: String
    let subject: String
    /// Of the content the act was about, as hex; empty where there is none.
    let digest: String
    /// The address the request came from; empty for the coordinator's own acts.
    let origin: String
    /// As hex.
    let hash: String

    /// Appends the row as one line of NDJSON.
    func appendLine(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"row\":".utf8)
        JSONText.append(self.row, to: &bytes)
        // Milliseconds are what the hash covers; RFC 3339 has all of them.
        let texts = [
            ("at", self.at.rfc3339), ("who", self.who), ("act", self.act), ("subject", self.subject),
            ("digest", self.digest), ("origin", self.origin), ("hash", self.hash),
        ]
        for (key, text) in texts {
            bytes.append(contentsOf: ",\"\(key)\":".utf8)
            JSONText.append(text, to: &bytes)
        }
        bytes.append(contentsOf: "}\n".utf8)
    }
}

/// Body of `GET /v1/audit/verification`.
struct AuditVerification: Hashable, Sendable, Encodable {
    /// Every row fits the one before it, and the last is the newest that was written.
    var intact: Bool
    /// Rows that fit.
    var rows: Int64
    /// Hash of the last row that fits, as hex; empty without rows.
    var hash: String
    /// The first row that does not fit.
    @Nullable var finding: Finding?

    struct Finding: Hashable, Sendable, Encodable {
        var row: Int64
        /// What is wrong with it, for people.
        var text: String
    }
}
