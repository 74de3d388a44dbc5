package import Domain

/// `guards`: what differs from the rules that hold otherwise.
package struct GuardSettings: Hashable, Sendable {
    /// `guards.bounces: {pause, after}`.
    package var bounces: Change
    /// `guards.complaints: {warn, pause, after}`; the warning and the hold.
    package var complaintsWarn: Change
    package var complaints: Change
    /// `guards.policy: {pause, last}`.
    package var policy: Change

    /// What is said of one rule.
    package enum Change: Hashable, Sendable {
        case unsaid
        /// `off`.
        case off
        /// What is not said of it stays as it was.
        case some(share: Double?, after: Int?)
    }

    /// Nothing differs.
    package static let unsaid = GuardSettings(
        bounces: .unsaid,
        complaintsWarn: .unsaid,
        complaints: .unsaid,
        policy: .unsaid
    )

    /// The rules with these changes.
    package func applied(to rules: GuardRules) -> GuardRules {
        GuardRules(
            bounces: self.bounces.applied(to: rules.bounces, GuardRules.standard.bounces),
            complaintsWarn: self.complaintsWarn.applied(to: rules.complaintsWarn, GuardRules.standard.complaintsWarn),
            complaints: self.complaints.applied(to: rules.complaints, GuardRules.standard.complaints),
            policy: self.policy.applied(to: rules.policy, GuardRules.standard.policy)
        )
    }

    /// Messages that a guard may wait for: with more it would never act.
    private static let triesMax = 1_000_000

    static func read(_ keys: KeyReader) -> GuardSettings {
        let set = KeySet(known: ["bounces", "complaints", "policy"])
        let group = KeyReader(keys.node("guards"), path: keys.path(of: "guards"), reading: keys.reading, keys: set)
        func rule(_ key: String, _ names: [String], _ body: (KeyReader) -> [Change]) -> [Change] {
            if case .scalar(let scalar) = group.node(key) {
                if scalar.text != "off" {
                    group.problem(key, "\(quoted(scalar.text)) is not allowed; allowed: off, or a group of keys")
                }
                return names.dropLast().map { _ in .off }
            }
            guard let node = group.node(key) else { return names.dropLast().map { _ in .unsaid } }
            return body(KeyReader(node, path: group.path(of: key), reading: keys.reading, keys: KeySet(known: names)))
        }
        let bounces = rule("bounces", ["pause", "after"]) { part in
            [.some(share: Self.percent(part, "pause"), after: Self.count(part, "after", max: Self.triesMax))]
        }
        let complaints = rule("complaints", ["warn", "pause", "after"]) { part in
            let after = Self.count(part, "after", max: Self.triesMax)
            return ["warn", "pause"].map { .some(share: Self.percent(part, $0), after: after) }
        }
        let policy = rule("policy", ["pause", "last"]) { part in
            [.some(share: Self.percent(part, "pause"), after: Self.count(part, "last", max: GuardRules.policyTriesMax))]
        }
        return GuardSettings(
            bounces: bounces[0],
            complaintsWarn: complaints[0],
            complaints: complaints[1],
            policy: policy[0]
        )
    }

    private static func count(_ keys: KeyReader, _ key: String, max: Int) -> Int? {
        keys.has(key) ? keys.integer(key, default: 1, in: 1...max) : nil
    }

    /// `15%` as 0.15.
    private static func percent(_ keys: KeyReader, _ key: String) -> Double? {
        keys.value(key, default: nil, allowed: "a share such as 15% or 0.25%, above 0% and up to 100%") { text in
            guard text.hasSuffix("%"), text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }),
                let value = Double(text.dropLast()), value > 0, value <= 100
            else { return nil }
            return .some(value / 100)
        }
    }
}

extension GuardSettings.Change {
    fileprivate func applied(to share: GuardRules.Share?, _ standard: GuardRules.Share?) -> GuardRules.Share? {
        switch self {
        case .unsaid: return share
        case .off: return nil
        case .some(let part, let after):
            guard var changed = share ?? standard else { return nil }
            if let part { changed.share = part }
            if let after { changed.after = after }
            return changed
        }
    }
}
