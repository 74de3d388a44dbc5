package import Domain

/// Which arm of a campaign a contact gets.
///
/// Variants with the same `when` form a group. Groups are tried in the order of the file, the one without `when` last; inside a
/// group a stable hash of campaign and contact chooses by weight, so that a contact keeps its arm on every attempt and restart.
package struct VariantAssignment: Sendable {
    /// Variants that share a condition.
    package struct Group: Hashable, Sendable {
        /// Index into the list of conditions that the caller evaluates; `nil`: everyone.
        package let condition: Int?
        /// Indexes of its variants, in file order.
        package let variants: [Int]
        /// Running sums of the variants' weights.
        let thresholds: [UInt64]
    }

    package let groups: [Group]
    /// The distinct conditions, in file order; results are asked for by index.
    package let conditions: [String]
    private let seed: UInt64

    /// - Parameters:
    ///   - variants: Condition (`nil` or empty: everyone) and weight (at least 1) of each, in file order.
    ///   - campaign: Part of the hash.
    package init(variants: [(when: String?, weight: Int)], campaign: Campaign.ID) {
        var conditions: [String] = []
        var members: [[Int]] = []
        var rest: [Int] = []
        for (index, variant) in variants.enumerated() {
            guard let when = variant.when, !when.isEmpty else {
                rest.append(index)
                continue
            }
            if let known = conditions.firstIndex(of: when) {
                members[known].append(index)
            } else {
                conditions.append(when)
                members.append([index])
            }
        }
        func group(_ condition: Int?, _ indexes: [Int]) -> Group {
            var sum: UInt64 = 0
            let thresholds = indexes.map { index in
                sum += UInt64(max(1, variants[index].weight))
                return sum
            }
            return Group(condition: condition, variants: indexes, thresholds: thresholds)
        }
        self.conditions = conditions
        var groups = members.enumerated().map { group($0.offset, $0.element) }
        if !rest.isEmpty { groups.append(group(nil, rest)) }
        self.groups = groups
        self.seed = SplitMix64.mix(UInt64(bitPattern: campaign.rawValue) &+ SplitMix64.step)
    }

    /// - Parameters:
    ///   - contact: The contact's id.
    ///   - holds: Whether the condition with this index holds for the contact.
    /// - Returns: Index of the variant; `nil` when no group fits.
    package func variant(for contact: Contact.ID, holds: (Int) -> Bool) -> Int? {
        for group in self.groups {
            if let condition = group.condition, !holds(condition) { continue }
            guard let total = group.thresholds.last, group.variants.count > 1 else { return group.variants.first }
            // The high half of the product spreads evenly without the bias of a remainder.
            let hash = SplitMix64.mix(self.seed ^ UInt64(bitPattern: contact.rawValue))
            let point = hash.multipliedFullWidth(by: total).high
            let index = group.thresholds.firstIndex { point < $0 } ?? 0
            return group.variants[index]
        }
        return nil
    }
}
