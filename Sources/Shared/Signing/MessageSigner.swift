import Crypto

/// Writes DKIM signatures (RFC 6376, RFC 8463), relaxed/relaxed, one for each of its keys.
///
/// Reads a message as it will go over the wire and copies none of its body. Belongs to one thread; its buffers are used again.
package final class MessageSigner {
    private let keys: [SigningKey]
    private let dotStuffed: Bool
    /// The header fields as they are hashed.
    private var fields: [UInt8] = []
    /// One signature's field.
    private var field: [UInt8] = []

    /// Keys of one message: an organisation has two, one of each kind.
    package static let keysMax = 4

    /// - Parameters:
    ///   - keys: In the order in which they sign.
    ///   - dotStuffed: Whether dots that begin a line of the body are doubled; what is signed has them single.
    package init(_ keys: [SigningKey], dotStuffed: Bool = true) {
        self.keys = keys
        self.dotStuffed = dotStuffed
    }

    /// Appends the signatures of one message: whole header fields, to be sent before its first.
    ///
    /// - Parameters:
    ///   - message: Header fields, an empty line, the body; lines end in CRLF.
    ///   - seconds: When it is signed, since 1970.
    ///   - out: Gets the fields.
    /// - Returns: Whether it is signed; `false` only when the library failed, and then `out` is as it was.
    package func sign(_ message: UnsafeRawBufferPointer, seconds: Int64, into out: inout [UInt8]) -> Bool {
        let header = SignedHeader(message)
        let body = RelaxedBody.hash(
            UnsafeRawBufferPointer(rebasing: message[header.bodyStart...]),
            dotStuffed: self.dotStuffed
        )
        self.fields.removeAll(keepingCapacity: true)
        header.append(to: &self.fields)
        var hash = SHA256()
        hash.update(data: self.fields)
        let bodyHash = body.withUnsafeBytes { Base64.text($0) }
        let before = out.count
        for key in self.keys {
            self.begin(key, header: header, bodyHash: bodyHash, seconds: seconds)
            // Its own field is hashed last, with an empty b= and without a line end (section 3.7).
            var own = hash
            self.fields.removeAll(keepingCapacity: true)
            self.field.withUnsafeBytes { RelaxedField.append($0, to: &self.fields) }
            own.update(data: self.fields)
            guard let signature = key.signature(for: own.finalize()) else {
                out.removeSubrange(before...)
                return false
            }
            out += self.field
            Self.append(signature, to: &out)
        }
        return true
    }

    /// Writes the field up to `b=`.
    private func begin(_ key: SigningKey, header: SignedHeader, bodyHash: [UInt8], seconds: Int64) {
        self.field.removeAll(keepingCapacity: true)
        self.add("DKIM-Signature: v=1; a=")
        self.add(key.tag)
        self.add("; c=relaxed/relaxed;\r\n d=")
        self.field += key.domain.utf8
        self.add(";\r\n s=")
        self.field += key.selector.utf8
        self.add("; t=")
        self.field += String(max(0, seconds)).utf8
        self.add(";\r\n h=")
        header.appendNames(to: &self.field)
        self.add(";\r\n bh=")
        self.field += bodyHash
        self.add(";\r\n b=")
    }

    private func add(_ text: StaticString) {
        self.field += UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }

    /// The signature in lines of 72, and the field's end.
    private static func append(_ signature: [UInt8], to out: inout [UInt8]) {
        let text = signature.withUnsafeBytes { Base64.text($0) }
        var start = 0
        while start < text.count {
            if start > 0 { out += [0x0D, 0x0A, 0x20] }
            let end = min(start + 72, text.count)
            out += text[start..<end]
            start = end
        }
        out += [0x0D, 0x0A]
    }
}

/// RFC 4648 section 4, on one line.
enum Base64 {
    static func text(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var position = 0
        while position < bytes.count {
            let rest = bytes.count - position
            let second = rest > 1 ? Int(bytes[position + 1]) : 0
            let third = rest > 2 ? Int(bytes[position + 2]) : 0
            let group = Int(bytes[position]) << 16 | second << 8 | third
            text.append(Self.digits[group >> 18])
            text.append(Self.digits[group >> 12 & 63])
            text.append(rest > 1 ? Self.digits[group >> 6 & 63] : UInt8(ascii: "="))
            text.append(rest > 2 ? Self.digits[group & 63] : UInt8(ascii: "="))
            position += 3
        }
        return text
    }

    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}
