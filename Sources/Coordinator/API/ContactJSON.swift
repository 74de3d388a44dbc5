import Domain
import Intake
import NIOCore
import Storage

/// CONTACT of docs/api.md.
struct ContactJSON: Hashable, Sendable, Encodable {
    var contact: Int64
    /// Only those that have a value.
    var fields: [String: String]
    /// Whose number `external_id` is; `nil`: the user's own, or there is none.
    @Nullable var idSystem: String?
    var lists: [String]
    var sources: [Source]
    /// For each channel, which bases were given.
    var consent: [String: [String]]
    var createdAt: Timestamp
    var updatedAt: Timestamp

    struct Source: Hashable, Sendable, Encodable {
        var name: String
        var file: String
        /// Empty when not stated.
        var basis: String
        var proof: String
        var channels: [String]
        var at: Timestamp
    }

    private enum CodingKeys: String, CodingKey {
        case contact, fields, lists, sources, consent
        case idSystem = "id_system"
        case createdAt = "created_at"
        case updatedAt = "updated_at"
    }

    init(_ record: ContactRecord, fields: [Field]) {
        self.contact = record.id
        self.fields = Dictionary(zip(fields.map(\.name), record.values)) { first, _ in first }.compactMapValues { $0 }
        self._idSystem = Nullable(wrappedValue: record.idSystem.flatMap { $0.isEmpty ? nil : $0 })
        self.lists = record.lists
        self.sources = record.sources.map {
            Source(
                name: $0.note.name,
                file: $0.note.file,
                basis: $0.note.basis,
                proof: $0.note.proof,
                channels: $0.note.channels,
                at: $0.at
            )
        }
        self.consent = record.consent.byChannel
        self.createdAt = record.createdAt
        self.updatedAt = record.updatedAt
    }
}

extension ConsentMarks {
    fileprivate var byChannel: [String: [String]] {
        Dictionary(
            Self.channels.map { ($0, self.bases(for: $0).map(\.name)) }.filter { !$0.1.isEmpty }
        ) { first, _ in first }
    }
}

/// Contacts as a table (RFC 4180), one row for each.
///
/// Spreadsheets run cells that begin with `=`, `+`, `-`, `@`, a tab or CR as formulas: those get a `'` before them, except numbers.
enum ContactCSV {
    static func header(_ fields: [Field]) -> ByteBuffer {
        // An import knows its own by these.
        let own = HeaderMapping.exportColumns
        return Self.line(Array(own.prefix(1)) + fields.map(\.name) + Array(own.dropFirst()))
    }

    static func row(_ record: ContactRecord) -> ByteBuffer {
        let consent = ConsentMarks.channels.flatMap { channel in
            record.consent.bases(for: channel).map { "\(channel):\($0.name)" }
        }
        return Self.line(
            ["\(record.id)"] + record.values.map { $0 ?? "" } + [
                record.idSystem ?? "", record.lists.joined(separator: "; "),
                record.sources.map(\.note.name).joined(separator: "; "),
                consent.joined(separator: "; "), record.createdAt.rfc3339, record.updatedAt.rfc3339,
            ]
        )
    }

    private static func line(_ cells: [String]) -> ByteBuffer {
        ByteBuffer(string: cells.map(Self.cell).joined(separator: ",") + "\r\n")
    }

    private static func cell(_ text: String) -> String {
        var text = text
        if FormulaMark.isNeeded(text.utf8), Double(text) == nil, !Self.isTelephone(text) { text = "'" + text }
        guard text.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else { return text }
        return "\"\(text.replacing("\"", with: "\"\""))\""
    }

    private static func isTelephone(_ text: String) -> Bool {
        text.utf8.first == UInt8(ascii: "+") && text.utf8.dropFirst().allSatisfy { (48...57).contains($0) }
    }
}
