import Domain

extension GuardRules {
    /// What counts ask for.
    enum Judgement: Hashable {
        case fine
        case warn(Rule)
        case hold(Rule)
    }

    func judge(_ counts: GuardCounts) -> Judgement {
        if let bounces, counts.tries >= bounces.after, bounces.isReached(counts.bounced, of: counts.tries) {
            return .hold(.bounces)
        }
        let accepted = counts.tries - counts.bounced
        if let complaints, accepted >= complaints.after, complaints.isReached(counts.complained, of: accepted) {
            return .hold(.complaints)
        }
        if let complaintsWarn, accepted >= complaintsWarn.after,
            complaintsWarn.isReached(counts.complained, of: accepted)
        {
            return .warn(.complaints)
        }
        return .fine
    }
}

extension GuardRules.Share {
    func isReached(_ part: Int, of whole: Int) -> Bool { part > 0 && Double(part) >= self.share * Double(whole) }
}

/// What came of the messages in one scope.
package struct GuardCounts: Hashable, Sendable {
    /// Accepted or bounced.
    package var tries: Int
    package var bounced: Int
    package var complained: Int

    package init(tries: Int = 0, bounced: Int = 0, complained: Int = 0) {
        self.tries = tries
        self.bounced = bounced
        self.complained = complained
    }
}
