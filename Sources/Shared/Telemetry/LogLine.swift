package import Logging

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// How log lines look.
package enum LogFormat: String, Hashable, Sendable, CaseIterable {
    /// One JSON object a line, for machines.
    case json
    /// Time, level, event, message, `key=value`, for people.
    case text
}

/// One log line before it is written: pure, so that tests compare bytes.
package struct LogLine: Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package var milliseconds: Int64
    package var level: Logger.Level
    package var event: String
    package var message: String
    /// Fields in the order of the line: sorted by name, nested ones as `outer.inner`.
    package private(set) var fields: [(name: String, value: Value)]

    /// A field's value.
    package enum Value: Hashable, Sendable {
        case text(String)
        case whole(Int64)
        case fraction(Double)
        case flag(Bool)
        case list([Value])
    }

    /// The metadata key whose value becomes the line's `event`.
    package static let eventKey = "event"

    /// Bound of one text in a line, in bytes of UTF-8: enough for a statement or a reply, too little to drown a log.
    package static let textBytesMax = 4_096
    /// Bound of fields in a line; no event of ours comes near it.
    package static let fieldsMax = 64

    package init(milliseconds: Int64, level: Logger.Level, message: String, metadata: Logger.Metadata) {
        self.milliseconds = milliseconds
        self.level = level
        self.message = message
        self.event = LogEventName.message.rawValue
        self.fields = []
        var rest = metadata
        if let event = rest.removeValue(forKey: Self.eventKey) { self.event = event.description }
        for (key, value) in rest { self.add(value, named: key) }
        self.fields.sort { $0.name < $1.name }
        if self.fields.count > Self.fieldsMax { self.fields.removeSubrange(Self.fieldsMax...) }
    }

    private mutating func add(_ value: Logger.MetadataValue, named name: String) {
        if case .dictionary(let inner) = value {
            for (key, value) in inner { self.add(value, named: "\(name).\(key)") }
        } else {
            // A field never takes the place of the line's own keys.
            let isTaken = ["ts", "level", "event", "msg"].contains(name)
            self.fields.append((isTaken ? "field.\(name)" : name, Self.value(of: value)))
        }
    }

    private static func value(of metadata: Logger.MetadataValue) -> Value {
        switch metadata {
        case .string(let text): .text(text)
        case .array(let values): .list(values.map(Self.value(of:)))
        case .dictionary(let inner): .text(inner.description)
        case .stringConvertible(let value):
            switch value {
            case let number as Int: .whole(Int64(number))
            case let number as Int64: .whole(number)
            case let number as Double: .fraction(number)
            case let flag as Bool: .flag(flag)
            default: .text(value.description)
            }
        }
    }

    /// The line's bytes with the line feed that ends them, and no other one.
    package func bytes(in format: LogFormat) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        switch format {
        case .json: self.appendJSON(to: &bytes)
        case .text: self.appendText(to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private func appendJSON(to bytes: inout [UInt8]) {
        bytes.append(
            contentsOf: "{\"ts\":\"\(Self.rfc3339(self.milliseconds))\",\"level\":\"\(self.level)\",\"event\":".utf8
        )
        JSONText.append(Self.bounded(self.event), to: &bytes)
        bytes.append(contentsOf: ",\"msg\":".utf8)
        JSONText.append(Self.bounded(self.message), to: &bytes)
        for (name, value) in self.fields {
            bytes.append(UInt8(ascii: ","))
            JSONText.append(Self.bounded(name), to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            Self.append(value, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    private static func append(_ value: Value, to bytes: inout [UInt8]) {
        switch value {
        case .text(let text): JSONText.append(Self.bounded(text), to: &bytes)
        case .whole(let number): JSONText.append(number, to: &bytes)
        case .fraction(let number): JSONText.append(number, to: &bytes)
        case .flag(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .list(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.prefix(Self.fieldsMax).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.append(value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        }
    }

    private func appendText(to bytes: inout [UInt8]) {
        let level = "\(self.level)".uppercased()
        let padding = String(repeating: " ", count: max(0, 8 - level.count))
        bytes.append(contentsOf: "\(Self.rfc3339(self.milliseconds)) \(level)\(padding) ".utf8)
        Self.appendPlain(self.event, to: &bytes)
        bytes.append(contentsOf: ": ".utf8)
        Self.appendPlain(self.message, to: &bytes)
        for (name, value) in self.fields {
            bytes.append(UInt8(ascii: " "))
            Self.appendPlain(name, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            if case .text(let text) = value, Self.isPlain(text) {
                Self.appendPlain(text, to: &bytes)
            } else {
                Self.append(value, to: &bytes)
            }
        }
    }

    /// Control characters would let a value forge lines or move a terminal's cursor: each becomes `?`.
    private static func appendPlain(_ text: String, to bytes: inout [UInt8]) {
        for byte in Self.bounded(text).utf8 { bytes.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: "?") : byte) }
    }

    /// Whether a value can stand in a text line without quotation marks.
    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") }
    }

    /// The text, cut between characters and marked when it is longer than ``textBytesMax``.
    private static func bounded(_ text: String) -> String {
        guard text.utf8.count > Self.textBytesMax else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: Self.textBytesMax)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return String(text[..<end]) + "…"
    }

    /// RFC 3339 in UTC with milliseconds.
    private static func rfc3339(_ milliseconds: Int64) -> String {
        var seconds = time_t(milliseconds / 1_000)
        var rest = Int(milliseconds % 1_000)
        if rest < 0 {
            rest += 1_000
            seconds -= 1
        }
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func pad(_ value: some BinaryInteger, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(pad(Int(parts.tm_year) + 1_900, 4))-\(pad(parts.tm_mon + 1, 2))-\(pad(parts.tm_mday, 2))"
            + "T\(pad(parts.tm_hour, 2)):\(pad(parts.tm_min, 2)):\(pad(parts.tm_sec, 2)).\(pad(rest, 3))Z"
    }
}
