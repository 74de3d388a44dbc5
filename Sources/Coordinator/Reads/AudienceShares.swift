/// How a group's contacts fall to its variants.
enum AudienceShares {
    /// Divides contacts by weight, as the stable hash does on average; the sum is exact.
    ///
    /// - Parameters:
    ///   - contacts: Of the group.
    ///   - weights: Of its variants, each at least 1.
    /// - Returns: One count for each weight; what does not divide goes to the largest remainders, the first of equal ones.
    static func split(_ contacts: Int, weights: [Int]) -> [Int] {
        let total = weights.reduce(0, +)
        guard total > 0 else { return weights.map { _ in 0 } }
        var counts = weights.map { contacts.multipliedFullWidth(by: $0) }.map { total.dividingFullWidth($0).quotient }
        let remainders = weights.map { total.dividingFullWidth(contacts.multipliedFullWidth(by: $0)).remainder }
        let order = weights.indices.sorted { (-remainders[$0], $0) < (-remainders[$1], $1) }
        for index in order.prefix(contacts - counts.reduce(0, +)) { counts[index] += 1 }
        return counts
    }
}
