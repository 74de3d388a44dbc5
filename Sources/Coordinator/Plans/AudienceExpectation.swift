import Domain
import Engine
import Storage
import UserFiles

/// What becomes of an audience, variant by variant.
///
/// Who gets which variant of a group is drawn by a hash that only a campaign that was handed in has, so what is said of several is the
/// expectation; what is said of a group with one variant is exact.
struct AudienceExpectation: Hashable, Sendable {
    struct Variant: Hashable, Sendable {
        /// Contacts that it falls to.
        var targets = 0
        /// Of those, who lacks a field that it needs.
        var rejected = 0
        /// Of the others, who has had as many messages as they may.
        var capped = 0
    }

    /// In file order.
    let variants: [Variant]

    /// Messages that would be sent, whatever the hours, the budget and the time left.
    var messages: Int { self.variants.reduce(0) { $0 + $1.targets - $1.rejected - $1.capped } }

    init(_ plan: CampaignPlan, _ fold: AudienceFold) {
        var variants = plan.file.variants.map { _ in Variant() }
        for (group, share) in zip(plan.assignment.groups, fold.shares) {
            let weights = group.variants.map { plan.file.variants[$0].weight }
            let targets = AudienceShares.split(share.contacts, weights: weights)
            for (place, variant) in group.variants.enumerated() {
                variants[variant] = Self.expected(targets[place], of: share, share.loss(place))
            }
        }
        self.variants = variants
    }

    /// A part of a group that loses what all of it would, in proportion.
    private static func expected(_ targets: Int, of share: AudienceFold.Share, _ loss: AudienceFold.Loss) -> Variant {
        guard share.contacts > 0 else { return Variant() }
        func part(_ lost: Int) -> Int {
            // Rounded to the nearest; whole groups are exact.
            let (quotient, remainder) = share.contacts.dividingFullWidth(targets.multipliedFullWidth(by: lost))
            return quotient + (2 * remainder >= share.contacts ? 1 : 0)
        }
        let rejected = part(loss.rejected)
        return Variant(targets: targets, rejected: rejected, capped: min(part(loss.capped), targets - rejected))
    }
}

extension CampaignPlan {
    /// The condition of each group of variants, in the order in which they are tried.
    var groupConditions: [Expression] {
        self.assignment.groups.contains { $0.condition == nil } ? self.conditions + [.everyone] : self.conditions
    }

    /// For each group and each of its variants, which of ``fields``, by index, must not be empty.
    var groupNeeds: [[[Int]]] {
        self.assignment.groups.map { group in group.variants.map { self.required[$0].sorted() } }
    }
}
