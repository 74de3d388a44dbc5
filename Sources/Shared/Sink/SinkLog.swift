import Domain
import Synchronization

/// JSON lines of what a sink saw, one for each recipient: `{"at","from","to","size","reply","message_id"}`.
///
/// Lines are gathered and written in large pieces; ``flush()`` writes what is there.
final class SinkLog: Sendable {
    private struct State {
        var descriptor: Int32
        var buffer: [UInt8] = []
        /// The last moment and its text: thousands of lines share a millisecond.
        var moment = Timestamp(milliseconds: -1)
        var momentText: [UInt8] = []
        var problem: String?
    }

    /// What did not come under the roof of one write is written at this size.
    private static let bufferBytes = 64 * 1024

    private let state: Mutex<State>
    private let ownsDescriptor: Bool

    /// A log on a descriptor, which ``close()`` closes when the log owns it.
    init(descriptor: Int32, ownsDescriptor: Bool) {
        self.state = Mutex(State(descriptor: descriptor))
        self.ownsDescriptor = ownsDescriptor
    }

    /// Why lines are missing; `nil` when none are.
    var problem: String? { self.state.withLock { $0.problem } }

    func append(from: [UInt8], to: [UInt8], size: Int, reply: [UInt8], messageID: [UInt8]) {
        let now = WallClock.now()
        self.state.withLock { state in
            if state.moment != now {
                state.moment = now
                state.momentText = Array(now.rfc3339.utf8)
            }
            state.buffer.append(contentsOf: #"{"at":""#.utf8)
            state.buffer.append(contentsOf: state.momentText)
            state.buffer.append(contentsOf: #"","from":""#.utf8)
            Self.escape(from, into: &state.buffer)
            state.buffer.append(contentsOf: #"","to":""#.utf8)
            Self.escape(to, into: &state.buffer)
            state.buffer.append(contentsOf: #"","size":"#.utf8)
            state.buffer.append(contentsOf: String(size).utf8)
            state.buffer.append(contentsOf: #","reply":""#.utf8)
            Self.escape(reply, into: &state.buffer)
            state.buffer.append(contentsOf: #"","message_id":""#.utf8)
            Self.escape(messageID, into: &state.buffer)
            state.buffer.append(contentsOf: "\"}\n".utf8)
            if state.buffer.count >= Self.bufferBytes { Self.write(&state) }
        }
    }

    func flush() { self.state.withLock { Self.write(&$0) } }

    /// Flushes; nothing may be appended afterwards.
    func close() {
        self.state.withLock { state in
            Self.write(&state)
            if self.ownsDescriptor, state.descriptor >= 0 { _ = SystemFile.close(state.descriptor) }
            state.descriptor = -1
        }
    }

    private static func write(_ state: inout State) {
        guard !state.buffer.isEmpty, state.descriptor >= 0 else { return }
        if let problem = SystemFile.write(state.buffer, to: state.descriptor) {
            state.problem = "the log misses lines: \(problem)"
        }
        state.buffer.removeAll(keepingCapacity: true)
    }

    private static let hex = Array("0123456789abcdef".utf8)

    /// Bytes that are no UTF-8 become U+FFFD.
    static func escape(_ bytes: [UInt8], into buffer: inout [UInt8]) {
        guard bytes.allSatisfy({ $0 < 128 }) else {
            return Self.escapeValid(Array(String(decoding: bytes, as: UTF8.self).utf8), into: &buffer)
        }
        Self.escapeValid(bytes, into: &buffer)
    }

    private static func escapeValid(_ bytes: [UInt8], into buffer: inout [UInt8]) {
        for byte in bytes {
            if byte == 34 || byte == 92 {
                buffer.append(92)
                buffer.append(byte)
            } else if byte < 32 {
                buffer.append(contentsOf: #"\u00"#.utf8)
                buffer.append(Self.hex[Int(byte >> 4)])
                buffer.append(Self.hex[Int(byte & 15)])
            } else {
                buffer.append(byte)
            }
        }
    }
}
