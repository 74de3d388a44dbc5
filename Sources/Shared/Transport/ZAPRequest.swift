/// One question of libzmq's, whether a peer may connect: seven frames for CURVE (ZeroMQ RFC 27).
struct ZAPRequest {
    enum Verdict: Hashable {
        case admitted(name: String, key: PublicKey)
        case refused(Refusal.Cause)
    }

    private var requestID: [UInt8] = []
    private var isWellFormed = false
    /// The peer's IP address.
    private(set) var address = ""
    /// The key that the peer proved to have.
    private(set) var key: PublicKey?

    /// Request ids are libzmq's own and one byte long; everything else has its bound in RFC 27.
    private static let frameBytesMax = 255

    /// Takes a request, if there is one.
    ///
    /// - Returns: `nil` when there is none.
    init?(from socket: OwnedSocket) throws(TransportError) {
        guard try socket.receive() else { return nil }
        var frames: [[UInt8]] = []
        var isInBounds = true
        while true {
            if frames.count < 7, socket.partByteCount <= Self.frameBytesMax {
                frames.append(socket.partBytes)
            } else {
                isInBounds = false
            }
            guard socket.partHasMore, try socket.receive() else { break }
        }
        if frames.count > 1 { self.requestID = frames[1] }
        guard isInBounds, frames.count == 7 else { return }
        self.address = String(decoding: frames[3].filter { $0 > 0x20 && $0 < 0x7f }, as: UTF8.self)
        self.key = PublicKey(bytes: frames[6])
        self.isWellFormed =
            frames[0] == Array("1.0".utf8) && frames[2] == Array(Authenticator.domain.utf8)
            && frames[5] == Array("CURVE".utf8)
    }

    func verdict(_ list: AllowList) -> Verdict {
        guard self.isWellFormed, let key = self.key else { return .refused(.malformed) }
        guard let name = list.name(of: key) else { return .refused(.unknownKey) }
        return .admitted(name: name, key: key)
    }

    /// Answers: version, request id, status, text, user id, properties of the connection.
    func reply(_ verdict: Verdict, through socket: OwnedSocket) throws(TransportError) {
        let (status, text, name, properties): (String, String, String, [UInt8]) =
            switch verdict {
            case .admitted(let name, let key):
                ("200", "OK", name, Self.property(Authenticator.keyProperty, key.text))
            case .refused: ("400", "this key is not on the allow-list", "", [])
            }
        let frames = [
            Array("1.0".utf8), self.requestID, Array(status.utf8), Array(text.utf8), Array(name.utf8), properties,
        ]
        for (index, frame) in frames.enumerated() {
            _ = try socket.send(frame, hasMore: index < frames.count - 1)
        }
    }

    /// ZMTP's form of a property: length of the name in a byte, name, length of the value in four, value.
    private static func property(_ name: String, _ value: String) -> [UInt8] {
        let count = UInt32(value.utf8.count)
        let length = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> UInt32($0)) }
        return [UInt8(name.utf8.count)] + Array(name.utf8) + length + Array(value.utf8)
    }
}
