import Domain
import Engine
import Testing

@Suite("Variant assignment")
struct VariantAssignmentTests {
    @Test(
        "arms get their weights' shares",
        arguments: [[1, 1], [1, 3], [50, 30, 20], [1, 1, 1, 1, 1], [1_000, 1]]
    )
    func weights(weights: [Int]) {
        let assignment = VariantAssignment(variants: weights.map { (nil, $0) }, campaign: Campaign.ID(7))
        let count = 100_000
        var got = weights.map { _ in 0 }
        for contact in 1...count {
            guard let variant = assignment.variant(for: Contact.ID(Int64(contact)), holds: { _ in false }) else {
                Issue.record("contact \(contact) got no variant")
                return
            }
            got[variant] += 1
        }
        let sum = weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            let due = Double(weight) / Double(sum)
            #expect(abs(Double(got[index]) / Double(count) - due) <= 0.02, "\(got)")
        }
    }

    @Test("a contact keeps its arm, and has another one in another campaign as often as chance has it")
    func stable() {
        let variants: [(when: String?, weight: Int)] = [(nil, 1), (nil, 1)]
        let first = VariantAssignment(variants: variants, campaign: Campaign.ID(1))
        let again = VariantAssignment(variants: variants, campaign: Campaign.ID(1))
        let other = VariantAssignment(variants: variants, campaign: Campaign.ID(2))
        var same = 0
        for number in 1...10_000 {
            let contact = Contact.ID(Int64(number))
            let variant = first.variant(for: contact) { _ in false }
            #expect(variant == again.variant(for: contact) { _ in false })
            if variant == other.variant(for: contact, holds: { _ in false }) { same += 1 }
        }
        #expect((4_700...5_300).contains(same))
    }

    @Test("groups are tried in the order of the file, the one without a condition last, wherever it stands")
    func groups() {
        let assignment = VariantAssignment(
            variants: [(nil, 1), ("a", 1), ("b", 1), ("a", 1), ("", 1)],
            campaign: Campaign.ID(1)
        )
        #expect(assignment.conditions == ["a", "b"])
        #expect(assignment.groups.map(\.variants) == [[1, 3], [2], [0, 4]])
        for number in 1...200 {
            let contact = Contact.ID(Int64(number))
            #expect([1, 3].contains(assignment.variant(for: contact) { _ in true }))
            #expect(assignment.variant(for: contact) { $0 == 1 } == 2)
            #expect([0, 4].contains(assignment.variant(for: contact) { _ in false }))
        }
    }

    @Test("nobody gets an arm whose condition does not hold")
    func none() {
        let assignment = VariantAssignment(variants: [("a", 1), ("b", 5)], campaign: Campaign.ID(1))
        #expect(assignment.variant(for: Contact.ID(1)) { _ in false } == nil)
    }
}
