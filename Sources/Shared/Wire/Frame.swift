/// The number of a message in a frame's header; `worker.proto` numbers them.
package enum FrameType: UInt8, Hashable, Sendable, CaseIterable {
    case hello = 1
    case welcome = 2
    case credit = 3
    case content = 4
    case grant = 5
    case progress = 6
    case renew = 7
    case recall = 8
    case report = 9
    case acknowledge = 10
    case relayState = 11
    case problem = 12
    case goodbye = 13
    case forget = 14
    case withdraw = 15
}

/// Why bytes are no frame, in a sentence fit for a `Problem` message.
package enum FrameError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Shorter than a header.
    case tooShort(byteCount: Int)
    case tooLong(byteCount: Int)
    case unknownVersion(UInt8)
    case unknownType(UInt8)
    /// A message that only the other side sends.
    case wrongDirection(FrameType)
    /// The bytes after the header are not the message that the header names.
    case malformed(FrameType)

    package var description: String {
        switch self {
        case .tooShort(let count):
            "a frame has at least \(FrameHeader.byteCount) bytes, this one \(count)"
        case .tooLong(let count):
            "a frame has at most \(FrameHeader.frameBytesMax) bytes, this one \(count)"
        case .unknownVersion(let version):
            "protocol version \(version) is not known; \(FrameHeader.version) is"
        case .unknownType(let type):
            "message type \(type) is not known; 1 to \(FrameType.allCases.count) are"
        case .wrongDirection(let type):
            "message \(type) goes the other way"
        case .malformed(let type):
            "the bytes after the header are no \(type)"
        }
    }
}

/// What stands before every message.
///
/// | bytes | field |
/// |---|---|
/// | 0 | version, 1 |
/// | 1 | type |
/// | 2–9 | session, big-endian |
/// | 10–17 | sequence, big-endian |
package struct FrameHeader: Hashable, Sendable {
    package var type: FrameType
    /// 0 in `Hello`; after it the number that the coordinator chose.
    package var session: UInt64
    /// Rises by one with each frame of a sender in a session, from 1.
    package var sequence: UInt64

    /// Length of a header.
    package static let byteCount = 18
    /// The only version there is.
    package static let version: UInt8 = 1
    /// Longest frame, header included; the transport cuts off a peer that sends more.
    package static let frameBytesMax = 4 * 1_024 * 1_024

    package init(type: FrameType, session: UInt64, sequence: UInt64) {
        self.type = type
        self.session = session
        self.sequence = sequence
    }

    /// Reads the header of a whole frame.
    ///
    /// - Parameter frame: All of its bytes, as they came.
    /// - Throws: Every ``FrameError`` that shows without reading the message.
    package init(frame: [UInt8]) throws(FrameError) {
        guard frame.count >= Self.byteCount else { throw .tooShort(byteCount: frame.count) }
        guard frame.count <= Self.frameBytesMax else { throw .tooLong(byteCount: frame.count) }
        guard frame[0] == Self.version else { throw .unknownVersion(frame[0]) }
        guard let type = FrameType(rawValue: frame[1]) else { throw .unknownType(frame[1]) }
        self.type = type
        self.session = Self.bigEndian(frame[2..<10])
        self.sequence = Self.bigEndian(frame[10..<18])
    }

    func append(to bytes: inout [UInt8]) {
        bytes.append(Self.version)
        bytes.append(self.type.rawValue)
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: self.session >> shift))
        }
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: self.sequence >> shift))
        }
    }

    private static func bigEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
