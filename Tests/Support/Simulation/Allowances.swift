import CoordinatorCore
import Domain

/// What operators allowed by asking for it, as far as it was committed: without it the laws know of no second attempt.
struct Allowances {
    private var retried: [Campaign.ID: Set<Outcome>] = [:]
    /// How often what was in doubt was to be sent again.
    private var resends: [Campaign.ID: Int] = [:]

    mutating func committed(_ command: DrivenLoop.Command) {
        switch command {
        case .retry(let outcome, let campaign): self.retried[campaign, default: []].insert(outcome)
        case .resend(let campaign): self.resends[campaign, default: 0] += 1
        default: break
        }
    }

    /// How many messages more than one a target may get that was in doubt each time.
    func resends(_ campaign: Campaign.ID) -> Int { self.resends[campaign] ?? 0 }

    /// Whether less may be known of a target than was known before.
    ///
    /// - Parameters:
    ///   - campaign: Its campaign.
    ///   - before: How it stood.
    ///   - standing: How it stands.
    /// - Returns: `true` when an operator asked for that.
    func lowers(_ campaign: Campaign.ID, _ before: LedgerBooks.Standing, _ standing: LedgerBooks.Standing) -> Bool {
        guard let outcome = before.outcome else { return false }
        if outcome == .inDoubt { return standing.isDoubted && self.resends(campaign) > 0 }
        return self.retried[campaign]?.contains(outcome) ?? false
    }
}
