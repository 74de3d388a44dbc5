import Domain
import Engine
import Storage

/// What a provider told of one message, signed by it.
struct ProviderReport: Sendable, Equatable {
    /// The webhook's name.
    let provider: String
    let what: ReturnReport.What
    /// Of the message that it is about.
    var channel: SuppressionChannel = .email
    /// Whom the message was for, in canonical form.
    let address: String
    /// The message, when the provider shows our return path.
    let target: TargetKey?
    /// The provider's name for this report.
    let id: String
}

extension LoopCore {
    /// Notes what a provider told.
    ///
    /// When it does not show which message it is about, that is the last one which was accepted for the address; and when there is none,
    /// the event is about the person.
    ///
    /// - Returns: What it led to.
    /// - Throws: What the store throws.
    func takeProvider(_ report: ProviderReport) throws(StoreError) -> ReturnEffect {
        let store = ReturnStore(self.connection)
        let once = "\(report.provider):\(report.id)"
        if let target = report.target, try self.stores.targets.target(target) != nil {
            return try self.takeReturn(report.about(target, once: nil))
        }
        let contact = try self.suppressions.holders(of: report.address, on: report.channel).first
        // Nothing is sent as a text yet: none of the messages accepted for that person is meant.
        var written = report.channel == .email ? contact : nil
        if report.channel == .email, written == nil { written = try self.contact(thatHad: report.address) }
        if let written, let target = try store.lastAccepted(of: written) {
            return try self.takeReturn(report.about(target, once: once))
        }
        return try self.note(report, of: contact, once: once)
    }

    private func contact(thatHad address: String) throws(StoreError) -> Contact.ID? {
        let hash = self.options.addressKey.hash(address, on: .email)
        return try WrittenAddresses(self.connection).contact(thatHad: hash)
    }

    private func note(
        _ report: ProviderReport,
        of contact: Contact.ID?,
        once: String
    ) throws(StoreError) -> ReturnEffect {
        guard let meaning = report.what.meaning(ofAddress: { $0 == report.address }) else { return .unknown }
        let event = EventRecord(
            kind: meaning.kind,
            at: self.wall,
            channel: report.channel,
            contact: contact,
            address: contact == nil ? self.options.addressKey.hash(report.address, on: report.channel) : nil,
            source: report.provider,
            reason: meaning.reason.isEmpty && report.channel == .sms ? "sms" : meaning.reason,
            detail: meaning.detail,
            once: once,
            copy: report.id
        )
        guard try EventStore(self.connection).append(event) else { return .repeated }
        let reason: SuppressionReason?
        if let contact {
            reason = try self.suppressionReason(meaning, of: contact, on: report.channel)
        } else {
            // Nobody of ours, and the provider has a reason to say so: only what somebody wished is kept.
            reason = meaning.kind == .complained ? .complained : meaning.kind == .unsubscribed ? .unsubscribed : nil
        }
        guard let reason else { return .noted }
        try self.suppress(
            report.address,
            on: report.channel,
            reason: reason,
            evidence: "\(report.provider) \(event.reason)",
            by: "returns"
        )
        return .suppressed
    }
}

extension ProviderReport {
    fileprivate func about(_ target: TargetKey, once: String?) -> ReturnReport {
        ReturnReport(
            target: target,
            what: self.what,
            source: self.provider,
            copy: self.id,
            once: once,
            named: self.address
        )
    }
}
