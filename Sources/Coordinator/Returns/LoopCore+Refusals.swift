import Bounces
import Domain
import Engine
import Storage

/// Addresses that relays refuse for good in their dialogue: what a returned mail would say is said at once.
extension LoopCore {
    /// Notes that a relay refused a message for its address, and suppresses that where it is due.
    ///
    /// Guards counted the try, and are not told again.
    ///
    /// - Parameters:
    ///   - fact: A target that bounced, which is recorded already.
    ///   - contact: Whose it is.
    /// - Throws: What the store throws.
    func takeRefusal(_ fact: LedgerEntry, of contact: Contact.ID) throws(StoreError) {
        guard let bounce = Self.bounce(fact) else { return }
        let meaning = ReturnMeaning.bounce(bounce)
        let addresses = try self.suppressions.addresses(of: contact)
        let bounced = try self.address(writtenIn: fact.epoch, of: addresses)
        let (place, copy) = (fact.key.text, "\(EventStore.replied) \(fact.epoch.rawValue)")
        let event = EventRecord(
            kind: meaning.kind,
            at: self.wall,
            target: fact.key,
            contact: contact,
            address: bounced.flatMap { $0.until == nil ? nil : $0.hash },
            source: EventStore.replied,
            reason: meaning.reason,
            detail: meaning.detail,
            once: meaning.once(place, copy: copy),
            copy: copy
        )
        guard try EventStore(self.connection).append(event) else { return }
        guard let bounced, let reason = try self.suppressionReason(meaning, of: contact, at: bounced) else { return }
        try self.suppress(bounced, reason: reason, evidence: "\(place) \(event.source) \(event.reason)", by: "relay")
    }

    /// What a relay's refusal says of the address; `nil` when it says nothing of it.
    ///
    /// | reason | words or status | weight |
    /// |---|---|---|
    /// | `mailbox` | a full or suspended mailbox | temporary |
    /// | `mailbox` | no such mailbox or host, refuses all mail, moved; or nothing that contradicts | permanent |
    /// | `refused` | words that can mean nothing but that the mailbox is not there, or not any more | permanent |
    /// | `refused` | a full or suspended mailbox | temporary |
    /// | any other, and any other words, above all those about us | | |
    static func bounce(_ fact: LedgerEntry) -> ReturnReport.Bounce? {
        let reason = Reason(rawValue: fact.reason)
        guard reason == .mailbox || reason == .refused else { return nil }
        let status = fact.reply?.status ?? ""
        // RFC 3463 section 3.8: security or policy, whatever else the text says.
        guard !status.hasPrefix("5.7.") else { return nil }
        let found = FailureReason.ofReply(fact.reply?.text ?? "", status: status)
        let weight: ReturnRules.Weight
        switch found {
        case .unknownMailbox, .unknownHost, .moved: weight = .permanent
        case .refusesMail, .other:
            guard reason == .mailbox else { return nil }
            weight = .permanent
        case .mailboxFull, .suspended: weight = .temporary
        default: return nil
        }
        let words = [found == .other ? Reason.mailbox.rawValue : found.rawValue, status]
        return .init(address: "", weight: weight, detail: words.filter { !$0.isEmpty }.joined(separator: " "))
    }
}
