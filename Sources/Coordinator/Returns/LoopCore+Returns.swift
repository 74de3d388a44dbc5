import Domain
import Engine
import Signing
import Storage

/// What the loop is told of returned mail.
struct ReturnOptions: Sendable {
    /// Before the `+` and after the `@` of return paths.
    var local: String
    var domain: String
    var key: ReturnPathKey
    var rules: ReturnRules
}

/// What a report of something that came back led to.
enum ReturnEffect: Sendable, Equatable {
    case noted
    case suppressed
    /// It is known already, by this report or by another.
    case repeated
    /// There is no such message.
    case unknown
}

/// Bounces and complaints become events, and events become suppressions and counts of guards, in the same turn.
extension LoopCore {
    /// Notes what came back about a message.
    ///
    /// A message is complained of once, and comes back for good once, however many notices say so and whichever way they came: neither
    /// a copy nor somebody who got one message can make more of it.
    ///
    /// - Parameter report: Its target is proved: by the code in its return path, or by a provider's signature.
    /// - Returns: What it led to.
    /// - Throws: What the store throws.
    func takeReturn(_ report: ReturnReport) throws(StoreError) -> ReturnEffect {
        let store = ReturnStore(self.connection)
        guard let target = try self.stores.targets.target(report.target) else { return .unknown }
        let address = try self.suppressions.address(of: target.contact)
        guard let meaning = report.what.meaning(for: address) else { return .unknown }
        let place = report.target.text
        if case .bounce(let bounce) = meaning, bounce.weight == .temporary,
            try store.temporaryBounces(of: report.target) >= Self.temporaryMax
        {
            return .repeated
        }
        let event = EventRecord(
            kind: meaning.kind,
            at: self.wall,
            target: report.target,
            contact: target.contact,
            source: report.source,
            reason: meaning.reason,
            detail: meaning.detail,
            once: report.once ?? meaning.once(place, copy: report.copy)
        )
        guard try EventStore(self.connection).append(event) else { return .repeated }
        try self.tellGuards(meaning, report.target, target, store)
        // Of somebody who was erased meanwhile only the hash is known, and that is suppressed already.
        guard let address, let reason = try self.suppressionReason(meaning, of: target.contact) else { return .noted }
        try self.suppress(
            address,
            reason: reason,
            evidence: "\(place) \(event.source) \(event.reason)",
            by: "returns"
        )
        return .suppressed
    }

    /// Temporary notices that are kept about one message: they count by days, so each is one of its own, and nobody needs very many.
    private static let temporaryMax = 64

    /// Of temporary notices guards are not told, since the message may yet arrive.
    private func tellGuards(
        _ meaning: ReturnMeaning,
        _ key: TargetKey,
        _ target: TargetRecord,
        _ store: ReturnStore
    ) throws(StoreError) {
        switch meaning {
        case .complaint: try self.noteComplaint(about: key)
        case .bounce(let bounce):
            // What the relay itself refused was counted then.
            guard bounce.weight != .temporary, target.outcome != .bounced, try store.finalBounces(of: key) == 1
            else { return }
            try self.noteReturn(of: key)
        case .unsubscribed, .delivered, .opened, .clicked: return
        }
    }

    /// Why a contact must not be written to any more, once the event about it is noted; `nil` when it may.
    func suppressionReason(
        _ meaning: ReturnMeaning,
        of contact: Contact.ID,
        on channel: SuppressionChannel = .email
    ) throws(StoreError) -> SuppressionReason? {
        let bounce: ReturnReport.Bounce
        switch meaning {
        // Who complained once has said it all.
        case .complaint: return .complained
        case .unsubscribed: return .unsubscribed
        case .delivered, .opened, .clicked: return nil
        case .bounce(let found): bounce = found
        }
        let rules = self.options.returns?.rules ?? ReturnRules()
        let store = ReturnStore(self.connection)
        switch bounce.weight {
        case .policy: return nil
        case .permanent:
            let count = try store.bounces(of: contact, on: channel, reason: bounce.weight.rawValue)
            return rules.suppresses(.permanent, permanent: count, temporaryDays: 0) ? .bounced : nil
        case .temporary:
            let since = self.wall.advanced(byMilliseconds: -rules.temporaryWithinMilliseconds)
            let days = try store.bounceDays(of: contact, on: channel, reason: bounce.weight.rawValue, since: since)
            return rules.suppresses(.temporary, permanent: 0, temporaryDays: days) ? .bounced : nil
        }
    }
}

extension TargetKey {
    /// `CAMPAIGN/LANE/POSITION`, as in the evidence of a suppression.
    fileprivate var text: String { "\(self.campaign.publicID)/\(self.lane)/\(self.position)" }
}
