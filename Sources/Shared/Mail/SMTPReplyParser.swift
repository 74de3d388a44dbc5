package import Domain

/// Reads SMTP replies (RFC 5321 section 4.2) out of a stream of bytes, however the stream is cut.
///
/// A relay is not trusted: what it sends is bounded in every direction, and the first byte out of place ends the
/// dialogue.
package struct SMTPReplyParser: Sendable {
    /// What ``next(_:from:)`` found.
    package enum Step: Hashable, Sendable {
        /// All bytes are consumed and the reply is not complete.
        case incomplete
        /// A complete reply, 200 to 599; its text is in ``reply`` until the next call.
        case reply(code: Int)
        /// The bytes are no SMTP reply. The parser stays broken: close the connection.
        case broken(Problem)
    }

    /// Why bytes are no reply.
    package enum Problem: String, Hashable, Sendable {
        case lineTooLong = "a reply line of more than 2048 bytes"
        case tooManyLines = "a reply of more than 128 lines"
        case codesDiffer = "a reply whose lines have different codes"
        case notAReply = "bytes that are no SMTP reply"
    }

    /// Longest line taken, line end included: RFC 5321 allows 512, relays exceed it, nobody needs more than this.
    package static let lineBytesMax = 2_048
    /// Most lines of one reply: the longest EHLO answer seen in the wild has about 30.
    package static let linesMax = 128
    /// Text kept of one reply, so that an EHLO answer is whole: what is beyond it is read and dropped.
    package static let textBytesKept = 4_096

    /// A line whose end has not come yet.
    private var partial: [UInt8] = []
    /// The lines of the reply so far without code and line end, each followed by LF.
    private var text: [UInt8] = []
    private var code = 0
    private var lines = 0
    private var isComplete = false
    private var problem: Problem?

    package init() {}

    /// Whether some bytes of a reply came and its end did not.
    package var isInReply: Bool { !self.isComplete && (self.lines > 0 || !self.partial.isEmpty) }

    /// Reads on at `offset` and moves it behind what was consumed: at most to the end of one reply.
    package mutating func next(_ bytes: UnsafeRawBufferPointer, from offset: inout Int) -> Step {
        if let problem = self.problem { return .broken(problem) }
        if self.isComplete {
            self.isComplete = false
            self.lines = 0
            self.text.removeAll(keepingCapacity: true)
        }
        while let end = Self.lineEnd(bytes, from: offset) {
            let line = UnsafeRawBufferPointer(rebasing: bytes[offset..<end])
            offset = end
            if let step = self.take(line) { return step }
        }
        let rest = bytes.count - offset
        guard self.partial.count + rest < Self.lineBytesMax else { return self.breakOff(.lineTooLong) }
        self.partial.append(contentsOf: bytes[offset...])
        offset = bytes.count
        return .incomplete
    }

    /// The index after the next LF.
    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, from offset: Int) -> Int? {
        var index = offset
        while index < bytes.count {
            if bytes[index] == 10 { return index + 1 }
            index += 1
        }
        return nil
    }

    /// - Returns: `nil` when the reply goes on.
    private mutating func take(_ line: UnsafeRawBufferPointer) -> Step? {
        guard self.partial.count + line.count <= Self.lineBytesMax else { return self.breakOff(.lineTooLong) }
        guard !self.partial.isEmpty else { return self.read(line) }
        self.partial.append(contentsOf: line)
        let whole = self.partial
        self.partial.removeAll(keepingCapacity: true)
        return whole.withUnsafeBytes { self.read($0) }
    }

    /// Reads one line with its LF; a CR before it belongs to the line end, and some relays leave it out.
    private mutating func read(_ line: UnsafeRawBufferPointer) -> Step? {
        var length = line.count - 1
        if length > 0, line[length - 1] == 13 { length -= 1 }
        guard length >= 3, line[0] >= 50, line[0] <= 53, Self.isDigit(line[1]), Self.isDigit(line[2]) else {
            return self.breakOff(.notAReply)
        }
        let code = Int(line[0] - 48) * 100 + Int(line[1] - 48) * 10 + Int(line[2] - 48)
        guard self.lines == 0 || code == self.code else { return self.breakOff(.codesDiffer) }
        let isLast = length == 3 || line[3] != 45
        guard !isLast || length == 3 || line[3] == 32 else { return self.breakOff(.notAReply) }
        self.code = code
        self.lines += 1
        if length > 4, self.text.count < Self.textBytesKept {
            let kept = min(length, 4 + Self.textBytesKept - self.text.count)
            self.text.append(contentsOf: line[4..<kept])
        }
        self.text.append(10)
        if isLast {
            self.isComplete = true
            return .reply(code: code)
        }
        return self.lines >= Self.linesMax ? self.breakOff(.tooManyLines) : nil
    }

    private mutating func breakOff(_ problem: Problem) -> Step {
        self.problem = problem
        return .broken(problem)
    }

    fileprivate static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
}

extension SMTPReplyParser {
    /// The last complete reply, made of strings only when somebody wants it.
    package var reply: RelayReply { Self.reply(code: self.code, lines: self.text[...]) }

    /// What EHLO's answer offers.
    package var capabilities: SMTPCapabilities { SMTPCapabilities(lines: self.text[...]) }

    /// Makes a reply out of its lines, each ended by LF: the enhanced status is taken out, the lines are joined by a
    /// blank.
    static func reply(code: Int, lines: ArraySlice<UInt8>) -> RelayReply {
        var status: [UInt8] = []
        var joined: [UInt8] = []
        joined.reserveCapacity(min(lines.count, RelayReply.textBytesMax))
        for line in lines.split(separator: 10, omittingEmptySubsequences: true) {
            guard joined.count < RelayReply.textBytesMax else { break }
            var rest = line
            if let length = Self.statusLength(rest), status.isEmpty || rest.prefix(length) == status[...] {
                status = Array(rest.prefix(length))
                rest = rest.dropFirst(length).drop { $0 == 32 }
            }
            if !joined.isEmpty, !rest.isEmpty { joined.append(32) }
            joined.append(contentsOf: rest)
        }
        return RelayReply(code: code, status: String(decoding: status, as: UTF8.self), text: Self.printable(joined))
    }

    /// Length of an enhanced status code (RFC 3463: `2.1.5`, each number up to three digits) at the start of a line.
    private static func statusLength(_ line: ArraySlice<UInt8>) -> Int? {
        guard let first = line.first, first == 50 || first == 52 || first == 53 else { return nil }
        var index = line.startIndex + 1
        for _ in 0..<2 {
            guard index < line.endIndex, line[index] == 46 else { return nil }
            let start = index + 1
            index = start
            while index < line.endIndex, index < start + 3, Self.isDigit(line[index]) { index += 1 }
            guard index > start else { return nil }
        }
        guard index == line.endIndex || line[index] == 32 else { return nil }
        return index - line.startIndex
    }

    /// Text that is safe in a log or on a terminal: repaired UTF-8 without control characters, within the bound in
    /// bytes.
    private static func printable(_ bytes: [UInt8]) -> String {
        if bytes.allSatisfy({ $0 >= 32 && $0 < 127 }) {
            return String(decoding: bytes.prefix(RelayReply.textBytesMax), as: UTF8.self)
        }
        var kept = String.UnicodeScalarView()
        var count = 0
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            let isHarmless: Bool
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: isHarmless = false
            default: isHarmless = true
            }
            let safe = isHarmless ? scalar : " "
            count += UTF8.width(safe)
            guard count <= RelayReply.textBytesMax else { break }
            kept.append(safe)
        }
        return String(kept)
    }
}
