import Domain
import Telemetry

extension TargetRow {
    /// Appends the row as one line of NDJSON; a campaign has millions, so no encoder stands in between.
    func appendLine(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: "{\"contact\":".utf8)
        JSONText.append(self.contact, to: &bytes)
        Self.append("address", self.address, to: &bytes)
        Self.append("site", self.site, to: &bytes)
        Self.append("variant", self.variant, to: &bytes)
        Self.append("outcome", self.outcome, to: &bytes)
        Self.append("reason", self.reason, to: &bytes)
        bytes.append(contentsOf: ",\"attempts\":".utf8)
        JSONText.append(Int64(self.attempts), to: &bytes)
        Self.append("at", self.at?.rfc3339, to: &bytes)
        Self.append("relay", self.relay, to: &bytes)
        if let reply = self.reply {
            bytes.append(contentsOf: ",\"reply\":{\"code\":".utf8)
            JSONText.append(Int64(reply.code), to: &bytes)
            Self.append("status", reply.status, to: &bytes)
            Self.append("text", reply.text, to: &bytes)
            bytes.append(contentsOf: "}}\n".utf8)
        } else {
            bytes.append(contentsOf: ",\"reply\":null}\n".utf8)
        }
    }

    private static func append(_ key: String, _ value: String?, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: ",\"\(key)\":".utf8)
        if let value {
            JSONText.append(value, to: &bytes)
        } else {
            bytes.append(contentsOf: "null".utf8)
        }
    }
}
