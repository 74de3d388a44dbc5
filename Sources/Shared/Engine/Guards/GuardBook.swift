package import Domain

/// What a guard watches.
package enum GuardScope: Hashable, Sendable, Comparable {
    case campaign(Campaign.ID)
    case relay(String)
    case site(String)
    /// One campaign's queue of one site.
    case lane(Campaign.ID, Int)

    /// As it is stored.
    package var key: String {
        switch self {
        case .campaign(let id): "campaign:\(id.rawValue)"
        case .relay(let name): "relay:\(name)"
        case .site(let name): "site:\(name)"
        case .lane(let id, let lane): "lane:\(id.rawValue):\(lane)"
        }
    }

    /// - Returns: `nil` for what ``key`` does not make.
    package init?(key: String) {
        guard let colon = key.firstIndex(of: ":") else { return nil }
        let rest = key[key.index(after: colon)...]
        switch key[..<colon] {
        case "campaign":
            guard let id = Int64(rest) else { return nil }
            self = .campaign(Campaign.ID(id))
        case "relay": self = .relay(String(rest))
        case "site": self = .site(String(rest))
        case "lane":
            let parts = rest.split(separator: ":")
            guard parts.count == 2, let id = Int64(parts[0]), let lane = Int(parts[1]) else { return nil }
            self = .lane(Campaign.ID(id), lane)
        default: return nil
        }
    }
}

/// Something that a guard has to say.
package struct GuardNews: Hashable, Sendable {
    package let scope: GuardScope
    package let rule: GuardRules.Rule
    /// Sending stops; else it is only said.
    package let holds: Bool
    /// The share in a sentence: `180 of 1,200 tries bounced, 15 %`.
    package let text: String
}

/// The circuit breakers: counts what comes of messages in each campaign, relay, site and lane, and says when it is too bad to go on.
///
///     closed --too much comes back--> held --override--> closed, counting from zero
///
/// Invariants:
/// 1. A scope that is held stays so until somebody overrides it; nothing more is said of it meanwhile.
/// 2. Counts of relays and sites are halved when they are large, so that what is happening now is seen among years of messages.
package struct GuardBook: Sendable {
    private struct Entry: Sendable {
        var counts = GuardCounts()
        var hold: String?
        var hasWarned = false
    }

    private var entries: [GuardScope: Entry] = [:]
    private var runs: [GuardScope: PolicyRun] = [:]
    private var changed: Set<GuardScope> = []

    /// Tries from which on the counts of a relay or site are halved.
    package static let triesMax = 20_000
    /// Scopes remembered, about 100 bytes each: beyond them new sites are not watched by themselves.
    package static let scopesMax = 65_536

    package init() {}

    /// Takes in what is stored.
    package mutating func restore(_ scope: GuardScope, _ counts: GuardCounts, hold: String?) {
        self.entries[scope] = Entry(counts: counts, hold: hold)
    }

    /// Why nothing is sent in a scope; `nil` when it may be.
    package func hold(_ scope: GuardScope) -> String? {
        // Most of the time nothing is held, and nothing is looked up.
        self.entries.isEmpty ? nil : self.entries[scope]?.hold
    }

    /// Notes what came of messages.
    ///
    /// - Parameters:
    ///   - tries: Accepted and bounced ones.
    ///   - bounced: Those that bounced.
    ///   - scopes: Each with the rules that hold in it, widest first.
    /// - Returns: What follows, in the order of `scopes`.
    package mutating func note(
        tries: Int,
        bounced: Int,
        in scopes: [(scope: GuardScope, rules: GuardRules)]
    ) -> [GuardNews] {
        guard tries > 0 else { return [] }
        return self.change(scopes) {
            $0.tries += tries
            $0.bounced += bounced
        }
    }

    /// Notes that a message which was accepted came back after all.
    package mutating func noteReturn(in scopes: [(scope: GuardScope, rules: GuardRules)]) -> [GuardNews] {
        // Counts that were set back may not know of its try any more.
        self.change(scopes) { $0.bounced = min($0.bounced + 1, max($0.tries, 1)) }
    }

    /// Notes a complaint about a message that was accepted.
    package mutating func noteComplaint(in scopes: [(scope: GuardScope, rules: GuardRules)]) -> [GuardNews] {
        self.change(scopes) { $0.complained += 1 }
    }

    private mutating func change(
        _ scopes: [(scope: GuardScope, rules: GuardRules)],
        _ body: (inout GuardCounts) -> Void
    ) -> [GuardNews] {
        var news: [GuardNews] = []
        for (scope, rules) in scopes where self.entries[scope] != nil || self.entries.count < Self.scopesMax {
            body(&self.entries[scope, default: Entry()].counts)
            self.changed.insert(scope)
            if let said = self.judge(scope, rules) { news.append(said) }
            self.halve(scope)
        }
        return news
    }

    private mutating func judge(_ scope: GuardScope, _ rules: GuardRules) -> GuardNews? {
        guard let entry = self.entries[scope], entry.hold == nil else { return nil }
        switch rules.judge(entry.counts) {
        case .fine: return nil
        case .warn(let rule):
            guard !entry.hasWarned else { return nil }
            self.entries[scope]?.hasWarned = true
            return GuardNews(scope: scope, rule: rule, holds: false, text: Self.text(rule, entry.counts))
        case .hold(let rule):
            let text = Self.text(rule, entry.counts)
            self.entries[scope]?.hold = text
            return GuardNews(scope: scope, rule: rule, holds: true, text: text)
        }
    }

    private mutating func halve(_ scope: GuardScope) {
        switch scope {
        case .campaign, .lane: return
        case .relay, .site: break
        }
        guard var counts = self.entries[scope]?.counts, counts.tries >= Self.triesMax else { return }
        counts.tries /= 2
        counts.bounced /= 2
        counts.complained /= 2
        self.entries[scope]?.counts = counts
    }

    /// Notes the tries of a lane in their order.
    ///
    /// - Parameters:
    ///   - policy: Of each, whether it was refused for what we are.
    ///   - scope: The lane.
    ///   - rules: Its campaign's.
    /// - Returns: What follows.
    package mutating func note(policy: [Bool], in scope: GuardScope, rules: GuardRules) -> GuardNews? {
        guard let rule = rules.policy else { return nil }
        // Nothing is kept of lanes in which this never happened.
        if self.runs[scope] == nil {
            guard policy.contains(true), self.runs.count < Self.scopesMax else { return nil }
            self.runs[scope] = PolicyRun(length: rule.after)
        }
        for isPolicy in policy { self.runs[scope]?.add(isPolicy) }
        guard let run = self.runs[scope], rule.isReached(run.count, of: rule.after),
            self.entries[scope]?.hold == nil
        else { return nil }
        let text = "\(run.count) of its last \(rule.after) messages were refused for what we are (5.7.x)"
        self.entries[scope, default: Entry()].hold = text
        self.changed.insert(scope)
        return GuardNews(scope: scope, rule: .policy, holds: true, text: text)
    }

    /// Somebody takes it upon them to go on.
    ///
    /// - Returns: Whether it was held.
    package mutating func override(_ scope: GuardScope) -> Bool {
        let wasHeld = self.entries[scope]?.hold != nil
        self.runs[scope] = nil
        if self.entries.removeValue(forKey: scope) != nil { self.changed.insert(scope) }
        return wasHeld
    }

    /// Forgets a campaign that is over.
    package mutating func forget(_ campaign: Campaign.ID) {
        for scope in self.entries.keys where scope.belongs(to: campaign) {
            self.entries[scope] = nil
            self.changed.insert(scope)
        }
        self.runs = self.runs.filter { !$0.key.belongs(to: campaign) }
    }

    /// What is to be stored since the last call, in order; `nil` counts: nothing any more.
    package mutating func takeChanges() -> [(scope: GuardScope, counts: GuardCounts?, hold: String?)] {
        guard !self.changed.isEmpty else { return [] }
        defer { self.changed.removeAll(keepingCapacity: true) }
        return self.changed.sorted().map { ($0, self.entries[$0]?.counts, self.entries[$0]?.hold) }
    }

    private static func text(_ rule: GuardRules.Rule, _ counts: GuardCounts) -> String {
        switch rule {
        case .bounces, .policy:
            "\(counts.bounced) of \(counts.tries) messages bounced, \(Self.percent(counts.bounced, counts.tries)) %"
        case .complaints:
            "\(counts.complained) of \(counts.tries - counts.bounced) accepted messages were complained of, "
                + "\(Self.percent(counts.complained, counts.tries - counts.bounced)) %"
        }
    }

    /// With two decimals, rounded down.
    private static func percent(_ part: Int, _ whole: Int) -> String {
        let hundredths = part * 10_000 / max(1, whole)
        let decimals = hundredths % 100
        return decimals == 0 ? "\(hundredths / 100)" : "\(hundredths / 100).\(decimals < 10 ? "0" : "")\(decimals)"
    }
}

extension GuardScope {
    fileprivate func belongs(to campaign: Campaign.ID) -> Bool {
        switch self {
        case .campaign(let id), .lane(let id, _): id == campaign
        case .relay, .site: false
        }
    }
}

/// The last tries of a lane, and how many of them were refused for what we are.
private struct PolicyRun: Sendable {
    private var tries: [Bool]
    private var next = 0
    private(set) var count = 0

    /// - Parameter length: Tries that are looked back over; what was before the first refusal was none.
    init(length: Int) { self.tries = Array(repeating: false, count: max(1, length)) }

    mutating func add(_ isPolicy: Bool) {
        if isPolicy { self.count += 1 }
        if self.tries[self.next] { self.count -= 1 }
        self.tries[self.next] = isPolicy
        self.next = (self.next + 1) % self.tries.count
    }
}
