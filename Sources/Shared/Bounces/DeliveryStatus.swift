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

    static func isRecipient(_ line: Substring) -> Bool {
        ["final-recipient", "original-recipient"].contains(Self.name(line))
    }

    private static func name(_ line: Substring) -> String { line.prefix { $0 != ":" }.trimmed.lowercased() }

    private mutating func add(_ block: [Substring]) {
        var header = HeaderBlock()
        _ = header.read(block[...])
        var recipient = Recipient()
        for field in ["final-recipient", "original-recipient", "x-actual-recipient"] where recipient.address.isEmpty {
            let value = header[field]
            let address = value.split(separator: ";", maxSplits: 1).last ?? ""
            recipient.address = AddressScan.addresses(address).first ?? ""
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
