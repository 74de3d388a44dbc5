import Domain
import Foundation
import Synchronization

/// Log lines of `postrider up` and of its children, one at a time and whole.
final class ClusterLog: Sendable {
    /// A value beside the message.
    enum Value: Sendable {
        case text(String)
        case number(Int)
    }

    private let isJSON: Bool
    /// Held while a line is written, so that lines never mix.
    private let isGone = Mutex(false)
    private let onGone: @Sendable () -> Void

    /// A log in one of two forms; `onGone` is called once, when nobody reads stdout any more.
    init(isJSON: Bool, onGone: @escaping @Sendable () -> Void) {
        self.isJSON = isJSON
        self.onGone = onGone
    }

    /// A line of our own; events and fields are named as the services name theirs.
    func write(_ level: String, _ event: String, _ message: String, _ fields: [(String, Value)] = []) {
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        self.pass(Array(Self.line(now, level, event, message, fields, isJSON: self.isJSON).utf8), isError: false)
    }

    /// A child's line, as it is.
    func pass(_ line: [UInt8], isError: Bool) {
        let wentAway = self.isGone.withLock { isGone in
            let isWritten = writeAll(line + [UInt8(ascii: "\n")], to: isError ? STDERR_FILENO : STDOUT_FILENO)
            guard !isWritten, !isError, !isGone else { return false }
            isGone = true
            return true
        }
        if wentAway { self.onGone() }
    }

    static func line(
        _ now: Timestamp,
        _ level: String,
        _ event: String,
        _ message: String,
        _ fields: [(String, Value)],
        isJSON: Bool
    ) -> String {
        guard isJSON else {
            let rest = fields.map { "\($0.0)=\($0.1.plain)" }
            return ([now.rfc3339, level, event, message] + rest).joined(separator: " ")
        }
        let texts = [("ts", now.rfc3339), ("level", level), ("event", event), ("msg", message)]
        let all = texts.map { ($0.0, Value.text($0.1)) } + fields
        return "{\(all.map { "\"\($0.0)\":\($0.1.json)" }.joined(separator: ","))}"
    }
}

extension ClusterLog.Value {
    fileprivate var plain: String {
        switch self {
        case .text(let text): text.contains(" ") ? "\"\(text)\"" : text
        case .number(let number): String(number)
        }
    }

    fileprivate var json: String {
        switch self {
        // A text can always be encoded; what could not would still leave the line valid.
        case .text(let text): (try? JSONText.of(text)) ?? "null"
        case .number(let number): String(number)
        }
    }
}
