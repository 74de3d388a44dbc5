import Domain
import Foundation
import NIOCore

/// How bodies become JSON and back.
enum JSONForm {
    /// Keys in one order, so that two answers can be compared as text.
    static func encode(_ value: some Encodable) throws -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var bytes = ByteBuffer(bytes: try encoder.encode(value))
        bytes.writeInteger(UInt8(ascii: "\n"))
        return bytes
    }

    /// Reads a request's body.
    ///
    /// - Throws: ``Problem`` with status 400 that names the key, also one that the request does not have: a key that is misspelt would do nothing.
    static func decode<Value: RequestForm>(_ type: Value.Type, from body: ByteBuffer) throws -> Value {
        do {
            let data = Data(body.readableBytesView)
            let keys = try JSONDecoder().decode([String: AnyValue].self, from: data).keys
            try NameCheck.check(keys, among: Value.CodingKeys.allCases.map(\.stringValue), of: "body")
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw Problem.badRequest(Self.explain(error))
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        func place(_ context: DecodingError.Context) -> String {
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? "The body" : "The key \(path) of the body"
        }
        switch error {
        case .keyNotFound(let key, let context):
            let place = (context.codingPath + [key]).map(\.stringValue).joined(separator: ".")
            return "The body lacks the key \(place)."
        case .typeMismatch(let type, let context):
            return "\(place(context)) has the wrong type; it must be \(Self.name(of: type))."
        case .valueNotFound(let type, let context):
            return "\(place(context)) is null; it must be \(Self.name(of: type))."
        case .dataCorrupted: return "The body is not JSON."
        @unknown default: return "The body is not what this request takes."
        }
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is any BinaryInteger.Type: "a number"
        default: "an object"
        }
    }
}

/// Whatever stands behind a key.
private struct AnyValue: Decodable {
    init(from decoder: any Decoder) {}
}

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
