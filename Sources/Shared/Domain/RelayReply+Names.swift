/// Relays like to quote whom a message was for. What they say is kept for years and in many places, the address is not.
extension RelayReply {
    /// What stands where the recipient's address stood.
    package static let recipientMark = "(recipient)"

    /// Whether the text may have an address in it; nearly none of a message that was accepted does.
    package var mayNameSomebody: Bool { self.text.utf8.contains(UInt8(ascii: "@")) }

    /// The reply without an address, however its letters are written.
    ///
    /// - Parameter address: As the relay was told it.
    /// - Returns: The same when the address does not stand in it.
    package func without(_ address: String) -> RelayReply {
        guard self.mayNameSomebody, !address.isEmpty else { return self }
        let (text, name) = (Array(self.text.utf8), address.utf8.map(Self.lowered))
        var (kept, place): ([UInt8], Int) = ([], 0)
        kept.reserveCapacity(text.count)
        while place < text.count {
            let isHere =
                place + name.count <= text.count
                && name.indices.allSatisfy { Self.lowered(text[place + $0]) == name[$0] }
            if isHere { kept += Array(Self.recipientMark.utf8) } else { kept.append(text[place]) }
            place += isHere ? name.count : 1
        }
        var reply = self
        reply.text = String(decoding: kept.prefix(Self.textBytesMax), as: UTF8.self)
        return reply
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
}
