import Domain

/// An optional whose key stands in the JSON also when there is no value, as `null`.
///
/// Without it Swift leaves the key out, and readers cannot tell "none" from "another version".
@propertyWrapper
struct Nullable<Value: Hashable & Sendable & Encodable>: Hashable, Sendable, Encodable {
    var wrappedValue: Value?

    init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let value = self.wrappedValue {
            try container.encode(value)
        } else {
            try container.encodeNil()
        }
    }
}

extension Timestamp: Encodable {
    /// RFC 3339 in UTC.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(self.rfc3339)
    }
}

extension CampaignState: Encodable {}

extension Diagnostic: Encodable {
    private enum CodingKeys: String, CodingKey {
        case severity, file, line, column, message
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(self.severity.rawValue, forKey: .severity)
        try container.encode(self.file, forKey: .file)
        try container.encode(self.line, forKey: .line)
        try container.encode(self.column, forKey: .column)
        try container.encode(self.message, forKey: .message)
    }
}
