import Domain
import Storage

/// What a person's erasure found at its beginning.
struct ErasureStart: Sendable {
    var traces: ContactErasure.Traces
    /// Messages that the person was a target of.
    var places: [ContactErasure.Place]
    /// What stays in the list of suppressed addresses.
    var hashes: [AddressHash]
}

/// Erases people; the parts that are the loop's.
extension LoopCore {
    /// Has nothing more sent to a person who is going to be erased.
    ///
    /// - Parameters:
    ///   - contact: `nil` when nobody has the address; then only the address is suppressed.
    ///   - asked: What was asked for.
    ///   - who: Whose token.
    /// - Returns: What is still to be done.
    /// - Throws: What the store throws.
    func beginErasure(
        of contact: Contact.ID?,
        asked: ContactErasure.Traces,
        by who: String
    ) throws(StoreError) -> ErasureStart {
        let erasure = ContactErasure(self.connection)
        var (traces, places): (ContactErasure.Traces, [ContactErasure.Place]) = (asked, [])
        if let contact {
            let known = try erasure.traces(of: contact)
            traces.keys += known.keys.filter { !traces.keys.contains($0) }
            traces.texts.formUnion(known.texts)
            places = try erasure.places(of: contact)
        }
        for key in traces.keys { try self.suppress(key, reason: .erased, evidence: "", by: who) }
        let hashes = traces.keys.map { self.options.addressKey.hash($0, on: .email) }
        // Of some addresses nothing else is known any more.
        if let contact {
            for one in try self.suppressions.addresses(of: contact) where !hashes.contains(one.hash) {
                try self.suppress(one, reason: .erased, evidence: "", by: who)
            }
        }
        try WrittenAddresses(self.connection).forget(contact, hashes)
        // From here on something may be left: what relays said goes first.
        try ErasureMark.begin(on: self.connection)
        try self.audit("erase", on: hashes.map { "email \($0.text)" }.joined(separator: ", "), by: who)
        return ErasureStart(traces: traces, places: places, hashes: hashes)
    }

    /// Deletes the person; targets in workers' hands are asked back.
    func endErasure(of contact: Contact.ID, _ start: ErasureStart) throws(StoreError) {
        // What came back since the beginning was said about somebody who is known no more.
        let erasure = ContactErasure(self.connection)
        try erasure.silence(try erasure.places(of: contact).suffix(ErasureService.placesAtOnce))
        try erasure.delete(contact, hashes: start.hashes, departures: true)
        try WrittenAddresses(self.connection).forget(contact, start.hashes)
        self.withdrawn.insert(contact)
    }
}

/// Names of people in the audit, which is never erased: keyed hashes, never addresses.
extension LoopCore {
    /// Notes an act about single people.
    func audit(_ act: String, people contacts: [Contact.ID], by who: String) throws(StoreError) {
        var names: [String] = []
        for contact in contacts {
            let keys = try ContactErasure(self.connection).traces(of: contact).keys
            names += keys.prefix(1).map { "email \(self.options.addressKey.hash($0, on: .email).text)" }
        }
        try self.audit(act, on: names.joined(separator: ", "), by: who)
    }
}
