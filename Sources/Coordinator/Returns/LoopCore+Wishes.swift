import Domain
import Engine
import Storage

/// Whom something that came back is about: its message went to an address, and the contact may have another one by now, or be gone.
///
/// A wish is a person's, and counts for every address of theirs; that a mailbox is gone is said of the one that the message went to.
extension LoopCore {
    /// Which address a bounce speaks of; `nil` for anything else, and when nothing is known of it any more.
    func bounced(
        _ meaning: ReturnMeaning,
        _ report: ReturnReport,
        _ target: TargetRecord,
        _ addresses: [HeldAddress]
    ) throws(StoreError) -> HeldAddress? {
        guard case .bounce(let bounce) = meaning else { return nil }
        if !bounce.address.isEmpty {
            let hash = self.options.addressKey.hash(bounce.address, on: .email)
            if let found = addresses.last(where: { $0.hash == hash }) { return found }
        }
        if let named = try self.named(report).first { return named }
        return try self.address(writtenIn: target.epoch, of: addresses)
    }

    /// The address that a provider names.
    func named(_ report: ReturnReport) throws(StoreError) -> [HeldAddress] {
        guard let named = report.named else { return [] }
        let never = Timestamp(milliseconds: 0)
        let hash = self.options.addressKey.hash(named, on: .email)
        let holder = try self.suppressions.holders(of: named).first
        return [HeldAddress(hash: hash, from: never, until: never, holder: holder)]
    }

    /// The address that a contact had when it was granted a message.
    func address(writtenIn epoch: Epoch, of addresses: [HeldAddress]) throws(StoreError) -> HeldAddress? {
        // Nearly everybody has had one.
        guard addresses.count > 1, let granted = try self.stores.shards.grantedAt(epoch) else { return addresses.last }
        return addresses.first { $0.until.map { $0 > granted } ?? true }
    }

    /// Notes a wish that was noted about the same message before, when whoever wished it may be written to again.
    ///
    /// - Parameters:
    ///   - event: It has been noted already.
    ///   - addresses: Of whoever wishes it.
    /// - Returns: Whether it counts: a copy of a report that was heard before does not.
    /// - Throws: What the store throws.
    func isWishedAgain(_ event: EventRecord, at addresses: [HeldAddress]) throws(StoreError) -> Bool {
        guard event.kind == .complained || event.kind == .unsubscribed, let target = event.target else { return false }
        var isFree = false
        for one in addresses {
            let reason = try self.suppressions.reason(of: one.hash, on: .email)
            isFree = isFree || reason == nil
        }
        guard isFree else { return false }
        let store = EventStore(self.connection)
        let isKnown = try store.notes(of: target).contains { $0.kind == event.kind && $0.copy == event.copy }
        guard !isKnown else { return false }
        var again = event
        again.once += ":\(event.copy)"
        return try store.append(again)
    }
}
