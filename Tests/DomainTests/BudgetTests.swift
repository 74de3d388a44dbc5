import Domain
import Testing

@Suite("Budgets")
struct BudgetTests {
    @Test(
        "a budget pays for whole messages, by the lower of its bounds",
        arguments: [
            (100, nil, 0.5, 100), (nil, 20.0, 0.0001, 200_000), (100, 1.0, 0.3, 3), (nil, 0.3, 0.1, 3),
            (nil, 0.29, 0.1, 2), (5, 1.0, 0, 5), (nil, 1.0, 0, Int.max), (nil, 0, 0.1, 0),
        ] as [(Int?, Double?, Double, Int)]
    )
    func messages(messages: Int?, cost: Double?, price: Double, expected: Int) {
        let budget = Budget(messagesMax: messages, costMax: cost.map { Money($0) })
        #expect(budget.messages(at: Money(price)) == expected)
    }

    @Test("prices add up exactly")
    func sums() {
        #expect(3 * Money(0.1) == Money(0.3))
        #expect(1_000_000 * Money(0.000_001) == Money(1))
        #expect(Int.max * Money(1) == Money(Money.amountMax))
        #expect(Money(-1) == Money(0))
    }
}
