/// The names under which a message was sent: addresses and their domains.
struct SenderNames {
    /// Lower case.
    var addresses: Set<String> = []
    /// Lower case; empty when it is not known.
    var recipient = ""

    /// Whether a refusal names the sender and not the recipient.
    ///
    /// Mail systems that look a sender up answer with words that otherwise mean the recipient: no such user, no such domain.
    func isMeant(in text: String) -> Bool {
        guard !self.addresses.isEmpty else { return false }
        let named = Set(AddressScan.addresses(text))
        if named.contains(self.recipient) { return false }
        if !named.isDisjoint(with: self.addresses) { return true }
        let theirs = Self.domain(self.recipient)
        let ours = Set(self.addresses.map(Self.domain)).subtracting([theirs, ""])
        let words = text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber || "-._@".contains($0))) }
        // A host in our domain may be the one that tells.
        let names = words.map { $0.drop { $0 == "." }.trimmingDots }
        return !names.contains(theirs) && names.contains(where: ours.contains)
    }

    private static func domain(_ address: String) -> String {
        String(address.split(separator: "@", omittingEmptySubsequences: false).last ?? "")
    }
}

extension Substring {
    fileprivate var trimmingDots: String {
        var name = self
        while name.last == "." { name = name.dropLast() }
        return String(name)
    }
}
