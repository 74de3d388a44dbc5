import Bounces

/// Laws of what a returned mail is taken for.
enum ReturnedMailLaws {
    static func check(_ bytes: [UInt8]) throws {
        let mail = ReturnedMail(bytes)
        try law((mail.feedbackType != nil) == (mail.kind == .complaint), "complaints alone have a type")
        for recipient in mail.recipients {
            try law(recipient.address == recipient.address.lowercased(), "addresses are in lower case")
            let isSafe = recipient.address.unicodeScalars.allSatisfy { $0.value > 32 && $0.value != 127 }
            let isPolicy = recipient.status.hasPrefix("5.7.")
            try law(!(isPolicy && recipient.isPermanent), "policy is never the mailbox's: \(recipient)")
            try law(isSafe && !recipient.address.isEmpty, "an address is one word: \(recipient.address)")
        }
        // Half of a line end may be what a change left over; whole ones mean the same, however they are written.
        guard !bytes.contains(13), bytes.count < ReturnedMail.bytesMax / 2 else { return }
        for end in [[13, 10], [13]] as [[UInt8]] {
            let other = ReturnedMail(bytes.flatMap { $0 == 10 ? end : [$0] })
            try law(other == mail, "line ends make no difference:\n\(mail)\n\(other)")
        }
    }
}
