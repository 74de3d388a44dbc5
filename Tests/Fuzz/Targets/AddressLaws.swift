import Domain
import Intake
import Mail

/// Laws of the address parsers, and that what one module takes the others can send.
enum AddressLaws {
    static func check(_ bytes: [UInt8]) throws {
        for policy in [AddressPolicy.contacts, .rfc5321] {
            let result = bytes.withUnsafeBufferPointer { AddressParser.parse(utf8: $0, policy: policy) }
            switch result {
            case .success(let address): try Self.check(address, policy)
            case .failure: continue
            }
        }
        let text = String(decoding: bytes, as: UTF8.self)
        if case .success(let mailbox) = MailboxParser.parse(text) {
            try Self.check(mailbox.address, .contacts)
            try law(mailbox.name.utf8.count <= MailboxParser.nameBytesMax, "a name is bounded")
            try law(!mailbox.name.utf8.contains { $0 == 10 || $0 == 13 || $0 == 0 }, "a name is one line")
        }
        if let mailbox = HeaderMailbox.parse(text) {
            let address = Array(mailbox.address.text.utf8)
            try law(HeaderMailbox.isUsable(address[...]), "a header's address can stand in a header")
            try law(address.allSatisfy { (32...126).contains($0) }, "and is visible ASCII")
        }
    }

    private static func check(_ address: EmailAddress, _ policy: AddressPolicy) throws {
        let text = address.text
        try law(text.utf8.count <= AddressParser.addressBytesMax, "an address is bounded: \(text)")
        try law(address.local.utf8.count <= AddressParser.localBytesMax, "so is its local part: \(text)")
        try law(text.utf8.allSatisfy { (32...126).contains($0) }, "an address is visible ASCII: \(text)")
        try law(address.domain == address.domain.lowercased(), "a domain is in lower case: \(text)")
        let again = try? AddressParser.parse(text, policy: policy).get()
        try law(again == address, "an address reads as itself: \(text)")
        guard policy == .contacts else { return }
        try law(!text.utf8.contains { $0 == 60 || $0 == 62 || $0 == 32 }, "no bracket and no blank: \(text)")
        try law(HeaderMailbox.isUsable(Array(text.utf8)[...]), "a contact's address can stand in To: \(text)")
        try law(Self.isSent(text), "a contact's address can stand in RCPT: \(text)")
    }

    /// Whether an SMTP session takes the address to the relay instead of refusing it by itself.
    private static func isSent(_ address: String) -> Bool {
        var session = SMTPSession(.init(hello: "me.example", tlsPolicy: .off), isEncrypted: false)
        Array("220 relay.example\r\n250 relay.example\r\n".utf8).withUnsafeBytes { session.receive($0) }
        while session.nextAction() != nil {}
        session.begin(id: 1, sender: "us@x.example", recipient: address, size: 1)
        return !session.hasActions
    }
}
