/// What a delivery status says of its recipients (RFC 3464, section 2.3).
struct DeliveryStatus {
    struct Recipient {
        /// Lower case; empty when no field has an address.
        var address = ""
        /// As in `5.1.1`.
        var status = ""
        /// Lower case.
        var action = ""
        var diagnostic = ""
    }

    static let recipientsMax = 200
    /// Of the longest path (RFC 5321, section 4.5.3.1.3), in letters of up to two bytes.
    private static let addressBytesMax = 512

    private(set) var recipients: [Recipient] = []

    /// - Parameter lines: Of one or more `message/delivery-status` parts, or of a text that has such fields in it.
    init(_ lines: [Substring]) {
        var block: [Substring] = []
        for line in lines + [""] {
            // Some systems put recipients right below each other.
            let begins =
                Self.isRecipient(line) && block.contains { Self.isRecipient($0) && Self.name($0) == Self.name(line) }
            if line.isBlank || begins {
                self.add(block)
                block = []
            }
            if !line.isBlank { block.append(line) }
        }
    }

    /// The address in a field: `rfc822; ann@example.org`, or one in other letters as in `utf-8; j\x{F6}rg@example.org` or in UTF-8 itself
    /// (RFC 6533, section 3); empty when there is none.
    private static func address(_ value: String) -> String {
        let parts = value.split(separator: ";", maxSplits: 1)
        guard let text = parts.last else { return "" }
        let isEscaped = parts.count == 2 && parts[0].trimmed.lowercased() == "utf-8" && text.contains("\\x{")
        // Of an address in other letters, what a search would find is the end: somebody else.
        guard isEscaped || text.contains(where: { !$0.isASCII }) else { return AddressScan.addresses(text).first ?? "" }
        var whole = text.trimmed
        if whole.first == "<", whole.last == ">" { whole = whole.dropFirst().dropLast() }
        guard let address = isEscaped ? Self.unescaped(whole)?.lowercased() : whole.lowercased() else { return "" }
        let isWord = address.unicodeScalars.allSatisfy { $0.properties.isAlphabetic || $0.isASCII && $0.value > 0x20 }
        let sides = address.split(separator: "@", omittingEmptySubsequences: false)
        let isAddress = sides.count == 2 && sides.allSatisfy { !$0.isEmpty } && !address.contains("\u{7F}")
        return isWord && isAddress && address.utf8.count <= Self.addressBytesMax ? address : ""
    }

    /// - Returns: `nil` when one of its escapes names no letter.
    private static func unescaped(_ text: Substring) -> String? {
        let parts = text.split(separator: "\\x{", omittingEmptySubsequences: false)
        var out = String(parts.first ?? "")
        for part in parts.dropFirst() {
            guard let end = part.firstIndex(of: "}"), let value = UInt32(part[..<end], radix: 16),
                let scalar = Unicode.Scalar(value)
            else { return nil }
            out.unicodeScalars.append(scalar)
            out += part[part.index(after: end)...]
        }
        return out
    }

    static func isRecipient(_ line: Substring) -> Bool {
        ["final-recipient", "original-recipient"].contains(Self.name(line))
    }

    private static func name(_ line: Substring) -> String { line.prefix { $0 != ":" }.trimmed.lowercased() }

    private mutating func add(_ block: [Substring]) {
        var header = HeaderBlock()
        _ = header.read(block[...])
        var recipient = Recipient()
        for field in ["final-recipient", "original-recipient", "x-actual-recipient"] where recipient.address.isEmpty {
            recipient.address = Self.address(header[field])
        }
        recipient.action = String(header["action"].lowercased().prefix { $0.isLetter })
        guard !recipient.address.isEmpty || !recipient.action.isEmpty || !header["final-recipient"].isEmpty,
            self.recipients.count < Self.recipientsMax
        else { return }
        recipient.status = String(header["status"].prefix { $0.isNumber || $0 == "." })
        recipient.diagnostic = header["diagnostic-code"]
        self.recipients.append(recipient)
    }
}

extension DeliveryStatus.Recipient {
    var isFailure: Bool { ["failed", "failure", "fail", "delayed"].contains(self.action) }
    var isSuccess: Bool { ["delivered", "relayed", "expanded"].contains(self.action) }
}
