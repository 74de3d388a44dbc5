package import Domain

/// Addresses in headers (RFC 5322 section 3.4).
package enum HeaderMailbox {
    /// Longest address: 64 before the `@`, 255 after it.
    static let addressBytesMax = 320
    /// A longer name is encoded rather than quoted, because quoted text cannot be folded safely.
    private static let quotedNameMax = 60

    /// Whether an address can stand in a header as it is: ASCII, one `@`, and nothing that ends it or begins another.
    package static func isUsable(_ address: ArraySlice<UInt8>) -> Bool {
        address.withUnsafeBufferPointer { Self.isUsable($0) }
    }

    static func isUsable(_ address: UnsafeBufferPointer<UInt8>) -> Bool {
        guard address.count <= Self.addressBytesMax else { return false }
        var position = 0
        if address.first == UInt8(ascii: "\"") {
            guard let end = Self.endOfQuoted(address) else { return false }
            position = end
        } else {
            while position < address.count, Self.isAtomOrDot(address[position]) { position += 1 }
        }
        guard position > 0, position + 1 < address.count, address[position] == UInt8(ascii: "@") else { return false }
        let domain = address[(position + 1)...]
        if domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]") {
            return domain.dropFirst().dropLast().allSatisfy { Self.isAtomOrDot($0) || $0 == UInt8(ascii: ":") }
        }
        return domain.allSatisfy { Self.isAtomOrDot($0) }
    }

    /// Reads `Ann Lee <ann@campaign.example>`, `"Lee, Ann" <…>` or a bare address.
    ///
    /// - Returns: `nil` when the address is none that a header can carry.
    package static func parse(_ text: String) -> Mailbox? {
        var name = ""
        var address = Substring(text).trimmed
        if address.last == ">", let open = address.lastIndex(of: "<") {
            name = Self.unquoted(address[..<open].trimmed)
            address = address[address.index(after: open)...].dropLast()
        }
        guard Self.isUsable(Array(address.utf8)[...]), let at = address.lastIndex(of: "@") else { return nil }
        let domain = address[address.index(after: at)...].lowercased()
        return Mailbox(name: name, address: .init(checkedLocal: String(address[..<at]), checkedDomain: domain))
    }

    private static func unquoted(_ name: Substring) -> String {
        guard name.count >= 2, name.first == "\"", name.last == "\"" else { return String(name) }
        var result = ""
        var isEscaped = false
        for character in name.dropFirst().dropLast() {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }

    /// Where a quoted local part ends.
    private static func endOfQuoted(_ address: UnsafeBufferPointer<UInt8>) -> Int? {
        var position = 1
        while position < address.count {
            switch address[position] {
            case UInt8(ascii: "\""): return position + 1
            case UInt8(ascii: "\\"):
                position += 1
                guard position < address.count, (0x20...0x7E).contains(address[position]) else { return nil }
            case 0x20...0x7E: break
            default: return nil
            }
            position += 1
        }
        return nil
    }

    private static func isAtomOrDot(_ byte: UInt8) -> Bool { byte == .dot || Self.isAtom(byte) }

    /// RFC 5322 section 3.2.3 (atext).
    fileprivate static func isAtom(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2F, 0x3D, 0x3F, 0x5E...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    fileprivate enum NameForm {
        case atoms
        case quoted
        case encoded
    }

    fileprivate static func form(of name: UnsafeBufferPointer<UInt8>) -> NameForm {
        guard HeaderText.isPlain(name), name.count <= Self.quotedNameMax else { return .encoded }
        return name.allSatisfy { $0 == .blank || Self.isAtom($0) } ? .atoms : .quoted
    }
}

extension MessageBytes {
    /// Appends a whole header line with one mailbox.
    ///
    /// - Parameters:
    ///   - header: The header's name, colon and blank included.
    ///   - mailbox: Its name may be any text.
    mutating func appendMailboxHeader(_ header: StaticString, _ mailbox: Mailbox) {
        self.append(header)
        var column = header.utf8CodeUnitCount
        let address = Array(mailbox.address.text.utf8)
        let name = Array(mailbox.name.utf8).withUnsafeBufferPointer { HeaderText.neutralised($0) }
        guard !name.isEmpty else {
            self.append(address)
            self.append("\r\n")
            return
        }
        let before = self.count
        name.withUnsafeBufferPointer { name in
            switch HeaderMailbox.form(of: name) {
            case .atoms:
                self.append(name)
                column += name.count
            case .quoted:
                self.appendQuoted(name)
                column += self.count - before
            case .encoded:
                column = self.appendEncodedWords(name, column: column)
            }
        }
        self.append(column + address.count + 3 > HeaderText.lineMax ? "\r\n <" : " <")
        self.append(address)
        self.append(">\r\n")
    }

    private mutating func appendQuoted(_ text: UnsafeBufferPointer<UInt8>) {
        self.append(UInt8(ascii: "\""))
        for byte in text {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { self.append(UInt8(ascii: "\\")) }
            self.append(byte)
        }
        self.append(UInt8(ascii: "\""))
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = self.drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return rest
    }
}
