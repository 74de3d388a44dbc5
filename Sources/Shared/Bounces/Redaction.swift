/// Takes addresses out of what a mail system says, so that it can be kept beside a message.
package enum Redaction {
    /// Bytes that are kept.
    package static let bytesMax = 512
    /// Shorter names are words, too: "is", "not".
    private static let nameBytesMin = 3

    /// The text on one line, without any address and without the name before the `@` of the address it is about.
    ///
    /// - Parameters:
    ///   - text: As it was said; only its beginning is looked at.
    ///   - address: Whom it is about; empty when that is not known.
    /// - Returns: At most about ``bytesMax`` bytes.
    package static func text(_ text: some StringProtocol, of address: String) -> String {
        // Control characters would end the line in logs and terminals.
        var bytes = text.utf8.prefix(Self.bytesMax).map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }
        let about = Array(address.utf8)
        if !about.isEmpty { bytes = Self.replaced(about, in: bytes, by: "(address)") }
        let name = about.prefix { $0 != UInt8(ascii: "@") }
        if name.count >= Self.nameBytesMin { bytes = Self.replaced(Array(name), in: bytes, by: "(name)") }
        var rest = String(decoding: bytes, as: UTF8.self)[...]
        var out = ""
        while let found = AddressScan.find(rest).first {
            out += found.before + "(address)"
            rest = found.after
        }
        return (out + rest).split(separator: " ").joined(separator: " ")
    }

    private static func replaced(_ wanted: [UInt8], in text: [UInt8], by word: String) -> [UInt8] {
        let wanted = wanted.map(Self.lowercase)
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let end = index + wanted.count
            if end <= text.count, text[index..<end].elementsEqual(wanted, by: { Self.lowercase($0) == $1 }) {
                out += Array(word.utf8)
                index = end
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return out
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
}
