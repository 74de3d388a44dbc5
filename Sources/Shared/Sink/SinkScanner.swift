/// Finds the end of a message in the bytes after DATA, and judges it as a strict server does.
///
/// Only `CRLF . CRLF` ends a message. A CR or LF by itself makes it invalid: servers that read one as a line end let a
/// message smuggle in another (CVE-2023-51764 and its kin).
struct SinkScanner: Sendable {
    private enum State {
        case lineStart
        case line
        case carriageReturn
        case dot
        case dotCarriageReturn
    }

    /// Longest Message-ID kept: what a header line may hold (RFC 5322 section 2.1.1).
    private static let headerBytesMax = 998

    /// Bytes of the message without dot-stuffing and the final dot.
    private(set) var size = 0
    /// Whether a CR or LF stood by itself.
    private(set) var hasBareLineEnd = false
    /// The value of the Message-ID field; empty when there is none or it was not wanted.
    private(set) var messageID: [UInt8] = []
    /// The message as it was before dot-stuffing, when it is to be kept.
    private(set) var content: [UInt8] = []

    private let keepsContent: Bool
    private let contentMax: Int
    private var state = State.lineStart
    private var isInHeader: Bool
    private var isCapturing = false
    private var header: [UInt8] = []

    /// A scanner at the start of a message; of its content at most `contentMax` bytes are kept.
    init(wantsMessageID: Bool, keepsContent: Bool, contentMax: Int) {
        self.isInHeader = wantsMessageID
        self.keepsContent = keepsContent
        self.contentMax = contentMax
    }

    /// Reads on at `offset` and moves it behind what was consumed.
    ///
    /// - Returns: Whether the message has ended.
    mutating func consume(_ bytes: UnsafeRawBufferPointer, from offset: inout Int) -> Bool {
        while offset < bytes.count {
            let byte = bytes[offset]
            switch self.state {
            case .lineStart:
                self.beginLine(byte)
                if byte == 46 {
                    self.state = .dot
                    offset += 1
                } else {
                    self.state = .line
                }
            case .line: self.readLine(bytes, &offset)
            case .carriageReturn: self.afterReturn(byte, &offset)
            case .dot:
                // The dot before anything else was put there for the way: it is not part of the message.
                if byte == 13 { offset += 1 }
                self.state = byte == 13 ? .dotCarriageReturn : .line
            case .dotCarriageReturn:
                if byte == 10 {
                    offset += 1
                    return true
                }
                self.take(13)
                self.hasBareLineEnd = true
                self.state = .line
            }
        }
        return false
    }

    private mutating func readLine(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) {
        let start = offset
        var end = start
        while end < bytes.count, bytes[end] != 13, bytes[end] != 10 { end += 1 }
        self.take(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        offset = end
        guard end < bytes.count else { return }
        offset += 1
        if bytes[end] == 13 {
            self.state = .carriageReturn
        } else {
            self.hasBareLineEnd = true
            self.take(10)
        }
    }

    private mutating func afterReturn(_ byte: UInt8, _ offset: inout Int) {
        self.take(13)
        if byte == 10 {
            offset += 1
            self.take(10)
            self.endLine()
            self.state = .lineStart
        } else {
            self.hasBareLineEnd = true
            self.state = .line
        }
    }

    private mutating func take(_ byte: UInt8) {
        self.size += 1
        if self.keepsContent, self.content.count < self.contentMax { self.content.append(byte) }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer) {
        self.size += bytes.count
        if self.keepsContent { self.content.append(contentsOf: bytes.prefix(self.contentMax - self.content.count)) }
        if self.isCapturing { self.header.append(contentsOf: bytes.prefix(Self.headerBytesMax - self.header.count)) }
    }

    // MARK: Message-ID

    private mutating func beginLine(_ byte: UInt8) {
        guard self.isInHeader else { return }
        if byte == 13 {
            self.isInHeader = false
        } else if byte == 32 || byte == 9 {
            // A folded field goes on; one whose value stood on the first line has been read.
            self.isCapturing = !self.header.isEmpty && self.messageID.isEmpty
        } else {
            self.header.removeAll(keepingCapacity: true)
            self.isCapturing = (byte == 77 || byte == 109) && self.messageID.isEmpty
        }
    }

    private mutating func endLine() {
        guard self.isCapturing else { return }
        self.isCapturing = false
        let name = Array("message-id:".utf8)
        guard self.header.count >= name.count, zip(self.header, name).allSatisfy({ $0 | 32 == $1 | 32 }) else {
            self.header.removeAll(keepingCapacity: true)
            return
        }
        let value = self.header.dropFirst(name.count).drop { $0 == 32 || $0 == 9 }
        self.messageID = Array(value.reversed().drop { $0 == 32 || $0 == 9 }.reversed())
    }
}
