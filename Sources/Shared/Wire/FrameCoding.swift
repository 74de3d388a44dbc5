import SwiftProtobuf

/// A frame taken apart: its header and its message.
package struct Framed<Message: Hashable & Sendable>: Hashable, Sendable {
    package let header: FrameHeader
    package let message: Message
}

extension WorkerMessage {
    /// The frame that carries this message.
    ///
    /// - Parameters:
    ///   - session: 0 in a `Hello`.
    ///   - sequence: From 1, one higher than the sender's last in this session.
    /// - Returns: Header and message, at most ``FrameHeader/frameBytesMax`` bytes.
    /// - Throws: ``FrameError/tooLong(byteCount:)`` when it would be longer.
    package func frame(session: UInt64, sequence: UInt64) throws(FrameError) -> [UInt8] {
        let header = FrameHeader(type: self.type, session: session, sequence: sequence)
        return switch self {
        case .hello(let message): try encode(message, header)
        case .credit(let message): try encode(message, header)
        case .progress(let message): try encode(message, header)
        case .report(let message): try encode(message, header)
        case .relayState(let message): try encode(message, header)
        case .goodbye(let message): try encode(message, header)
        }
    }

    /// Reads a worker's frame, as the coordinator does.
    ///
    /// - Parameter frame: All of its bytes, as they came; anything may be in it.
    /// - Returns: Header and message.
    /// - Throws: The reason why it is none.
    package static func decode(_ frame: [UInt8]) throws(FrameError) -> Framed<Self> {
        let header = try FrameHeader(frame: frame)
        let message: Self =
            switch header.type {
            case .hello: .hello(try body(of: frame, header))
            case .credit: .credit(try body(of: frame, header))
            case .progress: .progress(try body(of: frame, header))
            case .report: .report(try body(of: frame, header))
            case .relayState: .relayState(try body(of: frame, header))
            case .goodbye: .goodbye(try body(of: frame, header))
            case .welcome, .content, .grant, .renew, .recall, .acknowledge, .problem, .forget, .withdraw:
                throw .wrongDirection(header.type)
            }
        return Framed(header: header, message: message)
    }
}

extension CoordinatorMessage {
    /// The frame that carries this message.
    ///
    /// - Parameters:
    ///   - session: The worker's.
    ///   - sequence: From 1, one higher than the sender's last in this session.
    /// - Returns: Header and message, at most ``FrameHeader/frameBytesMax`` bytes.
    /// - Throws: ``FrameError/tooLong(byteCount:)`` when it would be longer.
    package func frame(session: UInt64, sequence: UInt64) throws(FrameError) -> [UInt8] {
        let header = FrameHeader(type: self.type, session: session, sequence: sequence)
        return switch self {
        case .welcome(let message): try encode(message, header)
        case .content(let message): try encode(message, header)
        case .grant(let message): try encode(message, header)
        case .renew(let message): try encode(message, header)
        case .recall(let message): try encode(message, header)
        case .acknowledge(let message): try encode(message, header)
        case .problem(let message): try encode(message, header)
        case .forget(let message): try encode(message, header)
        case .withdraw(let message): try encode(message, header)
        }
    }

    /// Reads the coordinator's frame, as a worker does.
    ///
    /// - Parameter frame: All of its bytes, as they came; anything may be in it.
    /// - Returns: Header and message.
    /// - Throws: The reason why it is none.
    package static func decode(_ frame: [UInt8]) throws(FrameError) -> Framed<Self> {
        let header = try FrameHeader(frame: frame)
        let message: Self =
            switch header.type {
            case .welcome: .welcome(try body(of: frame, header))
            case .content: .content(try body(of: frame, header))
            case .grant: .grant(try body(of: frame, header))
            case .renew: .renew(try body(of: frame, header))
            case .recall: .recall(try body(of: frame, header))
            case .acknowledge: .acknowledge(try body(of: frame, header))
            case .problem: .problem(try body(of: frame, header))
            case .forget: .forget(try body(of: frame, header))
            case .withdraw: .withdraw(try body(of: frame, header))
            case .hello, .credit, .progress, .report, .relayState, .goodbye:
                throw .wrongDirection(header.type)
            }
        return Framed(header: header, message: message)
    }
}

private func encode(_ message: some SwiftProtobuf.Message, _ header: FrameHeader) throws(FrameError) -> [UInt8] {
    let body: [UInt8]
    // proto3 has no required fields; what is left to fail is protobuf's own limit of 2 GiB.
    do { body = try message.serializedBytes() } catch { throw .malformed(header.type) }
    let count = FrameHeader.byteCount + body.count
    guard count <= FrameHeader.frameBytesMax else { throw .tooLong(byteCount: count) }
    var frame: [UInt8] = []
    frame.reserveCapacity(count)
    header.append(to: &frame)
    frame.append(contentsOf: body)
    return frame
}

/// Fields from a newer version of the protocol are dropped: nothing here passes them on.
private let options: BinaryDecodingOptions = {
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    // The deepest message has three levels.
    options.messageDepthLimit = 8
    return options
}()

private func body<Message: SwiftProtobuf.Message>(
    of frame: [UInt8],
    _ header: FrameHeader
) throws(FrameError) -> Message {
    do {
        return try Message(
            serializedBytes: frame.span.bytes.extracting(droppingFirst: FrameHeader.byteCount),
            options: options
        )
    } catch { throw .malformed(header.type) }
}
