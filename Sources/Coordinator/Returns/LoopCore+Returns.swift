import Domain
import Engine
import Signing
import Storage

/// What the loop is told of returned mail.
struct ReturnOptions: Sendable {
    /// In the keys folder.
    static let keyFile = "returns.key"

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
    /// a copy nor somebody who got one message can make more of it. But who may be written to again and wishes once more not to be is heard.
    ///
    /// - Parameter report: Its target is proved: by the code in its return path, or by a provider's signature.
    /// - Returns: What it led to.
    /// - Throws: What the store throws.
    func takeReturn(_ report: ReturnReport) throws(StoreError) -> ReturnEffect {
        let store = ReturnStore(self.connection)
        guard let target = try self.stores.targets.target(report.target) else { return .unknown }
        let addresses = try self.suppressions.addresses(of: target.contact)
        let hashes = addresses.map(\.hash)
        let key = self.options.addressKey
        guard let meaning = report.what.meaning(ofAddress: { hashes.contains(key.hash($0, on: .email)) }) else {
            return .unknown
        }
        let bounced = try self.bounced(meaning, report, target, addresses)
        // Of somebody who was erased nothing is known, and what was known is suppressed already.
        var places = [bounced].compactMap { $0 }
        if meaning.isWish { places = try self.named(report).filter { !hashes.contains($0.hash) } + addresses }
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
            address: bounced.flatMap { $0.until == nil ? nil : $0.hash },
            source: report.source,
            reason: meaning.reason,
            detail: meaning.detail,
            once: report.once ?? meaning.once(place, copy: report.copy),
            copy: report.copy
        )
        let isNew = try EventStore(self.connection).append(event)
        if isNew {
            try self.tellGuards(meaning, report.target, target, store)
            if report.once == nil { try self.clearDoubt(about: report.target, meaning) }
        } else {
            guard report.once == nil, try self.isWishedAgain(event, at: places) else { return .repeated }
        }
        guard let reason = try self.suppressionReason(meaning, of: target.contact, at: bounced) else { return .noted }
        let evidence = "\(place) \(event.source) \(event.reason)"
        for one in places { try self.suppress(one, reason: reason, evidence: evidence, by: "returns") }
        // Also of whoever had that address before.
        if meaning.isWish, let named = report.named {
            try self.suppress(named, reason: reason, evidence: evidence, by: "returns")
        }
        return places.isEmpty ? .noted : .suppressed
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
    ///
    /// - Parameters:
    ///   - meaning: What came back.
    ///   - contact: About whom.
    ///   - channel: Of the message.
    ///   - address: Which of its addresses bounced; `nil` where it has but one.
    /// - Returns: The reason.
    /// - Throws: What the store throws.
    func suppressionReason(
        _ meaning: ReturnMeaning,
        of contact: Contact.ID,
        on channel: SuppressionChannel = .email,
        at address: HeldAddress? = nil
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
        let bouncer = ReturnStore.Bouncer(contact, on: channel, at: address)
        switch bounce.weight {
        case .policy: return nil
        case .permanent:
            let count = try store.bounces(of: bouncer, reason: bounce.weight.rawValue)
            return rules.suppresses(.permanent, permanent: count, temporaryDays: 0) ? .bounced : nil
        case .temporary:
            let since = self.wall.advanced(byMilliseconds: -rules.temporaryWithinMilliseconds)
            let days = try store.bounceDays(of: bouncer, reason: bounce.weight.rawValue, since: since)
            return rules.suppresses(.temporary, permanent: 0, temporaryDays: days) ? .bounced : nil
        }
    }
}

extension TargetKey {
    /// `CAMPAIGN/LANE/POSITION`, as in the evidence of a suppression.
    var text: String { "\(self.campaign.publicID)/\(self.lane)/\(self.position)" }
}
