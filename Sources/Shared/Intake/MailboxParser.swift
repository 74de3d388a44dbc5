package import Domain

/// Reads `Ann Lee <ann@campaign.example>`, for senders and reply addresses in campaign files.
package enum MailboxParser {
    /// Long enough for any name with a title; short enough for one header line.
    package static let nameBytesMax = 256

    /// Reads `address`, `<address>`, `Name <address>` or `"Name, with \"quotes\"" <address>`; names may be UTF-8.
    package static func parse(_ text: String) -> Result<Mailbox, AddressProblem> {
        var text = text
        return text.withUTF8 { utf8 in
            do throws(AddressProblem) {
                return .success(try self.parse(utf8: utf8.trimmed()))
            } catch {
                return .failure(error)
            }
        }
    }

    private static func parse(utf8 text: UnsafeBufferPointer<UInt8>) throws(AddressProblem) -> Mailbox {
        guard let last = text.last else { throw .empty }
        guard last == ASCII.greaterThan else {
            return Mailbox(name: "", address: try AddressParser.parse(utf8: text).get())
        }
        guard let open = text.lastIndex(of: ASCII.lessThan) else { throw .angleBracket }
        let address = UnsafeBufferPointer(rebasing: text[(open + 1)..<(text.count - 1)])
        let name = try self.name(UnsafeBufferPointer(rebasing: text[..<open]).trimmed())
        return Mailbox(name: name, address: try AddressParser.parse(utf8: address).get())
    }

    /// Undoes the quoting of a display name (RFC 5322 `quoted-string`), and checks what it holds.
    private static func name(_ text: UnsafeBufferPointer<UInt8>) throws(AddressProblem) -> String {
        guard !text.contains(where: { $0 < ASCII.space && $0 != ASCII.tab || $0 == ASCII.delete }) else {
            throw .displayName
        }
        guard text.first == ASCII.quote else {
            // Outside quotes these would end the name in the header that it is written to.
            guard !text.contains(where: { $0 == ASCII.quote || $0 == ASCII.lessThan || $0 == ASCII.greaterThan }),
                text.count <= self.nameBytesMax
            else { throw .displayName }
            return String(decoding: text, as: UTF8.self)
        }
        var name: [UInt8] = []
        var index = 1
        while index < text.count, text[index] != ASCII.quote {
            if text[index] == ASCII.backslash { index += 1 }
            guard index < text.count else { throw .displayName }
            name.append(text[index])
            index += 1
        }
        guard index == text.count - 1, name.count <= self.nameBytesMax else { throw .displayName }
        return String(decoding: name, as: UTF8.self)
    }
}
